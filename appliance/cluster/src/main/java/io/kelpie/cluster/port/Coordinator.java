package io.kelpie.cluster.port;

import io.kelpie.cluster.model.ClusterMap;

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
     * @param completion gets the events; fewer than {@code max} means that there are no more yet
     */
    void readEvents(long afterIndex, int max, Completion<List<LoggedEvent>> completion);

    /**
     * Tells that no member needs the events up to an index any more.
     *
     * @param throughIndex last index that may be forgotten
     */
    void trimEvents(long throughIndex);

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
     * Receives news; news may be late, merged or repeated: it says "look again", not what changed.
     */
    interface Listener {
        /** The map may have changed. */
        void onMapMaybeChanged();

        /** Events may have been appended. */
        void onEventsMaybeChanged();
    }
}
