package io.kelpie.dog;

import io.kelpie.wire.sheep.SheepFlags;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepResult;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** {@code dog vdi setattr}: sets or deletes an attribute. */
final class VdiSetattr implements DogCommand {
    @Override
    public int minOperands() {
        return 1;
    }

    @Override
    public int run(Invocation invocation) {
        Options options = invocation.options();
        Console console = invocation.console();
        String key = options.operand(1);
        if (key == null) {
            console.error("Please specify the attribute key");
            return ExitStatus.USAGE;
        }
        boolean deletes = options.has('d');
        byte[] value = deletes ? new byte[0] : value(invocation);
        int flags = deletes ? SheepFlags.DELETE : SheepFlags.CREATE;
        flags |= options.has('x') ? SheepFlags.EXCLUSIVE : 0;
        Reply reply;
        try {
            reply = invocation
                    .sheep()
                    .tell(
                            SheepOpcode.GET_VDI_ATTR,
                            flags,
                            OpenedVdi.selector(0),
                            Attribute.encode(options.name(), Options.bytes(key), value));
        } catch (NoAnswerException e) {
            console.error("Failed to set attribute: " + SheepResult.EIO.text());
            return ExitStatus.FAILURE;
        }
        return report(console, reply, key);
    }

    private static int report(Console console, Reply reply, String key) {
        if (reply.isSuccess()) {
            return ExitStatus.SUCCESS;
        }
        if (reply.is(SheepResult.VDI_EXIST)) {
            console.error("The attribute '" + key + "' already exists");
            return ExitStatus.EXISTS;
        }
        if (reply.is(SheepResult.NO_OBJ)) {
            console.error("Attribute '" + key + "' not found");
            return ExitStatus.MISSING;
        }
        if (reply.is(SheepResult.NO_VDI)) {
            console.error("VDI not found");
            return ExitStatus.MISSING;
        }
        console.error("Failed to set attribute: " + reply.text());
        return ExitStatus.FAILURE;
    }

    /**
     * Returns the operand or, without one, standard input up to its end; a NUL byte ends either.
     */
    private static byte[] value(Invocation invocation) {
        String operand = invocation.options().operand(2);
        byte[] value;
        try {
            value = operand == null
                    ? invocation.console().in().readNBytes(Attribute.MAX_VALUE_BYTES)
                    : operand.getBytes(StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            invocation
                    .console()
                    .error("Failed to read attribute value from stdin: " + e.getMessage());
            throw DogExit.returning(ExitStatus.SYSTEM_FAILURE);
        }
        int length = 0;
        while (length < Math.min(value.length, Attribute.MAX_VALUE_BYTES) && value[length] != 0) {
            length++;
        }
        return Arrays.copyOf(value, length);
    }
}
