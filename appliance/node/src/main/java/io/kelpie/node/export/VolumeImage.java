package io.kelpie.node.export;

import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.vdi.VdiName;
import io.kelpie.cluster.volume.Volume;
import io.kelpie.cluster.volume.VolumeData;
import io.kelpie.fuse.FuseError;
import io.kelpie.fuse.FuseException;
import io.kelpie.fuse.ImageFile;
import io.kelpie.node.runtime.BufferPayload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;

/**
 * An opened VDI as a file. FUSE threads call; each call posts to the core loop and waits. Bytes are
 * copied once between libfuse's memory, which is only borrowed, and a pooled buffer.
 */
final class VolumeImage implements ImageFile {
    /** How old the size may be that reads are checked against; as long as the kernel keeps it. */
    private static final long SIZE_AGE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final byte[] ZEROS = new byte[64 << 10];

    private final Volume volume;
    private final CoreAnswers core;
    private final ByteBufAllocator allocator;
    private final Runnable onChange;
    /** Last size seen and when; threads may overwrite each other's, both are fresh then. */
    private volatile SeenSize size;

    /**
     * @param volume closed by {@link #close}
     * @param sizeBytes its size just now
     * @param core road to the core
     * @param allocator memory for what is written
     * @param onChange told after each change of the content
     */
    VolumeImage(
            Volume volume,
            long sizeBytes,
            CoreAnswers core,
            ByteBufAllocator allocator,
            Runnable onChange) {
        this.volume = volume;
        this.core = core;
        this.allocator = allocator;
        this.onChange = onChange;
        this.size = new SeenSize(sizeBytes, System.nanoTime());
    }

    @Override
    public void read(long offset, ByteBuffer destination) {
        int length = destination.remaining();
        VolumeData data = core.await(
                text("read", offset, length),
                completion -> volume.read(offset, length, completion),
                VolumeData::release);
        try {
            for (VolumeData.Piece piece : data.pieces()) {
                copy(piece, destination);
            }
        } finally {
            data.release();
        }
    }

    @Override
    public void write(long offset, ByteBuffer source) {
        int length = source.remaining();
        ByteBuf copy = allocator.directBuffer(length, length);
        copy.writeBytes(source);
        Payload payload = BufferPayload.owning(copy);
        // The volume owns the payload once the core has it; a loop that has ended never takes it.
        boolean[] taken = new boolean[1];
        try {
            core.<Outcome>await(text("write", offset, length), completion -> {
                taken[0] = true;
                volume.write(offset, payload, false, completion);
            });
        } catch (FuseException e) {
            releaseUnlessTaken(e, taken, payload);
            throw e;
        }
        onChange.run();
    }

    @Override
    public void sync() {
        core.<Outcome>await("flush of " + name(), volume::flush);
    }

    @Override
    public void truncate(long sizeBytes) {
        long now = freshSize();
        if (sizeBytes == now) {
            return;
        }
        String what = "resize of " + name() + " from " + now + " to " + sizeBytes + " bytes";
        try {
            core.<Outcome>await(what, completion -> volume.resize(sizeBytes, completion));
        } catch (FuseException e) {
            // The core gives back a tail that was grown ahead; a disk does not lose data this way.
            if (sizeBytes < now && e.error() == FuseError.EINVAL) {
                throw new FuseException(FuseError.EPERM, what + " would cut off data", e);
            }
            throw e;
        }
        freshSize();
        onChange.run();
    }

    @Override
    public void punchHole(long offset, long length) {
        core.<Outcome>await(
                text("discard", offset, length),
                completion -> volume.discard(offset, length, completion));
        onChange.run();
    }

    @Override
    public void writeZeroes(long offset, long length) {
        core.<Outcome>await(
                text("write zeroes", offset, length),
                completion -> volume.writeZeroes(offset, length, false, completion));
        onChange.run();
    }

    @Override
    public long sizeBytes() {
        SeenSize seen = size;
        return System.nanoTime() - seen.atNanos < SIZE_AGE_NANOS ? seen.sizeBytes : freshSize();
    }

    @Override
    public void close() {
        core.ask("close of " + name(), () -> {
            volume.close();
            return Outcome.DONE;
        });
    }

    private long freshSize() {
        long now = core.ask("size of " + name(), volume::sizeBytes);
        size = new SeenSize(now, System.nanoTime());
        return now;
    }

    private void copy(VolumeData.Piece piece, ByteBuffer destination) {
        Payload payload = piece.payload();
        if (payload != null) {
            destination.put(payload.view());
            return;
        }
        for (int left = piece.length(); left > 0; left -= Math.min(left, ZEROS.length)) {
            destination.put(ZEROS, 0, Math.min(left, ZEROS.length));
        }
    }

    private static void releaseUnlessTaken(FuseException why, boolean[] taken, Payload payload) {
        // Only the ended loop fails without having run the call; after a timeout the core may
        // still be about to take the payload, which then owns it.
        if (why.error() != FuseError.ETIMEDOUT && !taken[0]) {
            payload.release();
        }
    }

    private String text(String what, long offset, long length) {
        return what + " of " + length + " bytes at " + offset + " of VDI " + name();
    }

    private String name() {
        return VdiName.toText(volume.name());
    }

    private record SeenSize(long sizeBytes, long atNanos) {}
}
