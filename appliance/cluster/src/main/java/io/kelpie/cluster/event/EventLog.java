package io.kelpie.cluster.event;

import io.kelpie.cluster.message.LivenessMessage.EventsRequest;
import io.kelpie.cluster.message.LivenessMessage.EventsUpdate;
import io.kelpie.cluster.message.LivenessMessage.StateRequest;
import io.kelpie.cluster.message.LivenessMessage.StateUpdate;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator.EventId;
import io.kelpie.cluster.port.Coordinator.LoggedEvent;
import io.kelpie.cluster.port.LocalStore.RecordValue;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.port.Timers.Timer;
import io.kelpie.cluster.port.Tracer;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Appends events and applies them in index order to the registered appliers, whose state it saves
 * in the node's store from time to time so that old events can be forgotten. The submitter of an
 * event learns the outcome from its own apply. Among several nodes the events come from the
 * coordinator, and from peers while it is away. Core loop only.
 */
public final class EventLog {
    private static final String STATE_RECORD = "cluster-state";
    private static final int READ_BATCH = 256;
    /** A save costs one write of the whole state; replaying so many events costs milliseconds. */
    private static final int SAVE_EVERY = 64;
    /** So a node that was away for a while needs no whole state. */
    static final long KEEP_EVENTS = 10_000;
    /** Trimming is many small changes at the coordinator: not after every save. */
    private static final long TRIM_EVERY = 1_000;
    /** An operator's bulk work at its widest; more waits at the doors. */
    private static final int MAX_WAITING = 65_536;

    private static final long RETRY_NANOS = 100_000_000L;
    /** A look-up must not hang when the coordinator is away: the client is told, and asks again. */
    private static final long CATCH_UP_NANOS = 10_000_000_000L;

    private static final long TRACE_NANOS = 5_000_000_000L;

    private final Ports ports;
    private final NodeId node;
    private final long incarnation;
    private final ClusterState state;
    private final RecentEvents recent = new RecentEvents();
    private final TreeMap<Long, Completion<Integer>> submitted = new TreeMap<>();
    private final List<CatchUp> catchingUp = new ArrayList<>();
    private final TreeMap<Long, List<Completion<Outcome>>> waiting = new TreeMap<>();
    /** Set by {@link #among}; null: this node is the whole cluster. */
    private @Nullable EventSources sources;

    private @Nullable PeerEvents peerEvents;
    private int waitingCount;
    private long lastCounter;
    private long savedIndex;
    private long trimmedIndex;
    private long tracedAt;
    private boolean loaded;
    private boolean reading;
    private boolean readAgain;
    private boolean saving;
    private boolean closed;

    /**
     * Makes an empty log.
     *
     * @param ports coordinator, store, timers and tracer are used; clock and peers among several
     *     nodes
     * @param node the submitting node
     * @param incarnation its process lifetime
     * @param appliers the parts of the cluster's state
     */
    public EventLog(Ports ports, NodeId node, long incarnation, List<EventApplier> appliers) {
        this.ports = ports;
        this.node = node;
        this.incarnation = incarnation;
        this.state = new ClusterState(appliers);
        this.tracedAt = ports.clock().nanos() - TRACE_NANOS;
    }

    /**
     * Makes this the log of one node among several; called before {@link #load}.
     *
     * @param others whom to ask for events when the coordinator is away or has forgotten them
     * @return this log
     */
    public EventLog among(EventSources others) {
        sources = others;
        peerEvents = new PeerEvents(ports, others, this::appliedIndex);
        return this;
    }

