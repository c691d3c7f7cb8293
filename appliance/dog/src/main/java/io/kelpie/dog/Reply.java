package io.kelpie.dog;

import io.kelpie.wire.sheep.ResponseHeader;
import io.kelpie.wire.sheep.SheepResult;

import java.nio.ByteBuffer;

/**
 * An answer of a daemon. The payload's array is handed out, not copied: it belongs to the caller.
 */
final class Reply {
    private final ResponseHeader header;
    private final byte[] payload;

    /**
     * Joins the parts of an answer.
     *
     * @param payload exactly the bytes the header announces
     */
    Reply(ResponseHeader header, byte[] payload) {
        this.header = header;
        this.payload = payload;
    }

    /** Returns the header. */
    ResponseHeader header() {
        return header;
    }

    /** Returns the payload; never more bytes than were asked for. */
    byte[] payload() {
        return payload;
    }

    /** Returns whether the daemon did what it was asked. */
    boolean isSuccess() {
        return header.isSuccess();
    }

    /** Returns whether the result is this one. */
    boolean is(SheepResult result) {
        return header.result() == result.number();
    }

    /** Returns the result in words. */
    String text() {
        return SheepResult.textOf(header.result());
    }

    /** Returns the payload for a codec. */
    ByteBuffer data() {
        return ByteBuffer.wrap(payload);
    }
}
