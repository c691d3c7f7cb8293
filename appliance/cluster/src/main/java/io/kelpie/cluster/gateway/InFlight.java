package io.kelpie.cluster.gateway;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.port.Completion;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * Counts the requests in flight at this node, bounds them and tells when the last has ended. Core
 * loop only.
 */
public final class InFlight {
    /** Doors bound their own clients below this; it catches a door that does not. */
    private static final int MAX = 65_536;

    private final List<Runnable> whenIdle = new ArrayList<>();
    private int count;
    private @Nullable ErrorCode refusal;

    /**
     * Starts refusing.
     *
     * @param refusal what requests get until {@link #open}
     */
    public InFlight(ErrorCode refusal) {
        this.refusal = refusal;
    }

    /** Lets requests in. */
    public void open() {
        refusal = null;
    }

    /**
     * Refuses requests from now on; those in flight go on.
     *
     * @param error what they get
     */
    public void close(ErrorCode error) {
        refusal = error;
    }

    /**
     * Why requests are refused.
     *
     * @return the error, or null while they are let in
     */
    public @Nullable ErrorCode refusal() {
        return refusal;
    }

    /**
     * How many requests are in flight.
     *
     * @return at least 0
     */
    public int count() {
        return count;
    }

    /**
     * Runs a task when nothing is in flight, at once if so.
     *
     * @param task the task
     */
    public void whenIdle(Runnable task) {
        if (count == 0) {
            task.run();
        } else {
            whenIdle.add(task);
        }
    }

    /**
     * Lets a request in or refuses it.
     *
     * @param completion the request's
     * @param <T> its result
     * @return the completion to use instead, or null if the request was refused through the given
     *     one
     */
    public <T> @Nullable Completion<T> admit(Completion<T> completion) {
        ErrorCode error = refusal;
        if (error != null) {
            completion.failed(error);
            return null;
        }
        if (count == MAX) {
            completion.failed(ErrorCode.BUSY);
            return null;
        }
        count++;
        return new Admitted<>(completion);
    }

    private void end() {
        count--;
        if (count == 0 && !whenIdle.isEmpty()) {
            List<Runnable> tasks = List.copyOf(whenIdle);
            whenIdle.clear();
            tasks.forEach(Runnable::run);
        }
    }

    private final class Admitted<T> implements Completion<T> {
        private final Completion<T> client;
        private boolean ended;

        Admitted(Completion<T> client) {
            this.client = client;
        }

        @Override
        public void done(T result) {
            once();
            client.done(result);
            end();
        }

        @Override
        public void failed(ErrorCode error) {
            once();
            client.failed(error);
            end();
        }

        private void once() {
            Invariant.check(!ended, "a request ends once", client);
            ended = true;
        }
    }
}
