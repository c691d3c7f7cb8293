package io.kelpie.cluster.event;

import io.kelpie.cluster.model.ErrorCode;

import org.jspecify.annotations.Nullable;

/**
 * What applying an event came to.
 *
 * @param error why the event changed nothing, or null if it took effect
 * @param value a number for the submitter, such as the VDI id that was given; 0 with an error
 */
public record EventOutcome(@Nullable ErrorCode error, int value) {
    /**
     * The event took effect.
     *
     * @param value a number for the submitter
     * @return the outcome
     */
    public static EventOutcome applied(int value) {
        return new EventOutcome(null, value);
    }

    /**
     * The event changed nothing.
     *
     * @param error why
     * @return the outcome
     */
    public static EventOutcome refused(ErrorCode error) {
        return new EventOutcome(error, 0);
    }
}
