package io.kelpie.cluster.membership;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Timers.Timer;
import io.kelpie.cluster.port.Tracer;

import org.jspecify.annotations.Nullable;

/**
 * Empties this node's store after a format event, whenever the store's cluster is not the one that
 * was formatted last: at once, or at the next start if the process died in between. Core loop only.
 */
final class FormatWork {
    /** A client that does not end its request must not keep the whole cluster from its format. */
    private static final long IDLE_NANOS = 10_000_000_000L;

    private static final long RETRY_NANOS = 1_000_000_000L;

    private final Ports ports;
    private final NodeRecords records;
    private final FormatRecord formatRecord;
    private final Listener listener;
    private boolean working;
    private boolean closed;

    /** Learns how far the work is. */
    interface Listener {
        /** Requests must be refused from now on; the task is to be run when none is in flight. */
        void onBegin(Runnable idle);

        /** The store belongs to the cluster formatted last, and holds nothing. */
        void onEmptied();
    }

    FormatWork(Ports ports, NodeRecords records, FormatRecord formatRecord, Listener listener) {
        this.ports = ports;
        this.records = records;
        this.formatRecord = formatRecord;
        this.listener = listener;
    }

    boolean isPending() {
        return formatRecord.settings().createdNanos() != records.createdNanos();
    }

    /** Begins if there is something to do and it was not begun. */
    void begin() {
        if (working || closed || !isPending()) {
            return;
        }
        working = true;
        Idle idle = new Idle();
        idle.limit = ports.timers().after(IDLE_NANOS, idle);
        // An applied event or a restored state brought us here: let that end first.
        ports.timers().after(0, () -> {
            if (!closed) {
                listener.onBegin(idle);
            }
        });
    }

    void close() {
        closed = true;
    }

    private void empty() {
        if (closed) {
            return;
        }
        long created = formatRecord.settings().createdNanos();
        records.empty(created, new Completion<>() {
            @Override
            public void done(Outcome result) {
                if (closed) {
                    return;
                }
                if (isPending()) {
                    empty();
                    return;
                }
                working = false;
                listener.onEmptied();
            }

            @Override
            public void failed(ErrorCode error) {
                ports.tracer()
                        .event(
                                Tracer.Level.ERROR,
                                "emptying the store for a format failed: " + error);
                ports.timers().after(RETRY_NANOS, FormatWork.this::empty);
            }
        });
    }

    /** Goes on once, when no request is in flight or the time is over. */
    private final class Idle implements Runnable {
        private @Nullable Timer limit;
        private boolean over;

        @Override
        public void run() {
            if (!over) {
                over = true;
                if (limit != null) {
                    limit.cancel();
                }
                empty();
            }
        }
    }
}
