package io.kelpie.cluster.event;

import java.nio.ByteBuffer;

/**
 * A part of the cluster's state: changes only by applying events, deterministically (times and ids
 * come in the body). Core loop only.
 */
public interface EventApplier {
    /**
     * Which events it takes.
     *
     * @return first byte of the bodies meant for it, unique among the appliers
     */
    byte kind();

    /**
     * Applies an event.
     *
     * @param body the body after the kind byte, little endian; borrowed
     * @return what the submitter is told
     */
    EventOutcome apply(ByteBuffer body);

    /**
     * Writes the whole state.
     *
     * @return the bytes from position to limit; made anew, the caller keeps them
     */
    ByteBuffer save();

    /**
     * Replaces the state by a saved one.
     *
     * @param saved what {@link #save} returned, little endian; borrowed
     */
    void restore(ByteBuffer saved);
}
