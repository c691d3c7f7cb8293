package io.kelpie.cluster.message;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.port.Coordinator.LoggedEvent;
import io.kelpie.cluster.port.PeerMessage;

import java.util.List;

/** What all nodes say to each other: heartbeats with leases, newer maps and events. */
public sealed interface LivenessMessage extends PeerMessage {
    /**
     * Asks for a sign of life, and for a lease.
     *
     * @param sentNanos the sender's monotonic clock, meaningless to others
     * @param mapVersion the sender's map
     * @param eventsIndex last event the sender applied
     * @param controllerTerm term under which the sender edits the map; 0 if it does not
     */
    record Heartbeat(long sentNanos, long mapVersion, long eventsIndex, long controllerTerm)
            implements LivenessMessage {}

    /**
     * Answers a heartbeat; at the same time a grant: for a lease's time the sender helps nobody
     * else take over a group whose primary the receiver is in a map the sender knows.
     *
     * @param echoNanos as it came
     * @param mapVersion the sender's map
     * @param eventsIndex last event the sender applied
     * @param totalBytes size of the sender's store
     * @param freeBytes room in it
     */
    record HeartbeatReply(
            long echoNanos, long mapVersion, long eventsIndex, long totalBytes, long freeBytes)
            implements LivenessMessage {}

    /**
     * Asks for the sender's map if it is newer.
     *
     * @param haveVersion what the asker has
     */
    record MapRequest(long haveVersion) implements LivenessMessage {}

    /**
     * A map that is in force: it was read from the coordinator or written there.
     *
     * @param map the map
     */
    record MapUpdate(ClusterMap map) implements LivenessMessage {}

    /**
     * Asks for events.
     *
     * @param afterIndex those above this index
     */
    record EventsRequest(long afterIndex) implements LivenessMessage {}

    /**
     * Events in their order without gaps, as many as fit.
     *
     * @param afterIndex as asked
     * @param events those that follow
     */
    record EventsUpdate(long afterIndex, List<LoggedEvent> events) implements LivenessMessage {
        /** Copies the list. */
        public EventsUpdate {
            events = List.copyOf(events);
        }
    }

    /** Asks for the whole cluster state, as the events that led to it are forgotten. */
    record StateRequest() implements LivenessMessage {}

    /**
     * The cluster state as the event log saves it.
     *
     * @param state at most 64 MiB; not modified afterwards
     */
    record StateUpdate(byte[] state) implements LivenessMessage {}

    /**
     * Asks every node to answer once it has applied an event and finished what it had in work
     * before.
     *
     * @param index the event
     */
    record ApplyUpTo(long index) implements LivenessMessage {}

    /**
     * Answers {@link ApplyUpTo}.
     *
     * @param index the event that is applied, or a later one
     */
    record Applied(long index) implements LivenessMessage {}
}
