package io.kelpie.simulator;

/**
 * A scripted fault: a process dies at a message.
 *
 * @param message type of the message
 * @param count at the how-manieth message of the type, from 1
 * @param place who dies, and when
 * @param powerLoss whether its host dies with it
 */
record CrashPoint(String message, int count, Place place, boolean powerLoss) {
    /** Who dies. */
    enum Place {
        /** The sender, when the message is on its way. */
        SENDER,
        /** The receiver, before it has seen the message. */
        RECEIVER_BEFORE,
        /** The receiver, after it has acted on the message. */
        RECEIVER_AFTER
    }
}
