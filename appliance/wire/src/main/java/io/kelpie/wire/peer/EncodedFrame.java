package io.kelpie.wire.peer;

import io.kelpie.cluster.port.Payload;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * A frame on its way out: the head, then the payloads in order; nothing of them is copied.
 *
 * @param head header and body, position 0 to limit
 * @param data the payloads of the message; their references are the message's own
 */
public record EncodedFrame(ByteBuffer head, List<Payload> data) {
    /**
     * Length of the frame.
     *
     * @return bytes with the header
     */
    public int length() {
        int length = head.remaining();
        for (Payload payload : data) {
            length += payload.length();
        }
        return length;
    }

    /**
     * All bytes in one array, for who has no use for the parts.
     *
     * @return a copy; the payloads keep their references
     */
    public byte[] toBytes() {
        ByteBuffer all = ByteBuffer.allocate(length());
        all.put(head.duplicate());
        for (Payload payload : data) {
            all.put(payload.view());
        }
        return all.array();
    }
}
