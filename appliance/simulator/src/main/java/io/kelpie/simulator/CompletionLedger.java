package io.kelpie.simulator;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Wraps the completions that clients hand to the engine of one process: each ends exactly once,
 * perhaps inside the call that it was handed to, and all have ended when the world is quiet.
 */
final class CompletionLedger {
    private final World world;
    private final SimProcess process;
    private final Map<Long, String> open = new LinkedHashMap<>();
    private long made;

    CompletionLedger(World world, SimProcess process) {
        this.world = world;
        this.process = process;
    }

    /**
     * Calls the engine with a checked completion.
     *
     * @param what the call, for reports
     * @param call gets the completion to hand over
     * @param receiver gets how it ended
     */
    <T> void call(String what, Consumer<Completion<T>> call, Receiver<T> receiver) {
        long number = made++;
        open.put(number, what + " since " + world.now() + " ns");
        call.accept(new Checked<>(number, what, receiver));
    }

    int openCount() {
        return open.size();
    }

    /** The oldest calls that have not ended. */
    List<String> openCalls() {
        return new ArrayList<>(open.values()).subList(0, Math.min(8, open.size()));
    }

    /** Receives both outcomes in one method. */
    interface Receiver<T> {
        void onEnd(Ended<T> ended);
    }

    private final class Checked<T> implements Completion<T> {
        private final long number;
        private final String what;
        private final Receiver<T> receiver;
        private boolean ended;

        private Checked(long number, String what, Receiver<T> receiver) {
            this.number = number;
            this.what = what;
            this.receiver = receiver;
        }

        @Override
        public void done(T result) {
            end("done", 0);
            receiver.onEnd(Ended.done(result));
        }

        @Override
        public void failed(ErrorCode error) {
            end("failed", error.name().hashCode());
            receiver.onEnd(Ended.failed(error));
        }

        private void end(String how, long value) {
            world.check(!ended, "a completion ends once", what + " " + how + " again");
            world.check(process.isAlive(), "a dead process completes nothing", what);
            ended = true;
            open.remove(number);
            world.note(process.name(), what + " " + how, number, value);
        }
    }
}
