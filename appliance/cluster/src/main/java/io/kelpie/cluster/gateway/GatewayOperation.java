package io.kelpie.cluster.gateway;

import io.kelpie.cluster.message.GatewayMessage.Answer;
import io.kelpie.cluster.message.PrimaryCall;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Timers.Timer;

import org.jspecify.annotations.Nullable;

/**
 * A client's operation on its way to a primary ({@code cluster.md} 16.5). It keeps its identity
 * over all attempts, so that a primary which carried it out already says so instead of doing it
 * again. An answer to an attempt that was given up is ignored: an older primary's refusal says
 * nothing about what a newer one did. Core loop only.
 *
 * @param <T> the result
 */
abstract class GatewayOperation<T> implements Completion<T> {
    private static final long FIRST_PAUSE_NANOS = 10_000_000L;
    private static final long LONGEST_PAUSE_NANOS = 500_000_000L;

    private final Gateway gateway;
    private final OperationId id;
    private final Completion<T> client;
    private final long startedNanos;
    private Step step = Step.NEW;
    private String reason = "";
    private long pauseNanos = FIRST_PAUSE_NANOS;
    private int attempts;
    private int silences;
    private @Nullable Timer pause;
    private @Nullable Route route;
    private long requestId;
    private long sentNanos;

    GatewayOperation(Gateway gateway, OperationId id, Completion<T> client) {
        this.gateway = gateway;
        this.id = id;
        this.client = client;
        this.startedNanos = gateway.nanos();
    }

    /** The object's group under the map and the VDI table of now. */
    abstract PgId group();

    /** Carries the operation out at this node, the primary. */
    abstract void runHere(PgId pg, long epoch);

    /** The call for another node, with a reference of its own to every payload. */
    abstract PrimaryCall callFor();

    /** The result in an answer, or null if the answer is none to this call. */
    abstract @Nullable T resultOf(Answer answer);

    /** What is asked, for people. */
    abstract String what();

    /** Whether anybody still wants it to be tried again. */
    boolean isWanted() {
        return true;
    }

    final void dispatch() {
        cancelPause();
        if (!isWanted()) {
            end(ErrorCode.NO_PRIMARY);
            return;
        }
        PgId pg = group();
        Route next = gateway.route(pg);
        route = next;
        if (next == null) {
            step = Step.WAITING;
            reason = "waits for " + pg + ", which has no primary";
            // Also without a newer map: the group of the object may change with the VDI table.
            startPause();
            return;
        }
        attempts++;
        if (next.here()) {
            step = Step.HERE;
            reason = "waits for " + pg + " at this node";
            runHere(pg, next.epoch());
        } else {
            step = Step.AWAY;
            reason = "waits for the answer of " + next.primary() + ", the primary of " + pg;
            sentNanos = gateway.nanos();
            requestId = gateway.send(this, next);
        }
    }

    @Override
    public final void done(T result) {
        Invariant.check(step == Step.HERE, "an operation is carried out once", id);
        finish();
        client.done(result);
    }

    @Override
    public final void failed(ErrorCode error) {
        Invariant.check(step == Step.HERE, "an operation is carried out once", id);
        if (isRetried(error)) {
            waitAndRetry("was refused by this node (" + error + ")");
        } else {
            end(error);
        }
    }

    /** The primary elsewhere answered the present attempt. Ownership of the answer passes here. */
    final void onAnswer(Answer answer) {
        Invariant.check(step == Step.AWAY, "an answered operation was sent", id);
        silences = 0;
        if (answer instanceof Answer.Failed failed) {
            end(failed.error());
        } else if (answer instanceof Answer.Elsewhere) {
            waitAndRetry("was refused by the node that the map names");
        } else {
            T result =
                    Invariant.present(resultOf(answer), "the answer fits the question " + what());
            finish();
            client.done(result);
        }
    }

    /** No answer to the present attempt will come. */
    final void onLost() {
        waitAndRetry("lost the connection to the primary");
    }

    /** No answer came for long. */
    final void onSilence() {
        silences++;
        waitAndRetry("got no answer from the primary");
    }

    /**
     * A newer map is in force: whoever waits, or was sent to who is no primary now, goes at once.
     */
    final void onMap() {
        if (step == Step.WAITING) {
            dispatch();
        } else if (step == Step.AWAY && !isStillRight()) {
            gateway.forget(requestId);
            dispatch();
        }
    }

    private boolean isStillRight() {
        Route sent = Invariant.present(route, "a sent operation has a route");
        return sent.pg().equals(group()) && sent.equals(gateway.route(sent.pg()));
    }

    /** Ends it unless this node's own groups have it in work: those answer by themselves. */
    final void close() {
        abandon(ErrorCode.SHUTTING_DOWN);
    }

    /** As {@link #close}, with another error. */
    final void abandon(ErrorCode error) {
        if (step != Step.HERE && step != Step.ENDED) {
            gateway.forget(requestId);
            end(error);
        }
    }

    /** Ends it before it was tried. */
    final void refuse(ErrorCode error) {
        end(error);
    }

    private void waitAndRetry(String why) {
        if (gateway.isClosed()) {
            end(ErrorCode.SHUTTING_DOWN);
            return;
        }
        step = Step.WAITING;
        reason = why;
        startPause();
    }

    private void startPause() {
        pause = gateway.after(pauseNanos, this::dispatch);
        pauseNanos = Math.min(2 * pauseNanos, LONGEST_PAUSE_NANOS);
    }

    private void cancelPause() {
        Timer running = pause;
        if (running != null) {
            running.cancel();
            pause = null;
        }
    }

    private void end(ErrorCode error) {
        finish();
        client.failed(error);
    }

    private void finish() {
        Invariant.check(step != Step.ENDED, "an operation ends once", id);
        cancelPause();
        step = Step.ENDED;
        gateway.remove(this);
    }

    /** Errors that say: look at the map, then try again. */
    static boolean isRetried(ErrorCode error) {
        return switch (error.category()) {
            case RETRY, SHUTDOWN -> true;
            case CLIENT, CAPACITY, DATA -> false;
        };
    }

    final OperationId id() {
        return id;
    }

    final @Nullable Route route() {
        return route;
    }

    final int silences() {
        return silences;
    }

    final long sentNanos() {
        return sentNanos;
    }

    final OperationState state() {
        return new OperationState(id, what(), attempts, gateway.nanos() - startedNanos, reason);
    }

    /** Where it is. */
    private enum Step {
        /** Not tried yet. */
        NEW,
        /** In work at this node. */
        HERE,
        /** Sent to the primary, not answered. */
        AWAY,
        /** Tried again after a pause, or at the next map. */
        WAITING,
        /** Over. */
        ENDED
    }
}
