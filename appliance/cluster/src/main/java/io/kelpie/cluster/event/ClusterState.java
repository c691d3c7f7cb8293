package io.kelpie.cluster.event;

import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.port.Coordinator.EventId;
import io.kelpie.cluster.port.Coordinator.LoggedEvent;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * What applying the events so far has made: the state of all appliers and the place in the log.
 * Core loop only.
 *
 * <p>Saved, little endian: format u32 (2), applied index u64, id of the event there u64 u64 u64 u64
 * (zeros: unknown), then for each applier in kind order: kind u8, length u32, bytes. Format 1 has
 * no id.
 */
final class ClusterState {
    private static final int FORMAT = 2;
    private static final int FORMAT_WITHOUT_ID = 1;
    private static final int HEADER_BYTES = Integer.BYTES + 5 * Long.BYTES;

    private final TreeMap<Byte, EventApplier> appliers = new TreeMap<>();
    private long appliedIndex;
    private @Nullable EventId appliedId;

    ClusterState(List<EventApplier> appliers) {
        for (EventApplier applier : appliers) {
            EventApplier other = this.appliers.put(applier.kind(), applier);
            Invariant.check(other == null, "one applier for an event kind", applier.kind());
        }
    }

    long appliedIndex() {
        return appliedIndex;
    }

    /** Which event was applied last; null before the first, or if it was not saved. */
    @Nullable
    EventId appliedId() {
        return appliedId;
    }

    EventOutcome apply(LoggedEvent event) {
        Invariant.check(event.index() > appliedIndex, "events are applied in order", event.index());
        ByteBuffer body = ByteBuffer.wrap(event.body()).order(ByteOrder.LITTLE_ENDIAN);
        byte kind = body.get();
        EventApplier applier =
                Invariant.present(appliers.get(kind), "every event has an applier, kind " + kind);
        EventOutcome outcome = applier.apply(body.slice().order(ByteOrder.LITTLE_ENDIAN));
        appliedIndex = event.index();
        appliedId = event.id();
        return outcome;
    }

    byte[] encode() {
        List<ByteBuffer> parts = new ArrayList<>();
        int length = HEADER_BYTES;
        for (EventApplier applier : appliers.values()) {
            ByteBuffer part = applier.save();
            parts.add(part);
            length += 1 + Integer.BYTES + part.remaining();
        }
        ByteBuffer out = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(FORMAT).putLong(appliedIndex);
        EventId id = appliedId == null ? new EventId(0, 0, 0, 0) : appliedId;
        out.putLong(id.nodeHigh()).putLong(id.nodeLow());
        out.putLong(id.incarnation()).putLong(id.counter());
        int next = 0;
        for (byte kind : appliers.keySet()) {
            ByteBuffer part = parts.get(next++);
            out.put(kind).putInt(part.remaining()).put(part);
        }
        return out.array();
    }

    /** The applied index of an encoded state. */
    static long indexOf(byte[] state) {
        return ByteBuffer.wrap(state).order(ByteOrder.LITTLE_ENDIAN).getLong(Integer.BYTES);
    }

    void restore(byte[] state) {
        ByteBuffer saved = ByteBuffer.wrap(state).order(ByteOrder.LITTLE_ENDIAN);
        int format = saved.getInt();
        Invariant.check(
                format == FORMAT || format == FORMAT_WITHOUT_ID,
                "the saved cluster state has a known format",
                format);
        appliedIndex = saved.getLong();
        appliedId = null;
        if (format == FORMAT) {
            EventId id =
                    new EventId(saved.getLong(), saved.getLong(), saved.getLong(), saved.getLong());
            appliedId = id.counter() == 0 ? null : id;
        }
        while (saved.hasRemaining()) {
            EventApplier applier =
                    Invariant.present(appliers.get(saved.get()), "every saved part has an applier");
            int length = saved.getInt();
            applier.restore(saved.slice(saved.position(), length).order(ByteOrder.LITTLE_ENDIAN));
            saved.position(saved.position() + length);
        }
    }
}
