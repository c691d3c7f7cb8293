package io.kelpie.dog;

import io.kelpie.wire.sheep.HeaderWords;
import io.kelpie.wire.sheep.NamePayload;
import io.kelpie.wire.sheep.SheepName;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepResult;
import io.kelpie.wire.sheep.VdiAnswer;
import io.kelpie.wire.sheep.VdiArguments;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;

/**
 * A VDI that a command looked up by name.
 *
 * @param vdiId its id
 * @param header its inode's header when it was looked up
 */
record OpenedVdi(int vdiId, InodeHeader header) {
    /**
     * Looks up the VDI of the command line; says why and ends the command with 1 if there is none.
     */
    static OpenedVdi open(Invocation invocation) {
        Options options = invocation.options();
        Sheep sheep = invocation.sheep();
        String reason;
        try {
            Reply found = sheep.tell(
                    SheepOpcode.GET_VDI_INFO,
                    0,
                    selector(options.snapshotId()),
                    namePayload(options.name(), options.snapshotTag()));
            reason = found.text();
            if (found.isSuccess()) {
                int vdiId = VdiAnswer.decode(found.header().words()).vdiId();
                Reply inode = sheep.read(InodeHeader.inodeOid(vdiId), 0, InodeHeader.READ_BYTES);
                reason = inode.text();
                if (inode.isSuccess() && inode.payload().length == InodeHeader.READ_BYTES) {
                    return new OpenedVdi(vdiId, InodeHeader.parse(inode.payload()));
                }
            }
        } catch (NoAnswerException e) {
            reason = SheepResult.EIO.text();
        }
        invocation
                .console()
                .error("Failed to open VDI " + Options.text(options.name()) + " (snapshot id: "
                        + options.snapshotId() + " snapshot tag: "
                        + Options.text(options.snapshotTag()) + "): " + reason);
        throw DogExit.returning(ExitStatus.FAILURE);
    }

    /**
     * Returns the header words that select a snapshot by id; id 0 selects by name and tag alone.
     */
    static HeaderWords selector(int snapshotId) {
        return new VdiArguments(0, 0, 0, 0, 0, 0, snapshotId, 0).encode();
    }

    /** Returns a name and a tag as the lookups want them. */
    static byte[] namePayload(SheepName name, SheepName tag) {
        byte[] payload = new byte[NamePayload.NAME_AND_TAG_BYTES];
        new NamePayload(name, tag).encode(ByteBuffer.wrap(payload));
        return payload;
    }

    /**
     * Reads a part of the data index; says why and ends the command with 1 if it cannot.
     *
     * @param first first object, from 0
     * @param count how many, at most 2^20
     * @return the owner of each object, 0 for a hole
     */
    int[] index(Invocation invocation, int first, int count) throws NoAnswerException {
        if (header.isHyper()) {
            invocation
                    .console()
                    .error("dog: hyper volumes are not available in this version of Kelpie");
            throw DogExit.returning(ExitStatus.FAILURE);
        }
        long oid = InodeHeader.inodeOid(vdiId);
        int length = count * Integer.BYTES;
        Reply reply = invocation.sheep().read(oid, indexOffset(first), length);
        if (!reply.isSuccess() || reply.payload().length != length) {
            invocation
                    .console()
                    .error("Failed to read object " + Long.toHexString(oid) + " " + reply.text());
            throw DogExit.returning(ExitStatus.FAILURE);
        }
        int[] owners = new int[count];
        IntBuffer entries = reply.data().order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
        entries.get(owners);
        return owners;
    }

    /** Returns where in the inode the entry of an object lies. */
    static long indexOffset(long index) {
        return InodeHeader.INDEX_OFFSET + index * Integer.BYTES;
    }
}
