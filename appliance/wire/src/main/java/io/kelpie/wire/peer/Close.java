package io.kelpie.wire.peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Why a side closes a connection. Body: u8 reason, text as UTF-8.
 *
 * @param reason for programs
 * @param text for people; cut at 1024 bytes
 */
public record Close(Reason reason, String text) {
    private static final int MAX_TEXT_BYTES = 1024;

    private static final Codes<Reason> REASONS = new Codes<>(
            "reason",
            List.of(
                    Reason.VERSION,
                    Reason.OTHER_CLUSTER,
                    Reason.OTHER_NODE,
                    Reason.SUPERSEDED,
                    Reason.FORMAT,
                    Reason.BUSY,
                    Reason.STOPPING));

    /** Why a connection is closed. */
    public enum Reason {
        /** No version of the protocol is spoken by both. */
        VERSION,
        /** The stores belong to different clusters. */
        OTHER_CLUSTER,
        /** Another node than the one that is meant listens here. */
        OTHER_NODE,
        /** A newer process or a newer link of the same node is there. */
        SUPERSEDED,
        /** Bytes that are no frame. */
        FORMAT,
        /** Too many connections. */
        BUSY,
        /** The node stops. */
        STOPPING
    }

    /**
     * Encodes the frame.
     *
     * @return its bytes with the header
     */
    public EncodedFrame encode() {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return new PeerOutput(PeerType.CLOSE)
                .code(REASONS, reason)
                .bytes(
                        bytes.length > MAX_TEXT_BYTES
                                ? Arrays.copyOf(bytes, MAX_TEXT_BYTES)
                                : bytes,
                        MAX_TEXT_BYTES)
                .finish();
    }

    /**
     * Decodes the frame.
     *
     * @param header its header
     * @param frame the bytes behind it; left unchanged
     * @return the reason
     * @throws PeerFormatException if it is none
     */
    public static Close decode(PeerHeader header, ByteBuffer frame) {
        PeerInput in = new PeerInput(header, frame, PeerInput.NO_PAYLOADS);
        Close close = new Close(
                in.code(REASONS), new String(in.bytes(MAX_TEXT_BYTES), StandardCharsets.UTF_8));
        in.requireEnd();
        return close;
    }
}
