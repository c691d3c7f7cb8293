package io.kelpie.wire.peer;

import io.kelpie.cluster.model.InvariantViolation;
import io.kelpie.cluster.port.PeerMessage;

import java.nio.ByteBuffer;

/** From frames to messages. */
public final class PeerDecoder {
    private PeerDecoder() {}

    /**
     * Decodes a message.
     *
     * @param header the frame's header, of a type that {@link PeerType#isMessage is a message}
     * @param frame the bytes behind the header; borrowed, left unchanged
     * @param source makes the payloads; asked for no byte twice
     * @return the message; the caller owns its payloads
     * @throws PeerFormatException if it is damaged or beyond a limit; no payload is left over
     */
    public static PeerMessage decode(PeerHeader header, ByteBuffer frame, PayloadSource source) {
        PeerInput in = new PeerInput(header, frame, source);
        boolean complete = false;
        try {
            PeerMessage message = decode(in);
            in.requireEnd();
            complete = true;
            return message;
        } catch (IllegalArgumentException | InvariantViolation e) {
            throw in.refused(String.valueOf(e.getMessage()));
        } finally {
            if (!complete) {
                in.releaseTaken();
            }
        }
    }

    /**
     * Checks a frame without content.
     *
     * @param header its header: PING or PONG
     * @param frame the bytes behind it
     * @throws PeerFormatException if it has content
     */
    public static void requireEmpty(PeerHeader header, ByteBuffer frame) {
        new PeerInput(header, frame, PeerInput.NO_PAYLOADS).requireEnd();
    }

    private static PeerMessage decode(PeerInput in) {
        return switch (in.header().type()) {
            case HELLO, CLOSE, PING, PONG -> throw in.refused("it is no message");
            case HEARTBEAT,
                    HEARTBEAT_REPLY,
                    MAP_REQUEST,
                    MAP_UPDATE,
                    EVENTS_REQUEST,
                    EVENTS_UPDATE,
                    STATE_REQUEST,
                    STATE_UPDATE,
                    APPLY_UP_TO,
                    APPLIED -> LivenessCodec.decode(in);
            case SUSPICION,
                    ADD_LEARNER,
                    DRAIN,
                    EMPTIED,
                    ORDER,
                    ORDER_REPLY,
                    COPIES_REQUEST,
                    COPIES -> ControlCodec.decode(in);
            case REQUEST, RESPONSE -> GatewayCodec.decode(in);
            case REPLICATE,
                    ACKNOWLEDGE,
                    STALE,
                    COMMITTED,
                    QUERY,
                    INFO,
                    VERSIONS_REQUEST,
                    VERSIONS,
                    LIST_REQUEST,
                    LISTING,
                    PULL,
                    PUSH,
                    DIGEST_REQUEST,
                    DIGEST,
                    ACTIVATE,
                    LEASE_END -> GroupCodec.decode(in);
            case SLOT_REQUEST, SLOT_REPLY, SLOT_RELEASE -> RecoveryCodec.decode(in);
        };
    }
}
