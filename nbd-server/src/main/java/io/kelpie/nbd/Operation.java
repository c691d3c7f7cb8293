// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.kelpie.nbd.wire.NbdConstants;
import io.kelpie.nbd.wire.RequestHeader;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * One request from its header to the moment its reply has left: the {@link Reply} the device
 * answers, the result it carries to the I/O thread, and the listener for the socket's write.
 *
 * <p>{@link #done}, {@link #data}, {@link #pieces}, {@link #described} and {@link #failed} come
 * from any thread, once; everything else runs on the connection's I/O thread, after them. The
 * hand-over through the transmission's queue makes the result visible there.
 */
final class Operation implements Reply, ChannelFutureListener {

    private final Transmission transmission;
    private final RequestHeader request;
    private final long reservedBytes;
    private final AtomicBoolean ended = new AtomicBoolean();
    private List<ReadPiece> pieces = List.of();
    private @Nullable ExtentList extents;
    private @Nullable NbdError error;
    private String why = "";

    /** Creates an operation that has been admitted with so many bytes of the budgets. */
    Operation(Transmission transmission, RequestHeader request, long reservedBytes) {
        this.transmission = transmission;
        this.request = request;
        this.reservedBytes = reservedBytes;
    }

    /** Gives back every buffer of a list of pieces. */
    static void release(List<ReadPiece> pieces) {
        for (var piece : pieces) {
            if (piece.data() != null) {
                piece.data().release();
            }
        }
    }

    @Override
    public void done() {
        requireFirst();
        if (hasContent()) {
            error = NbdError.EIO;
            why = "the device ended a request for data without data";
        }
        transmission.onEnded(this);
    }

    @Override
    public void data(ByteBuf bytes) {
        if (!ended.compareAndSet(false, true)) {
            bytes.release();
            throw answeredTwice();
        }
        if (isRead() && bytes.readableBytes() == request.length()) {
            pieces = List.of(ReadPiece.data(bytes));
        } else {
            error = NbdError.EIO;
            why = "the device answered with " + bytes.readableBytes() + " bytes of data";
            bytes.release();
        }
        transmission.onEnded(this);
    }

    @Override
    public void pieces(List<ReadPiece> read) {
        if (!ended.compareAndSet(false, true)) {
            release(read);
            throw answeredTwice();
        }
        var lengthBytes = 0L;
        for (var piece : read) {
            lengthBytes += piece.lengthBytes();
        }
        if (isRead() && lengthBytes == request.length()) {
            pieces = List.copyOf(read);
        } else {
            error = NbdError.EIO;
            why = "the device answered with pieces of " + lengthBytes + " bytes";
            release(read);
        }
        transmission.onEnded(this);
    }

    /** The sink of this operation has been ended well by the device. */
    void described(ExtentList list) {
        requireFirst();
        if (list.count() > 0) {
            extents = list;
        } else {
            error = NbdError.EIO;
            why = "the device described no extent";
        }
        transmission.onEnded(this);
    }

    @Override
    public void failed(NbdError number, String reason) {
        requireFirst();
        error = number;
        why = reason;
        transmission.onEnded(this);
    }

    /** Ends the operation if the device has not; for a device that threw. */
    void failIfOpen(NbdError number, String reason) {
        if (ended.compareAndSet(false, true)) {
            error = number;
            why = reason;
            transmission.onEnded(this);
        }
    }

    @Override
    public void operationComplete(ChannelFuture written) {
        transmission.onSent(this);
    }

    RequestHeader request() {
        return request;
    }

    long reservedBytes() {
        return reservedBytes;
    }

    @Nullable
    NbdError error() {
        return error;
    }

    String why() {
        return why;
    }

    /** Returns what was read, and with it its ownership; empty if this is no successful read. */
    List<ReadPiece> takePieces() {
        var taken = pieces;
        pieces = List.of();
        return taken;
    }

    /** Returns what the device described, or {@code null} if this is no successful BLOCK_STATUS. */
    @Nullable
    ExtentList extents() {
        return extents;
    }

    /** Returns whether the reply has content, whose bytes are held until the socket took it. */
    boolean holdsContent() {
        return error == null && hasContent();
    }

    private boolean hasContent() {
        return isRead() || request.type() == NbdConstants.CMD_BLOCK_STATUS;
    }

    private boolean isRead() {
        return request.type() == NbdConstants.CMD_READ;
    }

    private void requireFirst() {
        if (!ended.compareAndSet(false, true)) {
            throw answeredTwice();
        }
    }

    private IllegalStateException answeredTwice() {
        return new IllegalStateException("the device answered twice: " + request);
    }
}
