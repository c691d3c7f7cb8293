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
import io.kelpie.cluster.vdi.InodeView;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * One opening of a VDI; openings of a VDI share its {@link InodeView}. On a node that is the whole
 * cluster the operations work on the {@link Inode} itself. Core loop only.
 */
public final class OpenVolume implements Volume {
    private final String name;
    private final InodeView view;
    private final Gateway gateway;
    private final InFlight inFlight;
    private final boolean alwaysDurable;
    private boolean closed;

    /**
     * Opens.
     *
     * @param name the VDI's name
     * @param view the VDI as this node sees it, retained until {@link #close}
     * @param gateway reaches the objects
     * @param inFlight counts the requests
     * @param alwaysDurable whether every write is synced
     */
    public OpenVolume(
            String name,
            InodeView view,
            Gateway gateway,
            InFlight inFlight,
            boolean alwaysDurable) {
        this.name = name;
        this.view = view;
        this.gateway = gateway;
        this.inFlight = inFlight;
        this.alwaysDurable = alwaysDurable;
        view.retain();
    }

    @Override
    public VdiId vdi() {
        return view.id();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long sizeBytes() {
        return view.sizeBytes();
    }

    @Override
    public long allocatedBytes() {
        return view.ownedObjects() * view.objectBytes();
    }

    @Override
    public long objectBytes() {
        return view.objectBytes();
    }

    @Override
    public boolean isReadOnly() {
        return view.isReadOnly();
    }

    @Override
    public void read(long offset, int length, Completion<VolumeData> completion) {
        Completion<VolumeData> admitted = admit(offset, length, false, completion);
        if (admitted != null) {
            new VolumeRead(view, gateway, admitted).start(offset, length);
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
            new BlockStatusQuery(view, gateway, offset, length, maxRanges, admitted).advance();
        }
    }

    @Override
    public void resize(long newSizeBytes, Completion<Outcome> completion) {
        Completion<Outcome> admitted = admit(0, 0, true, completion);
        if (admitted == null) {
            return;
        }
        Inode inode = view.certain();
        long objectEnd = newSizeBytes - newSizeBytes % view.objectBytes() + view.objectBytes();
        long cut = Math.min(objectEnd, view.sizeBytes()) - newSizeBytes;
        if (inode != null && newSizeBytes > 0 && cut > 0 && inode.canCutTo(newSizeBytes)) {
            // What is cut off inside the last object must read as zeros when the disk grows again.
            // In a cluster the home sees to that when it grows.
            new Zero(newSizeBytes, cut, new Zeroed(newSizeBytes, admitted)).advance();
        } else {
            view.resize(newSizeBytes, admitted);
        }
    }

    @Override
    public void close() {
        Invariant.check(!closed, "a volume is closed once", name);
        closed = true;
        view.release();
    }

    private <T> @Nullable Completion<T> admit(
            long offset, long length, boolean writes, Completion<T> completion) {
        ErrorCode refusal = null;
        if (offset < 0 || length < 0 || offset > view.sizeBytes() - length) {
            refusal = ErrorCode.OUT_OF_RANGE;
        } else if (closed || view.isDeleted()) {
            refusal = ErrorCode.NO_SUCH_VDI;
        } else if (writes && view.isReadOnly()) {
            refusal = ErrorCode.READ_ONLY;
        }
        if (refusal == null) {
            return inFlight.admit(completion);
        }
        completion.failed(refusal);
        return null;
    }

    /** Writes into one extent; ownership of the payload, or null for zeros, passes here. */
    private void start(
            Extent extent, @Nullable Payload bytes, boolean durable, Completion<Outcome> part) {
        Inode inode = view.certain();
        if (inode == null) {
            new SharedWrite(view, gateway, extent, bytes, durable, part).start();
        } else {
            new ExtentWrite(view, inode, gateway, extent, bytes, durable, part).start();
        }
    }

    /** Frees an extent anew if the cluster grew meanwhile. */
    private final class Freed implements Completion<Outcome> {
        private final Extent extent;
        private final Completion<Outcome> part;

        Freed(Extent extent, Completion<Outcome> part) {
            this.extent = extent;
            this.part = part;
        }

        @Override
        public void done(Outcome result) {
            part.done(result);
        }

        @Override
        public void failed(ErrorCode error) {
            if (error == ErrorCode.NO_PRIMARY) {
                new SharedDiscard(view, extent, part).start();
            } else {
                part.failed(error);
            }
        }
    }

    /** A write of bytes; owns the payload. */
    private final class Write extends ExtentOperation {
        private final long start;
        private final Payload payload;
        private final boolean durable;

        Write(long offset, Payload payload, boolean durable, Completion<Outcome> completion) {
            super(view.objectBytes(), offset, payload.length(), completion);
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
            start(extent, slice, durable, part);
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
            view.resize(newSizeBytes, whole);
        }

        @Override
        public void failed(ErrorCode error) {
            whole.failed(error);
        }
    }

    /** A write of zeros: holes stay holes. */
    private final class Zero extends ExtentOperation {
        Zero(long offset, long length, Completion<Outcome> completion) {
            super(view.objectBytes(), offset, length, completion);
        }

        @Override
        void change(Extent extent, long offset, Completion<Outcome> part) {
            Inode inode = view.certain();
            if (inode != null
                    && inode.owner(extent.index()) == 0
                    && !inode.isUnindexed(extent.index())) {
                part.done(Outcome.DONE);
            } else {
                OpenVolume.this.start(extent, null, false, part);
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
            super(view.objectBytes(), offset, length, completion);
        }

        @Override
        void change(Extent extent, long offset, Completion<Outcome> part) {
            Inode inode = view.certain();
            if (inode == null && view.isWhole(extent)) {
                new SharedDiscard(view, extent, part).start();
            } else if (inode != null && inode.owner(extent.index()) == 0) {
                part.done(Outcome.DONE);
            } else if (inode != null && inode.isWhole(extent) && inode.owns(extent.index())) {
                new ExtentDiscard(inode, gateway, extent, new Freed(extent, part)).start();
            } else {
                OpenVolume.this.start(extent, null, false, part);
            }
        }

        @Override
        void release() {
            // Nothing is owned.
        }
    }
}
