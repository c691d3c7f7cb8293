package io.kelpie.cluster.port;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.PeerId;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The ordering service of the cluster: one record changed by compare-and-swap and one log of
 * events. {@code single} keeps both in the node's own store; ZooKeeper serves several nodes.
 * Everything that completes with success is durable.
 */
public interface Coordinator {
    /**
     * Reads the newest map, linearizably.
     *
     * @param completion gets the map, {@link ClusterMap#EMPTY} before the first write
     */
    void readMap(Completion<ClusterMap> completion);

    /**
     * Replaces the map if its version is still the expected one.
     *
     * @param expectedVersion version the caller changed
     * @param next the map to write, with the next version
     * @param completion gets how it ended
     */
    void swapMap(long expectedVersion, ClusterMap next, Completion<SwapOutcome> completion);

    /**
     * Appends an event. A repeated id has no second effect.
     *
     * @param id identity of the event, chosen by the caller
     * @param body at most 64 KiB; not modified afterwards
     * @param completion gets the event's index; indexes rise but may have gaps
     */
    void appendEvent(EventId id, byte[] body, Completion<Long> completion);

    /**
     * Reads events in index order, linearizably.
     *
     * @param afterIndex only events above this index
     * @param max at most this many, at least 1
     * @param completion gets the events; fewer than {@code max} means that there are no more yet;
     *     OUT_OF_RANGE if events above {@code afterIndex} were already forgotten
     */
    void readEvents(long afterIndex, int max, Completion<List<LoggedEvent>> completion);

    /**
     * Tells that no member needs the events up to an index any more.
     *
     * @param throughIndex last index that may be forgotten
     */
    void trimEvents(long throughIndex);

    /**
     * Makes this process known to all nodes for as long as it lives and can reach the coordinator;
     * made known again by itself when a session was lost. A second call replaces the first.
     *
     * @param self what to make known
     */
    default void announce(Announcement self) {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * Reads who is announced.
     *
     * @param completion gets the announcements in ascending order of node and incarnation
     */
    default void readAnnounced(Completion<List<Announcement>> completion) {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * Reads who edits the map, linearizably.
     *
     * @param completion gets the record, {@link Controller#NONE} before the first claim
     */
    default void readController(Completion<Controller> completion) {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * Becomes the controller if nobody claimed since the record was read. Claims are not needed for
     * safety (maps are swapped by version), they keep two nodes from planning at once.
     *
     * @param expectedTerm term of the record that was read
     * @param next the new record, with the next term
     * @param completion gets how it ended
     */
    default void claimController(
            long expectedTerm, Controller next, Completion<SwapOutcome> completion) {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * Registers the one receiver of news; called before any other call.
     *
     * @param listener gets the news on the core loop
     */
    void listen(Listener listener);

    /** How a compare-and-swap ended. */
    enum SwapOutcome {
        /** The map was replaced. */
        SWAPPED,
        /** Somebody else changed the map first. */
        CONFLICT,
        /** The connection was lost: read back to learn what happened. */
        UNKNOWN
    }

    /**
     * Identity of an event.
     *
     * @param nodeHigh upper half of the submitting node's id
     * @param nodeLow lower half
     * @param incarnation its process lifetime
     * @param counter number of the event in that lifetime, from 1
     */
    record EventId(long nodeHigh, long nodeLow, long incarnation, long counter) {}

    /**
     * An event as the log keeps it.
     *
     * @param index its place in the order
     * @param id its identity
     * @param body its content
     */
    record LoggedEvent(long index, EventId id, byte[] body) {}

    /**
     * A process as the others see it before it is a member.
     *
     * @param id the process
     * @param endpoint where clients reach it
     * @param peer where other nodes reach it
     * @param zone failure domain, unsigned 32 bits
     * @param weightGib share of the data it offers; 0 for a gateway
     * @param clusterCreatedNanos time of creation of the cluster its store belongs to; 0 if to none
     * @param clean false: the host stopped without the store having been synced, so its copies must
     *     be compared in full before they count
     */
    record Announcement(
            PeerId id,
            Endpoint endpoint,
            Endpoint peer,
            int zone,
            int weightGib,
            long clusterCreatedNanos,
            boolean clean) {}

    /**
     * Who edits the map.
     *
     * @param term rises by one with each claim, 0 before the first
     * @param holder the process, or null before the first claim
     */
    record Controller(long term, @Nullable PeerId holder) {
        /** Before the first claim. */
        public static final Controller NONE = new Controller(0, null);
    }

    /** How well the coordinator can be reached. */
    enum Connection {
        /** It answers; everything may have changed meanwhile. */
        CONNECTED,
        /** It does not answer at the moment. */
        SUSPENDED,
        /** The session is over: the announcement is gone. */
        LOST
    }

    /**
     * Receives news; news may be late, merged or repeated: it says "look again", not what changed.
     */
    interface Listener {
        /** The map may have changed. */
        void onMapMaybeChanged();

        /** Events may have been appended. */
        void onEventsMaybeChanged();

        /** Processes may have come or gone. */
        default void onAnnouncedMaybeChanged() {}

        /**
         * The connection changed.
         *
         * @param connection how it is now
         */
        default void onConnection(Connection connection) {}
    }
}
