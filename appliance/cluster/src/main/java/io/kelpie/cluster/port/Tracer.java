package io.kelpie.cluster.port;

/**
 * Takes what the core has to tell people: log lines and counters are effects too. Core loop only.
 */
public interface Tracer {
    /**
     * Something happened.
     *
     * @param level how much it matters
     * @param text one sentence with the values concerned
     */
    void event(Level level, String text);

    /** How much an event matters. */
    enum Level {
        /** For those who look for a cause. */
        DEBUG,
        /** Part of a node's normal life. */
        INFO,
        /** Needs attention, service goes on. */
        WARN,
        /** Needs action. */
        ERROR
    }
}
