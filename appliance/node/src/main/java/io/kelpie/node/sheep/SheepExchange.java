package io.kelpie.node.sheep;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.node.runtime.BufferPayload;
import io.kelpie.wire.frame.SheepReply;
import io.kelpie.wire.frame.SheepRequest;
import io.kelpie.wire.sheep.HeaderWords;
import io.kelpie.wire.sheep.RequestHeader;
import io.kelpie.wire.sheep.SheepFlags;
import io.kelpie.wire.sheep.SheepResult;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/**
 * One request of a client on its way through the core, answered exactly once. Owns the request's
 * payload until {@link #takePayload} or the answer. Core loop only.
 */
final class SheepExchange {
    private final RequestHeader header;
    private final IntSupplier epoch;
    private final Consumer<SheepReply> replies;
    private ByteBuf payload;

    /**
     * Takes a request in.
     *
     * @param request the request, whose payload's ownership passes here
     * @param epoch the cluster's epoch at the time of the answer
     * @param replies takes the answer, which it then owns
     */
    SheepExchange(SheepRequest request, IntSupplier epoch, Consumer<SheepReply> replies) {
        this.header = request.header();
        this.payload = request.payload();
        this.epoch = epoch;
        this.replies = replies;
    }

    RequestHeader header() {
        return header;
    }

    HeaderWords words() {
        return header.words();
    }

    boolean hasFlag(int flag) {
        return header.hasFlag(flag);
    }

    /** Durable unless the client asked for write-back caching. */
    boolean isDurable() {
        return !header.hasFlag(SheepFlags.CACHE);
    }

    int payloadBytes() {
        return payload.readableBytes();
    }

    /** The request's payload, borrowed, little endian. */
    ByteBuffer payloadView() {
        return payload.nioBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The request's payload; the caller owns it. */
    Payload takePayload() {
        Payload taken = BufferPayload.owning(payload);
        payload = Unpooled.EMPTY_BUFFER;
        return taken;
    }

    void reply(SheepResult result) {
        reply(result, HeaderWords.ZERO, Unpooled.EMPTY_BUFFER);
    }

    void reply(SheepResult result, HeaderWords words) {
        reply(result, words, Unpooled.EMPTY_BUFFER);
    }

    /** Answers with data, whose ownership passes on. */
    void reply(SheepResult result, HeaderWords words, ByteBuf data) {
        payload.release();
        payload = Unpooled.EMPTY_BUFFER;
        replies.accept(SheepReply.of(header, epoch.getAsInt(), result, words, data));
    }

    void fail(ErrorCode error) {
        reply(ResultCodes.of(error));
    }

    /** Answers SUCCESS, or the error's code. */
    Completion<Outcome> outcome() {
        return completion(done -> reply(SheepResult.SUCCESS));
    }

    /** Answers as the action says, or with the error's code. */
    <T> Completion<T> completion(Consumer<T> onDone) {
        return new Completion<>() {
            @Override
            public void done(T result) {
                onDone.accept(result);
            }

            @Override
            public void failed(ErrorCode error) {
                fail(error);
            }
        };
    }
}
