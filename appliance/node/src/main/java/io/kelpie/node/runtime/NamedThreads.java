package io.kelpie.node.runtime;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Makes the node's threads: each has a name that begins with {@code kelpie-}, so that a thread dump
 * reads by itself, and is a daemon thread, so that a failed start can end the process. Any thread.
 */
public final class NamedThreads implements ThreadFactory {
    private final String prefix;
    private final AtomicInteger next = new AtomicInteger();

    private NamedThreads(String prefix) {
        this.prefix = prefix;
    }

    /**
     * A factory of numbered threads.
     *
     * @param prefix name before the number, for example {@code kelpie-io}
     * @return the factory; its threads are {@code prefix-0}, {@code prefix-1}, ...
     */
    public static NamedThreads numbered(String prefix) {
        return new NamedThreads(prefix);
    }

    /**
     * Makes one thread, not yet started.
     *
     * @param name the whole name
     * @param body what it runs
     * @return the thread
     */
    public static Thread named(String name, Runnable body) {
        Thread thread = new Thread(body, name);
        thread.setDaemon(true);
        return thread;
    }

    @Override
    public Thread newThread(Runnable body) {
        return named(prefix + "-" + next.getAndIncrement(), body);
    }
}