    /**
     * Restores the saved state and applies the events after it. Among several nodes it waits for
     * the coordinator however long that takes.
     *
     * @param completion gets DONE when the state is current; NOT_JOINED if the log does not go on
     *     where this node's state ends
     */
    public void load(Completion<Outcome> completion) {
        ports.store().readRecord(STATE_RECORD, new Completion<>() {
            @Override
            public void done(RecordValue record) {
                byte[] saved = record.value();
                if (saved != null) {
                    state.restore(saved);
                    savedIndex = state.appliedIndex();
                    recent.restartAfter(savedIndex);
                }
                compareWithLog(completion);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    /**
     * Index of the last applied event.
     *
     * @return the index, 0 before the first
     */
    public long appliedIndex() {
        return state.appliedIndex();
    }

    /**
     * Appends an event and applies it.
     *
     * @param kind whose event it is
     * @param body the body after the kind byte, position to limit; borrowed
     * @param completion gets the value of the outcome, or its error; an error of the coordinator
     *     leaves open whether the event took or will still take effect
     */
    public void submit(byte kind, ByteBuffer body, Completion<Integer> completion) {
        if (closed || submitted.size() >= MAX_WAITING) {
            completion.failed(closed ? ErrorCode.SHUTTING_DOWN : ErrorCode.BUSY);
            return;
        }
        byte[] bytes = new byte[1 + body.remaining()];
        bytes[0] = kind;
        body.duplicate().get(bytes, 1, body.remaining());
        long counter = ++lastCounter;
        submitted.put(counter, completion);
        append(new EventId(node.high(), node.low(), incarnation, counter), bytes);
    }

    /** Looks for events that others appended. */
    public void onEventsMaybeChanged() {
        if (!closed && loaded) {
            readMore();
        }
    }

    /**
     * A node was heard to have applied events; fetched, from it if need be.
     *
     * @param from the node
     * @param index its last applied event
     */
    public void onPeerApplied(NodeId from, long index) {
        if (!closed && loaded && peerEvents != null && index > appliedIndex()) {
            peerEvents.onAhead(from, index);
            readMore();
        }
    }

    /**
     * Takes events and state, and requests for them.
     *
     * @param from the sender
     * @param message any message
     * @return whether it was for the log; otherwise nothing was done with it
     */
    public boolean onMessage(PeerId from, PeerMessage message) {
        if (message instanceof EventsRequest request) {
            serveEvents(from.node(), request.afterIndex());
        } else if (message instanceof EventsUpdate update) {
            onUpdate(from.node(), update);
        } else if (message instanceof StateRequest) {
            serveState(from.node());
        } else if (message instanceof StateUpdate update) {
            onState(update.state());
        } else {
            return false;
        }
        return true;
    }

    /**
     * Applies everything that was appended before the call: what a look-up needs that must not miss
     * what another node was told is done.
     *
     * @param completion gets DONE then; COORDINATOR_FAILED if the coordinator is away for ten
     *     seconds and there are several nodes
     */
    public void catchUp(Completion<Outcome> completion) {
        if (closed || catchingUp.size() >= MAX_WAITING) {
            completion.failed(closed ? ErrorCode.SHUTTING_DOWN : ErrorCode.BUSY);
            return;
        }
        CatchUp catchUp = new CatchUp(completion);
        if (sources != null && loaded) {
            catchUp.limit = ports.timers().after(CATCH_UP_NANOS, () -> {
                catchingUp.remove(catchUp);
                completion.failed(ErrorCode.COORDINATOR_FAILED);
            });
        }
        catchingUp.add(catchUp);
        readMore();
    }

    /**
     * Waits until an event is applied here, however long that takes.
     *
     * @param index the event
     * @param completion gets DONE then, perhaps before the call returns; BUSY, SHUTTING_DOWN
     */
    public void whenApplied(long index, Completion<Outcome> completion) {
        if (closed) {
            completion.failed(ErrorCode.SHUTTING_DOWN);
        } else if (index <= appliedIndex()) {
            completion.done(Outcome.DONE);
        } else if (waitingCount >= MAX_WAITING) {
            completion.failed(ErrorCode.BUSY);
        } else {
            waitingCount++;
            waiting.computeIfAbsent(index, at -> new ArrayList<>()).add(completion);
            if (peerEvents != null) {
                peerEvents.onWanted(index);
            }
            readMore();
        }
    }

    /**
     * Saves the state and accepts nothing more.
     *
     * @param completion gets DONE once the state is saved
     */
    public void close(Completion<Outcome> completion) {
        closed = true;
        failAll(ErrorCode.SHUTTING_DOWN);
        List<List<Completion<Outcome>>> never = List.copyOf(waiting.values());
        waiting.clear();
        never.forEach(each -> each.forEach(one -> one.failed(ErrorCode.SHUTTING_DOWN)));
        if (peerEvents != null) {
            peerEvents.close();
        }
        if (savedIndex == appliedIndex()) {
            ports.timers().after(0, () -> completion.done(Outcome.DONE));
            return;
        }
        save(completion);
    }

    /**
     * Makes sure that the log goes on where the saved state ends: events of another cluster must
     * not be applied, one of them might be a format.
     */
    private void compareWithLog(Completion<Outcome> completion) {
        EventId last = state.appliedId();
        if (sources == null || last == null) {
            begin(completion);
            return;
        }
        long index = appliedIndex();
        ports.coordinator().readEvents(index - 1, 1, new Completion<>() {
            @Override
            public void done(List<LoggedEvent> events) {
                LoggedEvent there = events.isEmpty() ? null : events.get(0);
                if (there != null && there.index() == index && there.id().equals(last)) {
                    begin(completion);
                    return;
                }
                ports.tracer()
                        .event(
                                Tracer.Level.ERROR,
                                "this node's state ends with event " + index + ", which is not in"
                                        + " the coordinator's log: the store belongs to another"
                                        + " cluster, or the coordinator was restored from a"
                                        + " backup");
                completion.failed(ErrorCode.NOT_JOINED);
            }

            @Override
            public void failed(ErrorCode error) {
                if (error == ErrorCode.OUT_OF_RANGE) {
                    begin(completion);
                } else if (closed || !isWorthRetrying(error)) {
                    completion.failed(error);
                } else {
                    traceWaiting();
                    ports.timers().after(RETRY_NANOS, () -> compareWithLog(completion));
                }
            }
        });
    }

    private void begin(Completion<Outcome> completion) {
        catchUp(completion);
        loaded = true;
    }

    private void append(EventId id, byte[] body) {
        ports.coordinator().appendEvent(id, body, new Completion<>() {
            @Override
            public void done(Long index) {
                if (index > appliedIndex()) {
                    readMore();
                    return;
                }
                // Applied already: then the submitter was told, unless that was within a state
                // that came whole from a peer.
                Completion<Integer> untold = submitted.remove(id.counter());
                if (untold != null) {
                    untold.failed(ErrorCode.COORDINATOR_FAILED);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                onAppendFailed(id, body, error);
            }
        });
    }

    private void onAppendFailed(EventId id, byte[] body, ErrorCode error) {
        if (closed) {
            return;
        }
        if (isWorthRetrying(error)) {
            // The same id again: the coordinator ignores it if the first append did land.
            if (sources == null) {
                String text = "appending an event failed (" + error + "), trying again";
                ports.tracer().event(Tracer.Level.WARN, text);
            } else {
                traceWaiting();
            }
            ports.timers().after(RETRY_NANOS, () -> {
                if (submitted.containsKey(id.counter())) {
                    append(id, body);
                }
            });
            return;
        }
        Completion<Integer> completion = submitted.remove(id.counter());
        if (completion != null) {
            completion.failed(error);
        }
    }

    private static boolean isWorthRetrying(ErrorCode error) {
        return error.category() == ErrorCode.Category.RETRY;
    }

    private void traceWaiting() {
        long now = ports.clock().nanos();
        if (now - tracedAt >= TRACE_NANOS) {
            tracedAt = now;
            ports.tracer().event(Tracer.Level.WARN, "waiting for the coordinator");
        }
    }

    private void failAll(ErrorCode error) {
        List<Completion<?>> ended = new ArrayList<>(submitted.values());
        catchingUp.forEach(each -> ended.add(each.end()));
        submitted.clear();
        catchingUp.clear();
        ended.forEach(each -> each.failed(error));
    }

    private void readMore() {
        if (reading) {
            readAgain = true;
            return;
        }
        reading = true;
        readAgain = false;
        ports.coordinator().readEvents(appliedIndex(), READ_BATCH, new Completion<>() {
            @Override
            public void done(List<LoggedEvent> events) {
                if (closed) {
                    return;
                }
                // Still reading while applying: who wants to catch up in there needs another read.
                events.forEach(EventLog.this::apply);
                reading = false;
                if (peerEvents != null) {
                    peerEvents.onCoordinator(true);
                }
                if (events.size() == READ_BATCH || readAgain) {
                    readMore();
                } else {
                    List<CatchUp> current = List.copyOf(catchingUp);
                    catchingUp.clear();
                    current.forEach(each -> each.end().done(Outcome.DONE));
                }
                afterApplying();
            }

            @Override
            public void failed(ErrorCode error) {
                reading = false;
                if (!closed) {
                    onReadFailed(error);
                }
            }
        });
    }

    private void onReadFailed(ErrorCode error) {
        PeerEvents peers = peerEvents;
        if (peers != null && error == ErrorCode.OUT_OF_RANGE) {
            peers.onForgotten();
            ports.timers().after(RETRY_NANOS, this::readMoreUnlessClosed);
        } else if (isWorthRetrying(error)) {
            if (peers != null) {
                peers.onCoordinator(false);
                traceWaiting();
            }
            ports.timers().after(RETRY_NANOS, this::readMoreUnlessClosed);
        } else {
            // Events that were appended take effect when a later read succeeds.
            failAll(error);
        }
    }

    private void readMoreUnlessClosed() {
        if (!closed) {
            readMore();
        }
    }

    private void apply(LoggedEvent event) {
        if (event.index() <= appliedIndex()) {
            return;
        }
        EventOutcome outcome = state.apply(event);
        if (sources != null) {
            recent.add(event);
        }
        EventId id = event.id();
        if (isOwn(id)) {
            Completion<Integer> completion = submitted.remove(id.counter());
            if (completion != null) {
                answer(completion, outcome);
            }
        }
    }

    private boolean isOwn(EventId id) {
        return id.nodeHigh() == node.high()
                && id.nodeLow() == node.low()
                && id.incarnation() == incarnation;
    }

    private static void answer(Completion<Integer> completion, EventOutcome outcome) {
        ErrorCode error = outcome.error();
        if (error == null) {
            completion.done(outcome.value());
        } else {
            completion.failed(error);
        }
    }

    /** Whoever waits for what is applied now goes on, and the state is saved when it is due. */
    private void afterApplying() {
        while (!waiting.isEmpty() && waiting.firstKey() <= appliedIndex()) {
            List<Completion<Outcome>> over = waiting.pollFirstEntry().getValue();
            waitingCount -= over.size();
            over.forEach(each -> each.done(Outcome.DONE));
        }
        if (!saving && !closed && appliedIndex() - savedIndex >= SAVE_EVERY) {
            save(new Completion<>() {
                @Override
                public void done(Outcome result) {
                    trim();
                }

                @Override
                public void failed(ErrorCode error) {
                    ports.tracer()
                            .event(Tracer.Level.WARN, "saving the cluster state failed: " + error);
                }
            });
        }
    }

    private void trim() {
        if (sources == null) {
            ports.coordinator().trimEvents(savedIndex);
            return;
        }
        EventId last = state.appliedId();
        long through = Math.min(sources.appliedByAll(), savedIndex - KEEP_EVENTS);
        // Whoever appended last trims: one node is enough.
        if (last != null && isOwn(last) && through >= trimmedIndex + TRIM_EVERY) {
            trimmedIndex = through;
            ports.coordinator().trimEvents(through);
        }
    }

    private void save(Completion<Outcome> completion) {
        saving = true;
        long index = appliedIndex();
        StoreOperation put = new StoreOperation.PutRecord(STATE_RECORD, state.encode());
        ports.store().write(new StoreBatch(List.of(put), true), new Completion<>() {
            @Override
            public void done(Outcome result) {
                saving = false;
                savedIndex = index;
                completion.done(result);
            }

            @Override
            public void failed(ErrorCode error) {
                saving = false;
                completion.failed(error);
            }
        });
    }

    private void serveEvents(NodeId to, long afterIndex) {
        if (sources == null || !loaded || afterIndex >= appliedIndex()) {
            return;
        }
        List<LoggedEvent> found = recent.after(afterIndex);
        // None though there are some: the asker sees that they are forgotten here.
        ports.peers().send(to, new EventsUpdate(afterIndex, found == null ? List.of() : found));
    }

    private void serveState(NodeId to) {
        if (sources != null && loaded && appliedIndex() > 0) {
            ports.peers().send(to, new StateUpdate(state.encode()));
        }
    }

    private void onUpdate(NodeId from, EventsUpdate update) {
        PeerEvents peers = peerEvents;
        if (closed || peers == null || update.afterIndex() > appliedIndex()) {
            return;
        }
        if (update.events().isEmpty()) {
            peers.onForgottenBy(from);
            return;
        }
        // Inside an apply the coordinator's read goes on later; here nothing is being applied.
        update.events().forEach(this::apply);
        peers.onProgress(from);
        afterApplying();
    }

    private void onState(byte[] encoded) {
        EventSources others = sources;
        PeerEvents peers = peerEvents;
        if (closed || others == null || peers == null || !peers.takesState()) {
            return;
        }
        if (ClusterState.indexOf(encoded) <= appliedIndex()) {
            return;
        }
        state.restore(encoded);
        Invariant.check(state.appliedIndex() > savedIndex, "a peer's state is newer than the own");
        recent.restartAfter(appliedIndex());
        ports.tracer()
                .event(
                        Tracer.Level.INFO,
                        "took the cluster state as of event " + appliedIndex() + " from a peer");
        peers.onStateTaken();
        others.onStateReplaced();
        readMore();
        afterApplying();
    }

    /** Somebody who waits for everything appended so far. */
    private static final class CatchUp {
        private final Completion<Outcome> completion;
        private @Nullable Timer limit;

        CatchUp(Completion<Outcome> completion) {
            this.completion = completion;
        }

        Completion<Outcome> end() {
            if (limit != null) {
                limit.cancel();
            }
            return completion;
        }
    }
}
