package io.kelpie.node.export;

import io.kelpie.cluster.port.Completion;
import io.kelpie.fuse.FuseError;
import io.kelpie.fuse.FuseException;
import io.kelpie.node.runtime.CoreCall;
import io.kelpie.node.runtime.CoreLoop;

import java.util.function.Consumer;
import java.util.function.Supplier;

/** Calls from FUSE threads into the core, with the deadline and the errors of the FUSE door. */
final class CoreAnswers {
    private final CoreLoop loop;
    private final long timeoutNanos;

    CoreAnswers(CoreLoop loop, long timeoutNanos) {
        this.loop = loop;
        this.timeoutNanos = timeoutNanos;
    }

    /** Waits for a call's completion; {@code what} begins the text of a failure. */
    <T> T await(String what, Consumer<Completion<T>> call) {
        return await(what, call, late -> {});
    }

    /** The same with a result that must be disposed of when it comes too late. */
    <T> T await(String what, Consumer<Completion<T>> call, Consumer<T> dispose) {
        CoreCall.Answer<T> answer = CoreCall.await(loop, timeoutNanos, call, dispose);
        if (answer instanceof CoreCall.Done<T> done) {
            return done.result();
        }
        if (answer instanceof CoreCall.Failed<T> failed) {
            throw new FuseException(
                    FuseErrors.of(failed.error()), what + " failed: " + failed.error());
        }
        throw new FuseException(
                FuseError.ETIMEDOUT,
                what + " was not answered within " + timeoutNanos / 1_000_000 + " ms");
    }

    /** Asks for something that is there at once. */
    <T> T ask(String what, Supplier<T> question) {
        return await(what, completion -> completion.done(question.get()));
    }
}
