package io.kelpie.dog;

import io.kelpie.wire.sheep.ClusterInfoRecord;
import io.kelpie.wire.sheep.SheepName;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepProtocol;
import io.kelpie.wire.sheep.SheepResult;
import io.kelpie.wire.sheep.VdiAnswer;
import io.kelpie.wire.sheep.VdiArguments;

import java.nio.ByteBuffer;

/** {@code dog vdi create}: a new, empty VDI. */
final class VdiCreate implements DogCommand {
    private static final long HYPER_MAX_BYTES = 16L << 50;

    @Override
    public boolean needsNodes() {
        return true;
    }

    @Override
    public int minOperands() {
        return 1;
    }

    @Override
    public int run(Invocation invocation) throws NoAnswerException {
        Options options = invocation.options();
        Console console = invocation.console();
        if (options.operand(1) == null) {
            console.error("Please specify the VDI size");
            return ExitStatus.USAGE;
        }
        if (options.name().isEmpty()) {
            console.error("The VDI name must not be empty");
            return ExitStatus.USAGE;
        }
        long size = SizeOperands.read(invocation, 1, 0);
        if (options.has('y') && options.has('z')) {
            console.error("Don't specify both -y and -z options, please");
            return ExitStatus.FAILURE;
        }
        int shift = options.has('y') ? SheepProtocol.DEFAULT_BLOCK_SIZE_SHIFT : shift(invocation);
        if (!sizeFits(invocation, size, shift)) {
            return ExitStatus.USAGE;
        }
        return create(invocation, size, shift);
    }

    /** Returns the shift asked for, or the cluster's default. */
    private static int shift(Invocation invocation) throws NoAnswerException {
        if (invocation.options().has('z')) {
            return invocation.options().blockSizeShift();
        }
        Reply reply = invocation.sheep().ask(SheepOpcode.CLUSTER_INFO, ClusterInfoRecord.BYTES);
        if (!reply.isSuccess()) {
            throw refused(invocation, reply.text());
        }
        ClusterInfoRecord cluster = ClusterInfoRecord.decode(reply.data());
        if (cluster.creationTime() == 0) {
            throw refused(invocation, SheepResult.WAIT_FOR_FORMAT.text());
        }
        return cluster.blockSizeShift();
    }

    private static boolean sizeFits(Invocation invocation, long size, int shift) {
        if (invocation.options().has('y')) {
            if (size > HYPER_MAX_BYTES) {
                invocation.console().error("VDI size is too large");
            }
            return size <= HYPER_MAX_BYTES;
        }
        long max = (long) InodeHeader.MAX_OBJECTS << shift;
        if (size > max) {
            invocation
                    .console()
                    .error("VDI size is larger than " + Sizes.print(max, false)
                            + " bytes, please use '-y' to create a hyper volume with size up to 16 PB bytes or use"
                            + " '-z' to create larger object size volume");
        }
        return size <= max;
    }

    private static int create(Invocation invocation, long size, int shift)
            throws NoAnswerException {
        Options options = invocation.options();
        Redundancy redundancy = options.redundancy();
        VdiArguments arguments = new VdiArguments(
                size,
                0,
                redundancy.copies(),
                redundancy.policy(),
                options.has('y') ? 1 : 0,
                options.has('y') ? shift : options.blockSizeShift(),
                0,
                0);
        Reply reply = invocation
                .sheep()
                .tell(SheepOpcode.NEW_VDI, 0, arguments.encode(), namePayload(options));
        if (!reply.isSuccess()) {
            throw refused(invocation, reply.text());
        }
        VdiAnswer created = VdiAnswer.decode(reply.header().words());
        if (options.has('P')) {
            long objects = (size >>> shift) + ((size & ((1L << shift) - 1)) == 0 ? 0 : 1);
            new Preallocation(invocation, created, shift).run((int) objects);
        }
        if (options.has('v')) {
            String id = Integer.toHexString(created.vdiId());
            invocation
                    .console()
                    .println(options.isRaw() ? id : "VDI ID of newly created VDI: " + id);
        }
        return ExitStatus.SUCCESS;
    }

    private static byte[] namePayload(Options options) {
        byte[] payload = new byte[SheepProtocol.NAME_BYTES];
        SheepName name = options.name();
        name.encode(ByteBuffer.wrap(payload), payload.length);
        return payload;
    }

    private static DogExit refused(Invocation invocation, String reason) {
        invocation
                .console()
                .error("Failed to create VDI "
                        + Options.text(invocation.options().name()) + ": " + reason);
        return DogExit.returning(ExitStatus.FAILURE);
    }
}
