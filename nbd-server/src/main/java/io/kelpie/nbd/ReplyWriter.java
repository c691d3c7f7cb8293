// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.kelpie.nbd.wire.NbdConstants;
import io.kelpie.nbd.wire.ReplyChunk;
import io.kelpie.nbd.wire.SimpleReply;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;

import java.util.ArrayList;
import java.util.List;

/**
 * Puts ended operations on the wire in the form the client agreed to. I/O thread only.
 *
 * <p>Headers and data go out as separate buffers, nothing is copied; the channel gathers them into
 * one system call, and the last buffer's write tells how all of them ended.
 */
final class ReplyWriter {

    /** The context's number in replies; any will do, since there is one context. */
    static final int ALLOCATION_ID = 1;

    /**
     * A read with more chunks than this is answered with one chunk and zeroes, because headers of
     * dust would cost more than the zeroes between it.
     */
    static final int MAX_CHUNKS = 1024;

    private final Terms terms;
    private final boolean isExtended;

    ReplyWriter(Terms terms) {
        this.terms = terms;
        this.isExtended = terms.isExtended();
    }

    /** Writes the reply without a flush and returns how many bytes were read for it. */
    long write(ChannelHandlerContext ctx, Operation operation) {
        var request = operation.request();
        var pieces = operation.takePieces();
        if (!terms.isChunked()) {
            var parts = new ArrayList<ByteBuf>(2);
            parts.add(simpleHeader(ctx, operation));
            ReadPiece.addTo(parts, pieces);
            send(ctx, parts, operation);
        } else if (operation.error() != null) {
            send(ctx, List.of(errorChunk(ctx, operation)), operation);
        } else if (!pieces.isEmpty()) {
            var isWhole = request.has(NbdConstants.CMD_FLAG_DF);
            var runs = isWhole ? List.<List<ReadPiece>>of() : runsOf(pieces);
            send(
                    ctx,
                    runs.isEmpty()
                            ? oneChunk(ctx, operation, pieces)
                            : chunks(ctx, operation, runs),
                    operation);
        } else if (operation.extents() != null) {
            send(ctx, List.of(statusChunk(ctx, operation, operation.extents())), operation);
        } else {
            send(ctx, List.of(success(ctx, operation)), operation);
        }
        return pieces.isEmpty() ? 0 : request.length();
    }

    private static ByteBuf simpleHeader(ChannelHandlerContext ctx, Operation operation) {
        var out = ctx.alloc().directBuffer(SimpleReply.LENGTH_BYTES, SimpleReply.LENGTH_BYTES);
        var error = operation.error();
        SimpleReply.encode(
                out, error == null ? 0 : error.number(), operation.request().cookie());
        return out;
    }

    /** Only reads and block status must be answered in chunks; the simple reply is shorter. */
    private ByteBuf success(ChannelHandlerContext ctx, Operation operation) {
        if (!isExtended) {
            return simpleHeader(ctx, operation);
        }
        var out = ctx.alloc().directBuffer(ReplyChunk.EXTENDED_BYTES);
        ReplyChunk.encodeNone(out, true, operation.request());
        return out;
    }

    private ByteBuf errorChunk(ChannelHandlerContext ctx, Operation operation) {
        var error = operation.error() == null ? NbdError.EIO : operation.error();
        var out = ctx.alloc().directBuffer();
        ReplyChunk.encodeError(
                out, isExtended, operation.request(), error.number(), operation.why());
        return out;
    }

    private ByteBuf statusChunk(
            ChannelHandlerContext ctx, Operation operation, ExtentList extents) {
        var out = ctx.alloc().directBuffer(ReplyChunk.statusBytes(isExtended, extents.count()));
        ReplyChunk.encodeStatusPrefix(
                out, isExtended, operation.request(), ALLOCATION_ID, extents.count());
        for (var i = 0; i < extents.count(); i++) {
            ReplyChunk.encodeExtent(out, isExtended, extents.lengthBytes(i), extents.flags(i));
        }
        return out;
    }

    private List<ByteBuf> oneChunk(
            ChannelHandlerContext ctx, Operation operation, List<ReadPiece> pieces) {
        var request = operation.request();
        var prefix = ctx.alloc().directBuffer(ReplyChunk.MAX_PREFIXED_BYTES);
        ReplyChunk.encodeDataPrefix(
                prefix, isExtended, request, request.offset(), request.length(), true);
        var parts = new ArrayList<ByteBuf>(pieces.size() + 1);
        parts.add(prefix);
        ReadPiece.addTo(parts, pieces);
        return parts;
    }

    private List<ByteBuf> chunks(
            ChannelHandlerContext ctx, Operation operation, List<List<ReadPiece>> runs) {
        var request = operation.request();
        var parts = new ArrayList<ByteBuf>(2 * runs.size());
        var offset = request.offset();
        for (var i = 0; i < runs.size(); i++) {
            var run = runs.get(i);
            var length = lengthBytes(run);
            var isLast = i == runs.size() - 1;
            var prefix = ctx.alloc().directBuffer(ReplyChunk.MAX_PREFIXED_BYTES);
            parts.add(prefix);
            if (run.get(0).isHole()) {
                ReplyChunk.encodeHole(prefix, isExtended, request, offset, length, isLast);
            } else {
                ReplyChunk.encodeDataPrefix(prefix, isExtended, request, offset, length, isLast);
                ReadPiece.addTo(parts, run);
            }
            offset += length;
        }
        return parts;
    }

    /**
     * Splits pieces where holes begin and end; returns nothing if that gives more than
     * {@link #MAX_CHUNKS}.
     */
    private static List<List<ReadPiece>> runsOf(List<ReadPiece> pieces) {
        var runs = new ArrayList<List<ReadPiece>>();
        var start = 0;
        for (var i = 1; i <= pieces.size(); i++) {
            if (i < pieces.size() && pieces.get(i).isHole() == pieces.get(start).isHole()) {
                continue;
            }
            if (runs.size() == MAX_CHUNKS) {
                return List.of();
            }
            runs.add(pieces.subList(start, i));
            start = i;
        }
        return runs;
    }

    private static long lengthBytes(List<ReadPiece> pieces) {
        var length = 0L;
        for (var piece : pieces) {
            length += piece.lengthBytes();
        }
        return length;
    }

    private static void send(ChannelHandlerContext ctx, List<ByteBuf> parts, Operation operation) {
        var last = parts.size() - 1;
        for (var part : parts.subList(0, last)) {
            // The last part's write tells how all ended.
            var unused = ctx.write(part, ctx.voidPromise());
        }
        ctx.write(parts.get(last)).addListener(operation);
    }
}
