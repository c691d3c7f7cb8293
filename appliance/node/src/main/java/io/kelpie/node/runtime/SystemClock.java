package io.kelpie.node.runtime;

import io.kelpie.cluster.port.Clock;

import java.time.Instant;

/** The clocks of the machine. Any thread. */
public final class SystemClock implements Clock {
    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    /** Creates the clock; all instances tell the same time. */
    public SystemClock() {}

    @Override
    public long nanos() {
        return System.nanoTime();
    }

    @Override
    public long wallNanos() {
        Instant now = Instant.now();
        return now.getEpochSecond() * NANOS_PER_SECOND + now.getNano();
    }
}
