package io.kelpie.cluster.event;

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
import io.kelpie.cluster.port.Tracer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * Appends events and applies them in index order to the registered appliers, whose state it saves
 * in the node's store from time to time so that old events can be forgotten. The submitter of an
 * event learns the outcome from its own apply. Core loop only.
 *
 * <p>Saved state, little endian: format u32 (1), applied index u64, then for each applier in kind
 * order: kind u8, length u32, bytes.
 */
public final class EventLog {
    private static final String STATE_RECORD = "cluster-state";
    private static final int FORMAT = 1;
    private static final int READ_BATCH = 256;
    /** A save costs one write of the whole state; replaying so many events costs milliseconds. */
    private static final int SAVE_EVERY = 64;

    private static final long RETRY_NANOS = 100_000_000L;

    private final Ports ports;
    private final NodeId node;
    private final long incarnation;
    private final TreeMap<Byte, EventApplier> appliers = new TreeMap<>();
    private final TreeMap<Long, Completion<Integer>> submitted = new TreeMap<>();
    private final List<Completion<Outcome>> catchingUp = new ArrayList<>();
    private long lastCounter;
    private long appliedIndex;
    private long savedIndex;
    private boolean reading;
    private boolean readAgain;
    private boolean saving;
    private boolean closed;

    /**
     * Makes an empty log.
     *
     * @param ports coordinator, store, timers and tracer are used
     * @param node the submitting node
     * @param incarnation its process lifetime
     * @param appliers the parts of the cluster's state
     */
    public EventLog(Ports ports, NodeId node, long incarnation, List<EventApplier> appliers) {
        this.ports = ports;
        this.node = node;
        this.incarnation = incarnation;
        for (EventApplier applier : appliers) {
            EventApplier other = this.appliers.put(applier.kind(), applier);
            Invariant.check(other == null, "one applier for an event kind", applier.kind());
        }
    }

