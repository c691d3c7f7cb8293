package io.kelpie.cluster.port;

/** The two clocks of a node. Any thread. */
public interface Clock {
    /**
     * Monotonic time for intervals and deadlines.
     *
     * @return nanoseconds since an arbitrary origin
     */
    long nanos();

    /**
     * Wall time, only for creation times and people.
     *
     * @return nanoseconds since 1970-01-01T00:00Z
     */
    long wallNanos();
}
