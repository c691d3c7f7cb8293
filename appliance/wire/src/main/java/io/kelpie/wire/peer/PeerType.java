package io.kelpie.wire.peer;

import org.jspecify.annotations.Nullable;

/** The types of frames: the number on the wire, and the most bytes that may follow the header. */
public enum PeerType {
    /** First frame of each side. */
    HELLO(1, Limit.SMALL),
    /** Last frame of a side: why it closes. */
    CLOSE(2, Limit.SMALL),
    /** Asks whether the connection lives. */
    PING(3, Limit.SMALL),
    /** Answers a ping. */
    PONG(4, Limit.SMALL),

    /** LivenessMessage.Heartbeat. */
    HEARTBEAT(16, Limit.SMALL),
    /** LivenessMessage.HeartbeatReply. */
    HEARTBEAT_REPLY(17, Limit.SMALL),
    /** LivenessMessage.MapRequest. */
    MAP_REQUEST(18, Limit.SMALL),
    /** LivenessMessage.MapUpdate. */
    MAP_UPDATE(19, Limit.LIST),
    /** LivenessMessage.EventsRequest. */
    EVENTS_REQUEST(20, Limit.SMALL),
    /** LivenessMessage.EventsUpdate. */
    EVENTS_UPDATE(21, Limit.EVENTS),
    /** LivenessMessage.StateRequest. */
    STATE_REQUEST(22, Limit.SMALL),
    /** LivenessMessage.StateUpdate. */
    STATE_UPDATE(23, Limit.STATE),
    /** LivenessMessage.ApplyUpTo. */
    APPLY_UP_TO(24, Limit.SMALL),
    /** LivenessMessage.Applied. */
    APPLIED(25, Limit.SMALL),

    /** ControlMessage.Suspicion. */
    SUSPICION(32, Limit.LIST),
    /** ControlMessage.AddLearner. */
    ADD_LEARNER(33, Limit.SMALL),
    /** ControlMessage.Drain. */
    DRAIN(34, Limit.SMALL),
    /** ControlMessage.Emptied. */
    EMPTIED(35, Limit.SMALL),
    /** ControlMessage.Order. */
    ORDER(36, Limit.SMALL),
    /** ControlMessage.OrderReply. */
    ORDER_REPLY(37, Limit.SMALL),
    /** ControlMessage.CopiesRequest. */
    COPIES_REQUEST(38, Limit.LIST),
    /** ControlMessage.Copies. */
    COPIES(39, Limit.LIST),

    /** GatewayMessage.Request. */
    REQUEST(48, Limit.DATA),
    /** GatewayMessage.Response. */
    RESPONSE(49, Limit.DATA),

    /** GroupMessage.Replicate. */
    REPLICATE(64, Limit.DATA),
    /** GroupMessage.Acknowledge. */
    ACKNOWLEDGE(65, Limit.SMALL),
    /** GroupMessage.Stale. */
    STALE(66, Limit.SMALL),
    /** GroupMessage.Committed. */
    COMMITTED(67, Limit.SMALL),
    /** GroupMessage.Query. */
    QUERY(68, Limit.SMALL),
    /** GroupMessage.Info. */
    INFO(69, Limit.LIST),
    /** GroupMessage.VersionsRequest. */
    VERSIONS_REQUEST(70, Limit.LIST),
    /** GroupMessage.Versions. */
    VERSIONS(71, Limit.LIST),
    /** GroupMessage.ListRequest. */
    LIST_REQUEST(72, Limit.SMALL),
    /** GroupMessage.Listing. */
    LISTING(73, Limit.LIST),
    /** GroupMessage.Pull. */
    PULL(74, Limit.SMALL),
    /** GroupMessage.Push. */
    PUSH(75, Limit.DATA),
    /** GroupMessage.DigestRequest. */
    DIGEST_REQUEST(76, Limit.SMALL),
    /** GroupMessage.Digest. */
    DIGEST(77, Limit.LIST),
    /** GroupMessage.Activate. */
    ACTIVATE(78, Limit.SMALL),
    /** GroupMessage.LeaseEnd. */
    LEASE_END(79, Limit.SMALL),

    /** RecoveryMessage.SlotRequest. */
    SLOT_REQUEST(96, Limit.SMALL),
    /** RecoveryMessage.SlotReply. */
    SLOT_REPLY(97, Limit.SMALL),
    /** RecoveryMessage.SlotRelease. */
    SLOT_RELEASE(98, Limit.SMALL);

    private static final int FIRST_MESSAGE = 16;

    private final int code;
    private final int maxBytes;

    PeerType(int code, int maxBytes) {
        this.code = code;
        this.maxBytes = maxBytes;
    }

    /**
     * The number on the wire.
     *
     * @return 1 to 65535
     */
    public int code() {
        return code;
    }

    /**
     * Most bytes that may follow the header.
     *
     * @return a limit to check before anything is allocated
     */
    public int maxBytes() {
        return maxBytes;
    }

    /**
     * Whether the frame is a message for the core, and not a matter of the connection.
     *
     * @return true for what {@link PeerDecoder} decodes
     */
    public boolean isMessage() {
        return code >= FIRST_MESSAGE;
    }

    static @Nullable PeerType of(int code) {
        for (PeerType type : values()) {
            if (type.code == code) {
                return type;
            }
        }
        return null;
    }

    private static final class Limit {
        private static final int SMALL = 4 << 10;
        /** A cluster map has at most 4 MiB, the longest lists of objects or groups less. */
        private static final int LIST = 8 << 20;
        /** 256 events of 64 KiB, and as much again for their ids and for later. */
        private static final int EVENTS = 32 << 20;
        /** The state has at most 64 MiB. */
        private static final int STATE = (64 << 20) + SMALL;
        /** The longest answer of a read has 128 MiB. */
        private static final int DATA = (128 << 20) + LIST;
    }
}
