package io.kelpie.cluster.volume;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.gateway.InFlight;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Extent;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.vdi.Inode;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** One opening of a VDI; openings of a VDI share its {@link Inode}. Core loop only. */
public final class OpenVolume implements Volume {
    private final String name;
    private final Inode inode;
    private final Gateway gateway;
    private final InFlight inFlight;
    private final boolean alwaysDurable;
    private boolean closed;

    /**
     * Opens.
     *
     * @param name the VDI's name
     * @param inode its inode, retained until {@link #close}
     * @param gateway reaches the objects
     * @param inFlight counts the requests
     * @param alwaysDurable whether every write is synced
     */
    public OpenVolume(
            String name, Inode inode, Gateway gateway, InFlight inFlight, boolean alwaysDurable) {
        this.name = name;
        this.inode = inode;
        this.gateway = gateway;
        this.inFlight = inFlight;
        this.alwaysDurable = alwaysDurable;
        inode.retain();
    }

    @Override
    public VdiId vdi() {
        return inode.id();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long sizeBytes() {
        return inode.sizeBytes();
    }

    @Override
    public long allocatedBytes() {
        return inode.ownedObjects() * inode.objectBytes();
    }

    @Override
    public long objectBytes() {
        return inode.objectBytes();
    }

    @Override
    public boolean isReadOnly() {
        return inode.isReadOnly();
    }

    @Override
    public void read(long offset, int length, Completion<VolumeData> completion) {
        Completion<VolumeData> admitted = admit(offset, length, false, completion);
        if (admitted != null) {
            new VolumeRead(inode, gateway, admitted).start(offset, length);
        }
    }

    @Override
    public void write(
            long offset, Payload payload, boolean durable, Completion<Outcome> completion) {
        Completion<Outcome> admitted = admit(offset, payload.length(), true, completion);
        if (admitted == null) {
            payload.release();
        } else {
            new Write(offset, payload, durable || alwaysDurable, admitted).advance();
        }
    }

    @Override
    public void writeZeroes(
            long offset, long length, boolean durable, Completion<Outcome> completion) {
        Completion<Outcome> admitted = admit(offset, length, true, completion);
        if (admitted != null) {
            boolean synced = durable || alwaysDurable;
            new Zero(offset, length, synced ? new Synced(admitted) : admitted).advance();
        }
    }

    @Override
    public void discard(long offset, long length, Completion<Outcome> completion) {
        Completion<Outcome> admitted = admit(offset, length, true, completion);
        if (admitted != null) {
            new Discard(offset, length, admitted).advance();
        }
    }

    @Override
    public void flush(Completion<Outcome> completion) {
        Completion<Outcome> admitted = inFlight.admit(completion);
        if (admitted != null) {
            gateway.flush(admitted);
        }
    }

    @Override
    public void blockStatus(
            long offset, long length, int maxRanges, Completion<List<BlockRange>> completion) {
        Completion<List<BlockRange>> admitted = admit(offset, length, false, completion);
        if (admitted != null) {
            new BlockStatusQuery(inode, gateway, offset, length, maxRanges, admitted).advance();
        }
    }

    @Override
    public void resize(long newSizeBytes, Completion<Outcome> completion) {
        Completion<Outcome> admitted = admit(0, 0, true, completion);
        if (admitted == null) {
            return;
        }
        long objectEnd = newSizeBytes - newSizeBytes % inode.objectBytes() + inode.objectBytes();
        long cut = Math.min(objectEnd, inode.sizeBytes()) - newSizeBytes;
        if (newSizeBytes > 0 && cut > 0 && inode.canCutTo(newSizeBytes)) {
            // What is cut off inside the last object must read as zeros when the disk grows again.
            new Zero(newSizeBytes, cut, new Zeroed(newSizeBytes, admitted)).advance();
        } else {
            inode.resize(newSizeBytes, admitted);
        }
    }

    @Override
    public void close() {
        Invariant.check(!closed, "a volume is closed once", name);
        closed = true;
        inode.release();
    }

    private <T> @Nullable Completion<T> admit(
            long offset, long length, boolean writes, Completion<T> completion) {
        ErrorCode refusal = null;
        if (offset < 0 || length < 0 || offset > inode.sizeBytes() - length) {
            refusal = ErrorCode.OUT_OF_RANGE;
        } else if (closed || inode.isDeleted()) {
            refusal = ErrorCode.NO_SUCH_VDI;
        } else if (writes && inode.isReadOnly()) {
            refusal = ErrorCode.READ_ONLY;
        }
        if (refusal == null) {
            return inFlight.admit(completion);
        }
        completion.failed(refusal);
        return null;
    }

    /** A write of bytes; owns the payload. */
    private final class Write extends ExtentOperation {
        private final long start;
        private final Payload payload;
        private final boolean durable;

        Write(long offset, Payload payload, boolean durable, Completion<Outcome> completion) {
            super(inode.objectBytes(), offset, payload.length(), completion);
            this.start = offset;
            this.payload = payload;
            this.durable = durable;
        }

        @Override
        void change(Extent extent, long offset, Completion<Outcome> part) {
            int length = (int) extent.length();
            boolean whole = length == payload.length();
            Payload slice =
                    whole ? payload.retain() : payload.slice((int) (offset - start), length);
            new ExtentWrite(inode, gateway, extent, slice, durable, part).start();
        }

        @Override
        void release() {
            payload.release();
        }
    }

    /**
     * Ends after one sync of everything: a hole that needs no write may come from a discard that no
     * sync has covered yet, and then a power loss would bring the old bytes back.
     */
    private final class Synced implements Completion<Outcome> {
        private final Completion<Outcome> whole;

        Synced(Completion<Outcome> whole) {
            this.whole = whole;
        }

        @Override
        public void done(Outcome result) {
            gateway.flush(whole);
        }

        @Override
        public void failed(ErrorCode error) {
            whole.failed(error);
        }
    }

    /** Resizes once the part to be cut off reads as zeros. */
    private final class Zeroed implements Completion<Outcome> {
        private final long newSizeBytes;
        private final Completion<Outcome> whole;

        Zeroed(long newSizeBytes, Completion<Outcome> whole) {
            this.newSizeBytes = newSizeBytes;
            this.whole = whole;
        }

        @Override
        public void done(Outcome result) {
            inode.resize(newSizeBytes, whole);
        }

        @Override
        public void failed(ErrorCode error) {
            whole.failed(error);
        }
    }

    /** A write of zeros: holes stay holes. */
    private final class Zero extends ExtentOperation {
        Zero(long offset, long length, Completion<Outcome> completion) {
            super(inode.objectBytes(), offset, length, completion);
        }

        @Override
        void change(Extent extent, long offset, Completion<Outcome> part) {
            if (inode.owner(extent.index()) == 0 && !inode.isUnindexed(extent.index())) {
                part.done(Outcome.DONE);
            } else {
                new ExtentWrite(inode, gateway, extent, null, false, part).start();
            }
        }

        @Override
        void release() {
            // Nothing is owned.
        }
    }

    /** A discard: whole extents leave the index, parts are zeroed. */
    private final class Discard extends ExtentOperation {
        Discard(long offset, long length, Completion<Outcome> completion) {
            super(inode.objectBytes(), offset, length, completion);
        }

        @Override
        void change(Extent extent, long offset, Completion<Outcome> part) {
            if (inode.owner(extent.index()) == 0) {
                part.done(Outcome.DONE);
            } else if (inode.isWhole(extent) && inode.owns(extent.index())) {
                new ExtentDiscard(inode, gateway, extent, part).start();
            } else {
                new ExtentWrite(inode, gateway, extent, null, false, part).start();
            }
        }

        @Override
        void release() {
            // Nothing is owned.
        }
    }
}
