package io.kelpie.simulator;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.port.Completion;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * Where a client sits: the node that serves it, until that node dies and the client moves to
 * another.
 */
final class Seat {
    private final Workload workload;
    private final List<TestVdi> writing = new ArrayList<>();
    private SimNode node;
    private @Nullable SimNode wanted;
    private int inFlight;
    /** Whether a step is planned or under way, so that the client is not woken twice. */
    private boolean active;

    Seat(Workload workload, SimNode node) {
        this.workload = workload;
        this.node = node;
    }

    SimNode node() {
        return node;
    }

    SimNode.Lifetime lifetime() {
        return node.lifetime();
    }

    Engine engine() {
        return node.engine();
    }

    boolean isAlwaysDurable() {
        return node.isAlwaysDurable();
    }

    /** Whether no call is under way. */
    boolean isQuiet() {
        return inFlight == 0;
    }

    boolean isActive() {
        return active;
    }

    /** Calls the engine and counts the call until it ends. */
    <T> void call(
            String what, Consumer<Completion<T>> call, CompletionLedger.Receiver<T> receiver) {
        inFlight++;
        lifetime().completions().<T>call(what, call, outcome -> {
            inFlight--;
            workload.onEnded();
            receiver.onEnd(outcome);
        });
    }

    /** Lets a client think and then do its next step. */
    void next(Client client) {
        active = workload.isIssuing() && node.isServing();
        if (active) {
            node.lifetime().process().post(workload.thinkNanos(), "client", () -> {
                active = workload.isIssuing() && node.isServing();
                if (active && wanted != null) {
                    change(client);
                } else if (active) {
                    client.step();
                }
            });
        }
    }

    /** The client goes to another node as soon as it has nothing under way. */
    void want(SimNode other) {
        wanted = other;
    }

    private void change(Client client) {
        SimNode other = Objects.requireNonNull(wanted);
        wanted = null;
        if (other != node && other.isServing()) {
            client.leave();
            node = other;
        }
        next(client);
    }

    void writerStarted(TestVdi vdi) {
        vdi.writerStarted();
        writing.add(vdi);
    }

    void writerEnded(TestVdi vdi) {
        vdi.writerEnded();
        writing.remove(vdi);
    }

    /** The node's process is gone: none of the calls will be answered. */
    void onDown() {
        inFlight = 0;
        active = false;
        for (TestVdi vdi : writing) {
            vdi.writerEnded();
        }
        writing.clear();
    }

    /** Sits down elsewhere; nothing is under way. */
    void moveTo(SimNode other) {
        node = other;
    }
}
