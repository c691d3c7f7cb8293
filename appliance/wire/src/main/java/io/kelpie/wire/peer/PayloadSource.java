package io.kelpie.wire.peer;

import io.kelpie.cluster.port.Payload;

/** Makes payloads of a received frame; by sharing its memory, or by copying. */
public interface PayloadSource {
    /**
     * Makes a payload of a part of the frame.
     *
     * @param offset first byte, counted from the end of the header
     * @param length bytes, at least 0; all of them are in the frame
     * @return the payload with one reference, owned by the caller
     */
    Payload slice(int offset, int length);
}
