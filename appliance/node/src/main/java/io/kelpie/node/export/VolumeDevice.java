package io.kelpie.node.export;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.vdi.VdiName;
import io.kelpie.cluster.volume.BlockRange;
import io.kelpie.cluster.volume.Volume;
import io.kelpie.cluster.volume.VolumeData;
import io.kelpie.nbd.BlockDevice;
import io.kelpie.nbd.BlockStatusSink;
import io.kelpie.nbd.DeviceLimits;
import io.kelpie.nbd.NbdError;
import io.kelpie.nbd.ReadPiece;
import io.kelpie.nbd.Reply;
import io.kelpie.nbd.ZeroFlags;
import io.kelpie.node.runtime.BufferPayload;
import io.kelpie.node.runtime.CoreLoop;
import io.netty.buffer.ByteBuf;

import java.util.ArrayList;
import java.util.List;

/**
 * A volume as an NBD device. Calls come from an io thread and are posted to the core loop; replies
 * are given on the core loop. Buffers pass through without a copy.
 */
final class VolumeDevice implements BlockDevice {
    private static final int PREFERRED_BLOCK_BYTES = 4096;
    private static final int MAX_REQUEST_BYTES = 32 << 20;
    /** Extents asked for at once; the server stops the client's hunger at fewer. */
    private static final int MAX_EXTENTS = 1024;

    private final Volume volume;
    private final CoreLoop loop;
    private final long sizeBytes;
    private final DeviceLimits limits;

    /**
     * @param volume closed by {@link #close}
     * @param loop the volume's
     */
    VolumeDevice(Volume volume, CoreLoop loop) {
        this.volume = volume;
        this.loop = loop;
        this.sizeBytes = volume.sizeBytes();
        this.limits = DeviceLimits.writable()
                .withReadOnly(volume.isReadOnly())
                .withCache(true)
                .withFastZero(true)
                .withBlockSizes(1, PREFERRED_BLOCK_BYTES, MAX_REQUEST_BYTES);
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public DeviceLimits limits() {
        return limits;
    }

    @Override
    public void read(long offset, int length, Reply reply) {
        post(
                reply,
                () -> volume.read(offset, length, new Completion<VolumeData>() {
                    @Override
                    public void done(VolumeData data) {
                        reply.pieces(piecesOf(data));
                    }

                    @Override
                    public void failed(ErrorCode error) {
                        refuse(reply, error, false, "read", offset, length);
                    }
                }));
    }

    @Override
    public void write(long offset, ByteBuf data, boolean fua, Reply reply) {
        int length = data.readableBytes();
        Payload payload = BufferPayload.owning(data);
        boolean posted = loop.post(
                () -> volume.write(offset, payload, fua, changing(reply, "write", offset, length)));
        if (!posted) {
            payload.release();
            refuse(reply, ErrorCode.SHUTTING_DOWN, true, "write", offset, length);
        }
    }

    @Override
    public void flush(Reply reply) {
        post(reply, () -> volume.flush(changing(reply, "flush", 0, 0)));
    }

    @Override
    public void trim(long offset, long length, boolean fua, Reply reply) {
        Completion<Outcome> end = changing(reply, "trim", offset, length);
        post(reply, () -> volume.discard(offset, length, fua ? thenFlush(end) : end));
    }

    /** Reads the range and drops what was read: the store keeps it in its cache. */
    @Override
    public void cache(long offset, long length, Reply reply) {
        post(reply, () -> new CacheRange(volume, offset, length, reply).next());
    }

    /**
     * Zeros are always fast: pages are dropped, not written. A wish to keep their room changes
     * nothing: the store never writes in place, so no range has room of its own.
     */
    @Override
    public void writeZeroes(long offset, long length, ZeroFlags flags, Reply reply) {
        post(
                reply,
                () -> volume.writeZeroes(
                        offset,
                        length,
                        flags.fua(),
                        changing(reply, "write zeroes", offset, length)));
    }

    @Override
    public void blockStatus(long offset, long length, BlockStatusSink sink) {
        Runnable ask = () ->
                volume.blockStatus(offset, length, MAX_EXTENTS, new Completion<List<BlockRange>>() {
                    @Override
                    public void done(List<BlockRange> ranges) {
                        for (BlockRange range : ranges) {
                            if (sink.isFull()) {
                                break;
                            }
                            sink.extent(range.length(), range.hole(), range.hole());
                        }
                        sink.done();
                    }

                    @Override
                    public void failed(ErrorCode error) {
                        sink.failed(
                                NbdErrors.of(error, false),
                                text(error, "block status", offset, length));
                    }
                });
        if (!loop.post(ask)) {
            sink.failed(NbdError.ESHUTDOWN, "the node is stopping");
        }
    }

    @Override
    public void close(Reply reply) {
        boolean posted = loop.post(() -> {
            volume.close();
            reply.done();
        });
        if (!posted) {
            // The volume ended with the loop.
            reply.done();
        }
    }

    private Completion<Outcome> thenFlush(Completion<Outcome> end) {
        return new Completion<>() {
            @Override
            public void done(Outcome result) {
                volume.flush(end);
            }

            @Override
            public void failed(ErrorCode error) {
                end.failed(error);
            }
        };
    }

    private Completion<Outcome> changing(Reply reply, String what, long offset, long length) {
        return new Completion<>() {
            @Override
            public void done(Outcome result) {
                reply.done();
            }

            @Override
            public void failed(ErrorCode error) {
                refuse(reply, error, true, what, offset, length);
            }
        };
    }

    private void post(Reply reply, Runnable task) {
        if (!loop.post(task)) {
            reply.failed(NbdError.ESHUTDOWN, "the node is stopping");
        }
    }

    private void refuse(
            Reply reply, ErrorCode error, boolean writes, String what, long offset, long length) {
        reply.failed(NbdErrors.of(error, writes), text(error, what, offset, length));
    }

    private String text(ErrorCode error, String what, long offset, long length) {
        return what + " of " + length + " bytes at " + offset + " of VDI " + name() + " failed: "
                + error;
    }

    private String name() {
        return VdiName.toText(volume.name());
    }

    /** The volume's holes stay holes; the payloads' references pass to the pieces. */
    private static List<ReadPiece> piecesOf(VolumeData data) {
        List<ReadPiece> pieces = new ArrayList<>(data.pieces().size());
        for (VolumeData.Piece piece : data.pieces()) {
            Payload payload = piece.payload();
            pieces.add(
                    payload == null
                            ? ReadPiece.hole(piece.length())
                            : ReadPiece.data(BufferPayload.toBuffer(payload)));
        }
        return pieces;
    }
}
