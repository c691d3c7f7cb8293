package io.kelpie.wire.frame;

import io.kelpie.wire.sheep.HeaderWords;
import io.kelpie.wire.sheep.RequestHeader;
import io.kelpie.wire.sheep.ResponseHeader;
import io.kelpie.wire.sheep.SheepResult;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

/**
 * A complete response on its way to a client.
 *
 * @param header its header; the data length must equal the payload's readable bytes
 * @param payload owned by whoever holds the reply: writing it to a channel hands it to
 *     {@link SheepReplyEncoder}, which releases it also when the write fails
 */
public record SheepReply(ResponseHeader header, ByteBuf payload) {
    /** Checks that header and payload agree. */
    public SheepReply {
        if (header.dataLength() != payload.readableBytes()) {
            throw new IllegalArgumentException("data length " + header.dataLength()
                    + " does not match a payload of " + payload.readableBytes() + " bytes");
        }
    }

    /**
     * Makes an answer without payload.
     *
     * @param request the request that is answered
     * @param epoch the current cluster epoch, u32 bits
     * @param words bytes 20..47, from an answer record or {@link HeaderWords#ZERO}
     */
    public static SheepReply of(
            RequestHeader request, int epoch, SheepResult result, HeaderWords words) {
        return of(request, epoch, result, words, Unpooled.EMPTY_BUFFER);
    }

    /**
     * Makes an answer with a payload.
     *
     * @param request the request that is answered
     * @param epoch the current cluster epoch, u32 bits
     * @param words bytes 20..47, from an answer record or {@link HeaderWords#ZERO}
     * @param payload its readable bytes follow the header; now owned by the reply
     */
    public static SheepReply of(
            RequestHeader request,
            int epoch,
            SheepResult result,
            HeaderWords words,
            ByteBuf payload) {
        return new SheepReply(
                ResponseHeader.of(request, epoch, result, payload.readableBytes(), words), payload);
    }
}
