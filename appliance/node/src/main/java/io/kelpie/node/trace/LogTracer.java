package io.kelpie.node.trace;

import io.kelpie.cluster.port.Tracer;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LocationAwareLogger;

/** The tracer of a node: each event becomes a log line and an entry of the ring. Any thread. */
public final class LogTracer implements Tracer {
    private static final String CALLER = LogTracer.class.getName();

    private final Logger logger;
    private final TraceRing ring;

    /**
     * Creates a tracer.
     *
     * @param part which part of the node speaks; the logger's name
     * @param ring keeps the events
     */
    public LogTracer(String part, TraceRing ring) {
        this.logger = LoggerFactory.getLogger(part);
        this.ring = ring;
    }

    @Override
    public void event(Level level, String text) {
        ring.add(level, text);
        if (logger instanceof LocationAwareLogger located) {
            // The line then names the method that called this one, not this one.
            located.log(null, CALLER, slf4jLevel(level), text, null, null);
        } else {
            logger.atLevel(org.slf4j.event.Level.intToLevel(slf4jLevel(level))).log(text);
        }
    }

    private static int slf4jLevel(Level level) {
        return switch (level) {
            case DEBUG -> LocationAwareLogger.DEBUG_INT;
            case INFO -> LocationAwareLogger.INFO_INT;
            case WARN -> LocationAwareLogger.WARN_INT;
            case ERROR -> LocationAwareLogger.ERROR_INT;
        };
    }
}
