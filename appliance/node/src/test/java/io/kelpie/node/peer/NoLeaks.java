package io.kelpie.node.peer;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;

import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.slf4j.LoggerFactory;

import java.util.List;

/**
 * Fails a test class when Netty's leak detector reported a buffer that nobody released, or when a
 * message could not be encoded. Both only reach the log otherwise.
 */
final class NoLeaks implements BeforeAllCallback, AfterAllCallback {

    private static final List<Class<?>> WATCHED =
            List.of(ResourceLeakDetector.class, AcceptHandler.class, OutboundConnection.class);

    private final ListAppender<ILoggingEvent> reports = new ListAppender<>();

    @Override
    public void beforeAll(ExtensionContext context) {
        if (ResourceLeakDetector.getLevel() != ResourceLeakDetector.Level.PARANOID) {
            throw new AssertionError("run with -Dio.netty.leakDetection.level=paranoid, is "
                    + ResourceLeakDetector.getLevel());
        }
        reports.start();
        WATCHED.forEach(type -> logger(type).addAppender(reports));
    }

    @Override
    public void afterAll(ExtensionContext context) {
        // The detector looks at its queue of collected buffers when a new one is tracked.
        for (var i = 0; i < 5; i++) {
            System.gc();
            PooledByteBufAllocator.DEFAULT.directBuffer(16).release();
            ByteBufAllocator.DEFAULT.directBuffer(16).release();
        }
        WATCHED.forEach(type -> logger(type).detachAppender(reports));
        var bad = reports.list.stream()
                .map(ILoggingEvent::getFormattedMessage)
                .filter(text -> text.contains("LEAK") || text.contains("is dropped"))
                .toList();
        if (!bad.isEmpty()) {
            throw new AssertionError("leaked buffers or dropped messages: " + bad);
        }
    }

    private static Logger logger(Class<?> type) {
        return (Logger) LoggerFactory.getLogger(type);
    }
}
