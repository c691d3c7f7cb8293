package io.kelpie.node.runtime;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;

import java.util.concurrent.TimeUnit;

/**
 * The threads {@code kelpie-io-N} that all network doors share: they move bytes and never block.
 * Any thread may start and close them.
 */
public final class IoThreads implements AutoCloseable {
    /** More threads than this would only move the queue to the core. */
    private static final int MAX_THREADS = 4;

    private static final long CLOSE_SECONDS = 10;

    private final EventLoopGroup group;

    private IoThreads(EventLoopGroup group) {
        this.group = group;
    }

    /**
     * Starts as many threads as the machine has cores, at most four.
     *
     * @return the threads, to be closed after the doors and after the core loop's last answer
     */
    public static IoThreads start() {
        int threads = Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors());
        return new IoThreads(new MultiThreadIoEventLoopGroup(
                threads, NamedThreads.numbered("kelpie-io"), NioIoHandler.newFactory()));
    }

    /**
     * The event loops.
     *
     * @return a group that serves NIO channels
     */
    public EventLoopGroup group() {
        return group;
    }

    /** Ends the threads at once: the doors are closed, nothing can come any more. Bounded. */
    @Override
    public void close() {
        group.shutdownGracefully(0, CLOSE_SECONDS / 2, TimeUnit.SECONDS)
                .awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
    }
}