    /**
     * Makes this the log of one node among several; called before {@link #load}.
     *
     * @param others whom to ask for events when the coordinator is away or has forgotten them
     * @return this log
     */
    public EventLog among(EventSources others) {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * Takes events and state, and requests for them.
     *
     * @param from the sender
     * @param message any message
     * @return whether it was for the log; otherwise nothing was done with it
     */
    public boolean onMessage(PeerId from, PeerMessage message) {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * A node was heard to have applied events; fetched, from it if need be.
     *
     * @param node the node
     * @param index its last applied event
     */
    public void onPeerApplied(NodeId node, long index) {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * Waits until an event is applied here, however long that takes.
     *
     * @param index the event
     * @param completion gets DONE then, perhaps before the call returns; SHUTTING_DOWN
     */
    public void whenApplied(long index, Completion<Outcome> completion) {
        throw new UnsupportedOperationException("not built yet");
    }

    /**
     * Restores the saved state and applies the events after it.
     *
     * @param completion gets DONE when the state is current
     */
    public void load(Completion<Outcome> completion) {
        ports.store().readRecord(STATE_RECORD, new Completion<>() {
            @Override
            public void done(RecordValue record) {
                byte[] saved = record.value();
                if (saved != null) {
                    restore(ByteBuffer.wrap(saved).order(ByteOrder.LITTLE_ENDIAN));
                }
                catchUp(completion);
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
        return appliedIndex;
    }

    /**
     * Appends an event and applies it.
     *
     * @param kind whose event it is
     * @param body the body after the kind byte, position to limit; borrowed
     * @param completion gets the value of the outcome, or its error; an error of the coordinator
     *     leaves open whether the event will still take effect
     */
    public void submit(byte kind, ByteBuffer body, Completion<Integer> completion) {
        if (closed) {
            completion.failed(ErrorCode.SHUTTING_DOWN);
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
        if (!closed) {
            readMore();
        }
    }

    /**
     * Applies everything that was appended before the call.
     *
     * @param completion gets DONE then
     */
    public void catchUp(Completion<Outcome> completion) {
        if (closed) {
            completion.failed(ErrorCode.SHUTTING_DOWN);
            return;
        }
        catchingUp.add(completion);
        readMore();
    }

    /**
     * Saves the state and accepts nothing more.
     *
     * @param completion gets DONE once the state is saved
     */
    public void close(Completion<Outcome> completion) {
        closed = true;
        failAll(ErrorCode.SHUTTING_DOWN);
        if (savedIndex == appliedIndex) {
            ports.timers().after(0, () -> completion.done(Outcome.DONE));
            return;
        }
        save(completion);
    }

    private void append(EventId id, byte[] body) {
        ports.coordinator().appendEvent(id, body, new Completion<>() {
            @Override
            public void done(Long index) {
                if (index > appliedIndex) {
                    readMore();
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
            ports.tracer()
                    .event(
                            Tracer.Level.WARN,
                            "appending an event failed (" + error + "), trying again");
            ports.timers().after(RETRY_NANOS, () -> append(id, body));
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

    private void failAll(ErrorCode error) {
        List<Completion<?>> waiting = new ArrayList<>(submitted.values());
        waiting.addAll(catchingUp);
        submitted.clear();
        catchingUp.clear();
        waiting.forEach(each -> each.failed(error));
    }

    private void readMore() {
        if (reading) {
            readAgain = true;
            return;
        }
        reading = true;
        readAgain = false;
        ports.coordinator().readEvents(appliedIndex, READ_BATCH, new Completion<>() {
            @Override
            public void done(List<LoggedEvent> events) {
                // Still reading while applying: who wants to catch up in there needs another read.
                events.forEach(EventLog.this::apply);
                reading = false;
                if (events.size() == READ_BATCH || readAgain) {
                    readMore();
                } else {
                    List<Completion<Outcome>> waiting = List.copyOf(catchingUp);
                    catchingUp.clear();
                    waiting.forEach(each -> each.done(Outcome.DONE));
                }
                saveWhenDue();
            }

            @Override
            public void failed(ErrorCode error) {
                reading = false;
                if (closed) {
                    return;
                }
                if (isWorthRetrying(error)) {
                    ports.timers().after(RETRY_NANOS, EventLog.this::readMore);
                } else {
                    // Events that were appended take effect when a later read succeeds.
                    failAll(error);
                }
            }
        });
    }

    private void apply(LoggedEvent event) {
        if (event.index() <= appliedIndex) {
            return;
        }
        ByteBuffer body = ByteBuffer.wrap(event.body()).order(ByteOrder.LITTLE_ENDIAN);
        byte kind = body.get();
        EventApplier applier =
                Invariant.present(appliers.get(kind), "every event has an applier, kind " + kind);
        EventOutcome outcome = applier.apply(body.slice().order(ByteOrder.LITTLE_ENDIAN));
        appliedIndex = event.index();
        EventId id = event.id();
        if (id.nodeHigh() == node.high()
                && id.nodeLow() == node.low()
                && id.incarnation() == incarnation) {
            Completion<Integer> completion = submitted.remove(id.counter());
            if (completion != null) {
                answer(completion, outcome);
            }
        }
    }

    private static void answer(Completion<Integer> completion, EventOutcome outcome) {
        ErrorCode error = outcome.error();
        if (error == null) {
            completion.done(outcome.value());
        } else {
            completion.failed(error);
        }
    }

    private void saveWhenDue() {
        if (!saving && !closed && appliedIndex - savedIndex >= SAVE_EVERY) {
            save(new Completion<>() {
                @Override
                public void done(Outcome result) {
                    ports.coordinator().trimEvents(savedIndex);
                }

                @Override
                public void failed(ErrorCode error) {
                    ports.tracer()
                            .event(Tracer.Level.WARN, "saving the cluster state failed: " + error);
                }
            });
        }
    }

    private void save(Completion<Outcome> completion) {
        saving = true;
        long index = appliedIndex;
        StoreOperation put = new StoreOperation.PutRecord(STATE_RECORD, encode());
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

    private byte[] encode() {
        List<ByteBuffer> parts = new ArrayList<>();
        int length = Integer.BYTES + Long.BYTES;
        for (EventApplier applier : appliers.values()) {
            ByteBuffer part = applier.save();
            parts.add(part);
            length += 1 + Integer.BYTES + part.remaining();
        }
        ByteBuffer out = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(FORMAT).putLong(appliedIndex);
        int next = 0;
        for (byte kind : appliers.keySet()) {
            ByteBuffer part = parts.get(next++);
            out.put(kind).putInt(part.remaining()).put(part);
        }
        return out.array();
    }

    private void restore(ByteBuffer saved) {
        int format = saved.getInt();
        Invariant.check(format == FORMAT, "the saved cluster state has format " + FORMAT, format);
        appliedIndex = saved.getLong();
        savedIndex = appliedIndex;
        while (saved.hasRemaining()) {
            EventApplier applier =
                    Invariant.present(appliers.get(saved.get()), "every saved part has an applier");
            int length = saved.getInt();
            applier.restore(saved.slice(saved.position(), length).order(ByteOrder.LITTLE_ENDIAN));
            saved.position(saved.position() + length);
        }
    }
}
