package io.kelpie.cluster.membership;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.membership.EpochLog.Epoch;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Ports;

import java.util.ArrayDeque;

/**
 * Sees to it that every epoch gets its event: all nodes note the epochs of the maps they install,
 * the controller appends those that no event told yet. So none is missing when a controller dies
 * between a map and its event. Core loop only.
 */
final class EpochNotes {
    /** More changes of members than happen while there is no controller. */
    private static final int MAX_NOTES = 64;

    private final Ports ports;
    private final EventLog events;
    private final EpochLog log;
    private final ArrayDeque<Epoch> notes = new ArrayDeque<>();
    private long createdNanos;
    private boolean appending;

    EpochNotes(Ports ports, EventLog events, EpochLog log) {
        this.ports = ports;
        this.events = events;
        this.log = log;
    }

    void onMap(ClusterMap map) {
        if (map.settings().createdNanos() != createdNanos) {
            createdNanos = map.settings().createdNanos();
            notes.clear();
        }
        boolean noted = !notes.isEmpty() && notes.getLast().epoch() >= map.epoch();
        if (map.epoch() > 0 && !noted && !log.has(map.epoch())) {
            notes.add(Epoch.of(map, ports.clock().wallNanos()));
            if (notes.size() > MAX_NOTES) {
                notes.remove();
            }
        }
    }

    /** Called by the controller from time to time, and after each map. */
    void append() {
        while (!notes.isEmpty() && log.has(notes.getFirst().epoch())) {
            notes.remove();
        }
        if (appending || notes.isEmpty()) {
            return;
        }
        appending = true;
        Epoch told = notes.getFirst();
        events.submit(EpochLog.KIND, EpochLog.event(createdNanos, told), new Completion<>() {
            @Override
            public void done(Integer value) {
                appending = false;
                // Told once is enough, also if a format came first and it was ignored.
                notes.remove(told);
                append();
            }

            @Override
            public void failed(ErrorCode error) {
                appending = false;
            }
        });
    }
}
