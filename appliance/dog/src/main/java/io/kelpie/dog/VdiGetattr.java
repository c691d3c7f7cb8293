package io.kelpie.dog;

import io.kelpie.wire.sheep.SheepName;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepProtocol;
import io.kelpie.wire.sheep.SheepResult;
import io.kelpie.wire.sheep.VdiAnswer;

import java.io.IOException;

/** {@code dog vdi getattr}: prints the value of an attribute, without a newline. */
final class VdiGetattr implements DogCommand {
    @Override
    public int minOperands() {
        return 1;
    }

    @Override
    public int run(Invocation invocation) throws NoAnswerException {
        Options options = invocation.options();
        Console console = invocation.console();
        String key = options.operand(1);
        if (key == null) {
            console.error("Please specify the attribute key");
            return ExitStatus.USAGE;
        }
        SheepName keyName = Options.bytes(key);
        Reply found;
        try {
            found = invocation
                    .sheep()
                    .tell(
                            SheepOpcode.GET_VDI_ATTR,
                            0,
                            OpenedVdi.selector(0),
                            Attribute.encode(options.name(), keyName, new byte[0]));
        } catch (NoAnswerException e) {
            console.error("Failed to find attribute oid: " + SheepResult.EIO.text());
            return ExitStatus.MISSING;
        }
        if (!found.isSuccess()) {
            console.error(reason(found, key));
            return ExitStatus.MISSING;
        }
        return print(invocation, VdiAnswer.decode(found.header().words()));
    }

    private static String reason(Reply reply, String key) {
        if (reply.is(SheepResult.NO_OBJ)) {
            return "Attribute '" + key + "' not found";
        }
        return reply.is(SheepResult.NO_VDI)
                ? "VDI not found"
                : "Failed to find attribute oid: " + reply.text();
    }

    private static int print(Invocation invocation, VdiAnswer answer) throws NoAnswerException {
        Console console = invocation.console();
        long oid = Attribute.oid(answer.vdiId(), answer.attributeId());
        Reply reply = invocation.sheep().read(oid, 0, SheepProtocol.ATTRIBUTE_BYTES);
        if (!reply.isSuccess() || reply.payload().length != SheepProtocol.ATTRIBUTE_BYTES) {
            console.error("Failed to read attribute oid: " + reply.text());
            return ExitStatus.SYSTEM_FAILURE;
        }
        byte[] value = Attribute.value(reply.payload());
        try {
            console.write(value, 0, value.length);
        } catch (IOException e) {
            return ExitStatus.SYSTEM_FAILURE; // Nobody reads standard output.
        }
        return ExitStatus.SUCCESS;
    }
}
