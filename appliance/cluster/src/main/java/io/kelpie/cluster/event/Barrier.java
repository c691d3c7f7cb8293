package io.kelpie.cluster.event;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Ports;

import java.util.function.Consumer;

/**
 * Makes sure that an event has its effect everywhere before somebody is told so: every member that
 * takes part has applied it and has finished what it had in work before. A member that does not
 * answer is reported, and no longer waited for once a map shows it gone. Core loop only.
 */
public final class Barrier {
    /**
     * Composes the machine; it answers other nodes' barriers from the first map on.
     *
     * @param ports peers, timers and clock are used
     * @param self this process
     * @param events tells what is applied
     * @param past finishes what was in work before an event
     * @param silent told of members that do not answer within two seconds, again and again
     */
    public Barrier(Ports ports, PeerId self, EventLog events, Past past, Consumer<PeerId> silent) {}

    /**
     * Raises a barrier.
     *
     * @param index an event that was appended
     * @param completion gets DONE when every member that takes part has applied it and finished
     *     what it had in work before; BUSY if too many barriers are up; SHUTTING_DOWN
     */
    public void raise(long index, Completion<Outcome> completion) {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * Takes the messages of barriers.
     *
     * @param from the sender
     * @param message any message
     * @return whether it was one of a barrier
     */
    public boolean onMessage(PeerId from, PeerMessage message) {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * Learns who takes part.
     *
     * @param map the map in force
     */
    public void onMap(ClusterMap map) {
        throw new UnsupportedOperationException("not built yet");
    }

    /** Ends all waiting with SHUTTING_DOWN. */
    public void close() {
        throw new UnsupportedOperationException("not built yet");
    }

    /** What this node has in work. */
    public interface Past {
        /**
         * Asks for the end of what was begun under the state before the events applied so far.
         *
         * @param done runs once it has ended, perhaps before the call returns
         */
        void whenDone(Runnable done);
    }
}
