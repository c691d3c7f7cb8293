package io.kelpie.node.runtime;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Lets a thread that may block, such as one of FUSE's, call the core and wait for the answer with a
 * deadline. One object for each call.
 *
 * @param <T> the result
 */
public final class CoreCall<T> implements Completion<T> {
    private final CompletableFuture<Answer<T>> answer = new CompletableFuture<>();
    private final Consumer<T> dispose;

    private CoreCall(Consumer<T> dispose) {
        this.dispose = dispose;
    }

    /**
     * Has a call made on the core thread and waits for its completion. Not from the core thread.
     *
     * @param loop the core
     * @param timeoutNanos how long to wait
     * @param call what to do on the core thread with the completion
     * @param dispose releases a result that came after the deadline; runs on the core thread
     * @param <T> the result
     * @return the answer; {@link ErrorCode#SHUTTING_DOWN} if the loop has ended
     */
    public static <T> Answer<T> await(
            CoreLoop loop, long timeoutNanos, Consumer<Completion<T>> call, Consumer<T> dispose) {
        CoreCall<T> waiting = new CoreCall<>(dispose);
        if (!loop.post(() -> call.accept(waiting))) {
            return new Failed<>(ErrorCode.SHUTTING_DOWN);
        }
        return waiting.awaitAnswer(timeoutNanos);
    }

    @Override
    public void done(T result) {
        if (!answer.complete(new Done<>(result))) {
            dispose.accept(result);
        }
    }

    @Override
    public void failed(ErrorCode error) {
        answer.complete(new Failed<>(error));
    }

    private Answer<T> awaitAnswer(long timeoutNanos) {
        try {
            return answer.get(timeoutNanos, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            answer.complete(new TimedOut<>());
        } catch (TimeoutException e) {
            answer.complete(new TimedOut<>());
        } catch (ExecutionException e) {
            throw new IllegalStateException("an answer is never an exception", e);
        }
        // The core may have been faster than the line above.
        return answer.join();
    }

    /**
     * How a call ended.
     *
     * @param <T> the result
     */
    public sealed interface Answer<T> {}

    /**
     * It succeeded.
     *
     * @param result what it gave, owned by the caller
     * @param <T> the result
     */
    public record Done<T>(T result) implements Answer<T> {}

    /**
     * It failed.
     *
     * @param error why
     * @param <T> the result
     */
    public record Failed<T>(ErrorCode error) implements Answer<T> {}

    /**
     * No answer came before the deadline; the call may still take effect.
     *
     * @param <T> the result
     */
    public record TimedOut<T>() implements Answer<T> {}
}
