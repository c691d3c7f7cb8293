package io.kelpie.cluster.membership;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Ports;

import java.util.ArrayList;
import java.util.List;

/** Operators that wait for a format of the whole cluster. Core loop only. */
final class FormatCalls {
    private static final int MAX_CALLS = 16;
    /** A format waits for silent nodes; longer than this, people should look. */
    private static final long LIMIT_NANOS = 60_000_000_000L;

    private final Ports ports;
    private final EventLog events;
    private final FormatRecord formatRecord;
    private final List<Call> calls = new ArrayList<>();

    FormatCalls(Ports ports, EventLog events, FormatRecord formatRecord) {
        this.ports = ports;
        this.events = events;
        this.formatRecord = formatRecord;
    }

    void format(ClusterSettings wish, Completion<Outcome> completion) {
        if (calls.size() >= MAX_CALLS) {
            ports.timers().after(0, () -> completion.failed(ErrorCode.BUSY));
            return;
        }
        // Stores are told apart by it: later than the last, whatever the clocks say.
        long created = Math.max(wish.createdNanos(), formatRecord.settings().createdNanos() + 1);
        ClusterSettings settings = new ClusterSettings(
                created, wish.flags(), wish.copies(), wish.blockSizeShift(), wish.store());
        Call call = new Call(created, completion);
        calls.add(call);
        ports.timers().after(LIMIT_NANOS, () -> {
            if (calls.remove(call)) {
                completion.failed(ErrorCode.COORDINATOR_FAILED);
            }
        });
        events.submit(FormatRecord.KIND, FormatRecord.encode(settings), new Completion<>() {
            @Override
            public void done(Integer value) {
                // It ends with the map.
            }

            @Override
            public void failed(ErrorCode error) {
                if (calls.remove(call)) {
                    completion.failed(error);
                }
            }
        });
    }

    void onMap(ClusterMap map) {
        long created = map.settings().createdNanos();
        for (Call call : List.copyOf(calls)) {
            if (call.createdNanos <= created && calls.remove(call)) {
                if (call.createdNanos == created) {
                    call.completion.done(Outcome.DONE);
                } else {
                    // Another format came right behind.
                    call.completion.failed(ErrorCode.BUSY);
                }
            }
        }
    }

    void close() {
        List<Call> ended = List.copyOf(calls);
        calls.clear();
        ended.forEach(each -> each.completion.failed(ErrorCode.SHUTTING_DOWN));
    }

    /** Told apart by identity: two calls may be alike. */
    private static final class Call {
        private final long createdNanos;
        private final Completion<Outcome> completion;

        Call(long createdNanos, Completion<Outcome> completion) {
            this.createdNanos = createdNanos;
            this.completion = completion;
        }
    }
}
