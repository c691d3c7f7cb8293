package io.kelpie.cluster.vdi;

import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;

/** Waits until an event has its effect on every node that takes part. Core loop only. */
public interface EventBarrier {
    /** For a node that is the whole cluster: what it has applied is in force. */
    EventBarrier NONE = (index, completion) -> completion.done(Outcome.DONE);

    /**
     * Raises a barrier.
     *
     * @param index an event that was appended
     * @param completion gets DONE when it is in force everywhere
     */
    void raise(long index, Completion<Outcome> completion);
}
