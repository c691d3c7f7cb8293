package io.kelpie.dog;

import io.kelpie.wire.sheep.ResponseHeader;
import io.kelpie.wire.sheep.SheepResult;

import java.nio.ByteBuffer;

/**
 * An answer of a daemon.
 *
 * @param header its header
 * @param payload exactly the bytes the header announces; never more than were asked for
 */
record Reply(ResponseHeader header, byte[] payload) {
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
