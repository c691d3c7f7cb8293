package io.kelpie.wire.peer;

import io.kelpie.cluster.message.LivenessMessage;
import io.kelpie.cluster.message.LivenessMessage.Applied;
import io.kelpie.cluster.message.LivenessMessage.ApplyUpTo;
import io.kelpie.cluster.message.LivenessMessage.EventsRequest;
import io.kelpie.cluster.message.LivenessMessage.EventsUpdate;
import io.kelpie.cluster.message.LivenessMessage.Heartbeat;
import io.kelpie.cluster.message.LivenessMessage.HeartbeatReply;
import io.kelpie.cluster.message.LivenessMessage.MapRequest;
import io.kelpie.cluster.message.LivenessMessage.MapUpdate;
import io.kelpie.cluster.message.LivenessMessage.StateRequest;
import io.kelpie.cluster.message.LivenessMessage.StateUpdate;
import io.kelpie.cluster.port.Coordinator.EventId;
import io.kelpie.cluster.port.Coordinator.LoggedEvent;

/** Bodies of {@link LivenessMessage}s. */
final class LivenessCodec {
    private static final int MAX_STATE_BYTES = 64 << 20;
    private static final int MAX_EVENT_BYTES = 64 << 10;
    private static final int MAX_EVENTS = 65_536;
    private static final int MIN_EVENT_BYTES = 44;

    private LivenessCodec() {}

    static EncodedFrame encode(LivenessMessage message) {
        if (message instanceof Heartbeat beat) {
            return new PeerOutput(PeerType.HEARTBEAT)
                    .mapVersion(beat.mapVersion())
                    .u64(beat.sentNanos())
                    .u64(beat.eventsIndex())
                    .u64(beat.controllerTerm())
                    .finish();
        }
        if (message instanceof HeartbeatReply reply) {
            return new PeerOutput(PeerType.HEARTBEAT_REPLY)
                    .mapVersion(reply.mapVersion())
                    .u64(reply.echoNanos())
                    .u64(reply.eventsIndex())
                    .u64(reply.totalBytes())
                    .u64(reply.freeBytes())
                    .finish();
        }
        if (message instanceof MapRequest request) {
            return number(PeerType.MAP_REQUEST, request.haveVersion());
        }
        if (message instanceof MapUpdate update) {
            return new PeerOutput(PeerType.MAP_UPDATE)
                    .bytes(ClusterMapCodec.encode(update.map()), ClusterMapCodec.MAX_BYTES)
                    .finish();
        }
        if (message instanceof EventsRequest request) {
            return number(PeerType.EVENTS_REQUEST, request.afterIndex());
        }
        if (message instanceof EventsUpdate update) {
            PeerOutput out = new PeerOutput(PeerType.EVENTS_UPDATE).u64(update.afterIndex());
            return out.list(update.events(), MAX_EVENTS, event -> put(out, event))
                    .finish();
        }
        if (message instanceof StateRequest) {
            return new PeerOutput(PeerType.STATE_REQUEST).finish();
        }
        if (message instanceof StateUpdate update) {
            return new PeerOutput(PeerType.STATE_UPDATE)
                    .bytes(update.state(), MAX_STATE_BYTES)
                    .finish();
        }
        if (message instanceof ApplyUpTo apply) {
            return number(PeerType.APPLY_UP_TO, apply.index());
        }
        if (message instanceof Applied applied) {
            return number(PeerType.APPLIED, applied.index());
        }
        throw new IllegalArgumentException("no bytes for a " + message.getClass());
    }

    static LivenessMessage decode(PeerInput in) {
        long mapVersion = in.header().mapVersion();
        return switch (in.header().type()) {
            case HEARTBEAT -> new Heartbeat(in.u64(), mapVersion, in.u64(), in.u64());
            case HEARTBEAT_REPLY ->
                new HeartbeatReply(in.u64(), mapVersion, in.u64(), in.u64(), in.u64());
            case MAP_REQUEST -> new MapRequest(in.u64());
            case MAP_UPDATE ->
                new MapUpdate(ClusterMapCodec.decode(in.bytes(ClusterMapCodec.MAX_BYTES)));
            case EVENTS_REQUEST -> new EventsRequest(in.u64());
            case EVENTS_UPDATE ->
                new EventsUpdate(
                        in.u64(), in.list(MAX_EVENTS, MIN_EVENT_BYTES, () -> getEvent(in)));
            case STATE_REQUEST -> new StateRequest();
            case STATE_UPDATE -> new StateUpdate(in.bytes(MAX_STATE_BYTES));
            case APPLY_UP_TO -> new ApplyUpTo(in.u64());
            case APPLIED -> new Applied(in.u64());
            default -> throw in.refused("not of this family");
        };
    }

    private static EncodedFrame number(PeerType type, long value) {
        return new PeerOutput(type).u64(value).finish();
    }

    private static void put(PeerOutput out, LoggedEvent event) {
        EventId id = event.id();
        out.u64(event.index())
                .u64(id.nodeHigh())
                .u64(id.nodeLow())
                .u64(id.incarnation())
                .u64(id.counter())
                .bytes(event.body(), MAX_EVENT_BYTES);
    }

    private static LoggedEvent getEvent(PeerInput in) {
        long index = in.u64();
        EventId id = new EventId(in.u64(), in.u64(), in.u64(), in.u64());
        return new LoggedEvent(index, id, in.bytes(MAX_EVENT_BYTES));
    }
}
