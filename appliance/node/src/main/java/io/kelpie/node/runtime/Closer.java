package io.kelpie.node.runtime;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A stack of what was opened; closing it closes everything in reverse order and goes on when one
 * step fails. One thread at a time.
 */
public final class Closer implements AutoCloseable {
    private final Deque<Step> steps = new ArrayDeque<>();

    /** Creates an empty stack. */
    public Closer() {}

    /**
     * Remembers a resource.
     *
     * @param what its name, for the text of a failure
     * @param resource closed once by {@link #close}
     * @param <T> its type
     * @return the resource
     */
    public <T extends AutoCloseable> T add(String what, T resource) {
        steps.push(new Step(what, resource));
        return resource;
    }

    /**
     * Closes everything that was added, last first. A second call does nothing.
     *
     * @throws IllegalStateException if steps failed: names the first that did and carries all as
     *     suppressed exceptions
     */
    @Override
    public void close() {
        IllegalStateException failure = null;
        while (!steps.isEmpty()) {
            Step step = steps.pop();
            try {
                step.resource.close();
            } catch (Exception e) {
                if (failure == null) {
                    failure = new IllegalStateException(
                            "cannot close the " + step.what + ": " + e.getMessage());
                }
                failure.addSuppressed(e);
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private record Step(String what, AutoCloseable resource) {}
}
