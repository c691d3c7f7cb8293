package io.kelpie.node;

import io.kelpie.cluster.port.Completion;
import io.kelpie.node.runtime.CoreCall;
import io.kelpie.node.runtime.CoreLoop;

import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Lets a test call a port on the core loop and wait for the answer. */
public final class Answers {
    private Answers() {}

    /** The answer, whatever it is. */
    public static <T> CoreCall.Answer<T> of(CoreLoop loop, Consumer<Completion<T>> call) {
        return CoreCall.await(loop, TimeUnit.SECONDS.toNanos(30), call, late -> {});
    }

    /** The result of a call that must succeed. */
    public static <T> T result(CoreLoop loop, Consumer<Completion<T>> call) {
        CoreCall.Answer<T> answer = of(loop, call);
        if (answer instanceof CoreCall.Done<T> done) {
            return done.result();
        }
        throw new AssertionError("expected a result, but: " + answer);
    }
}
