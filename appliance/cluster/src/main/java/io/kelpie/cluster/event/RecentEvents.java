package io.kelpie.cluster.event;

import io.kelpie.cluster.port.Coordinator.LoggedEvent;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** The events applied last, kept for peers that cannot reach the coordinator. Core loop only. */
final class RecentEvents {
    /** Longer absences end with the coordinator's log or with a whole state. */
    static final int MAX_EVENTS = 1024;

    private static final long MAX_BYTES = 8 << 20;
    /** One message should not keep a connection busy for long. */
    private static final int MAX_ANSWER_EVENTS = 256;

    private static final long MAX_ANSWER_BYTES = 1 << 20;

    private final ArrayDeque<LoggedEvent> events = new ArrayDeque<>();
    private long bytes;
    /** Everything above this index that was applied is here. */
    private long completeAfter;

    /** Forgets all; the next event added follows an index. */
    void restartAfter(long index) {
        events.clear();
        bytes = 0;
        completeAfter = index;
    }

    void add(LoggedEvent event) {
        events.add(event);
        bytes += event.body().length;
        while (events.size() > MAX_EVENTS || bytes > MAX_BYTES) {
            LoggedEvent oldest = events.remove();
            bytes -= oldest.body().length;
            completeAfter = oldest.index();
        }
    }

    /**
     * The events that follow an index without a gap, as many as one answer may carry; null if they
     * are forgotten.
     */
    @Nullable
    List<LoggedEvent> after(long index) {
        if (index < completeAfter) {
            return null;
        }
        List<LoggedEvent> found = new ArrayList<>();
        long length = 0;
        for (LoggedEvent event : events) {
            if (event.index() > index) {
                length += event.body().length;
                boolean full = found.size() == MAX_ANSWER_EVENTS || length > MAX_ANSWER_BYTES;
                if (full && !found.isEmpty()) {
                    break;
                }
                found.add(event);
            }
        }
        return found;
    }
}
