package io.kelpie.cluster.membership;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator.SwapOutcome;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.port.Tracer;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Installs map versions and makes the edits that concern this node: naming its process lifetime
 * after a start, formatting, shutting down. A node obeys only maps that name its own incarnation.
 * Core loop only.
 */
public final class Membership {
    private static final long RETRY_NANOS = 100_000_000L;

    private final Ports ports;
    private final EventLog events;
    private final FormatRecord formatRecord;
    private final Member self;
    private final int partBits;
    private final MapListener listener;
    private final EpochLog epochs;
    private ClusterMap map = ClusterMap.EMPTY;
    private boolean closed;

    /**
     * Composes the machine.
     *
     * @param ports store, coordinator, clock, timers and tracer are used
     * @param events the event log, loaded before {@link #start}
     * @param formatRecord the applier of format events, registered with the log
     * @param self this process as a member; its index counts only until a map gives another
     * @param partBits a format makes 2^partBits groups
     * @param listener learns of every installed map
     */
    public Membership(
            Ports ports,
            EventLog events,
            FormatRecord formatRecord,
            Member self,
            int partBits,
            MapListener listener) {
        this.ports = ports;
        this.events = events;
        this.formatRecord = formatRecord;
        this.self = self;
        this.partBits = partBits;
        this.listener = listener;
        this.epochs = new EpochLog(ports);
    }

    /**
     * The map in force.
     *
     * @return the last installed map
     */
    public ClusterMap map() {
        return map;
    }

    /**
     * The log of epochs.
     *
     * @return the log
     */
    public EpochLog epochs() {
        return epochs;
    }

    /**
     * Reads the map, has this process named in it and installs it.
     *
     * @param completion gets DONE when a map is installed, also the empty one of an unformatted
     *     cluster; NOT_JOINED if the map names other nodes only
     */
    public void start(Completion<Outcome> completion) {
        epochs.load(new Next(completion) {
            @Override
            public void done(Outcome result) {
                join(completion);
            }
        });
    }

    /**
     * Drops everything and starts a new cluster of this node at epoch 1.
     *
     * @param settings the operator's choices
     * @param completion gets DONE when the new map is installed
     */
    public void format(ClusterSettings settings, Completion<Outcome> completion) {
        events.submit(FormatRecord.KIND, FormatRecord.encode(settings), new Completion<>() {
            @Override
            public void done(Integer value) {
                finishFormat(completion);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    /**
     * Marks the cluster as stopped.
     *
     * @param completion gets DONE when the map that says so is installed
     */
    public void shutdown(Completion<Outcome> completion) {
        edit(current -> MapEdit.withStatus(current, ClusterStatus.SHUTDOWN), completion);
    }

    /** Ends retries; nothing is installed any more. */
    public void close() {
        closed = true;
    }

    private void join(Completion<Outcome> completion) {
        ports.coordinator().readMap(new Completion<>() {
            @Override
            public void done(ClusterMap current) {
                boolean formatPending = formatRecord.settings().createdNanos()
                        != current.settings().createdNanos();
                if (formatPending) {
                    ports.tracer()
                            .event(Tracer.Level.WARN, "finishing a format that was cut short");
                    finishFormat(completion);
                } else if (current.status() == ClusterStatus.UNFORMATTED) {
                    install(current, completion);
                } else if (memberOf(current, self.node()) == null) {
                    completion.failed(ErrorCode.NOT_JOINED);
                } else {
                    edit(
                            next -> MapEdit.restart(next, selfIn(next), events.appliedIndex()),
                            completion);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                retry(error, () -> join(completion), completion);
            }
        });
    }

    private void finishFormat(Completion<Outcome> completion) {
        StoreBatch drop = new StoreBatch(List.of(new StoreOperation.DropEverything()), true);
        ports.store().write(drop, new Next(completion) {
            @Override
            public void done(Outcome result) {
                edit(
                        current -> MapEdit.format(
                                current,
                                formatRecord.settings(),
                                List.of(self),
                                partBits,
                                events.appliedIndex()),
                        completion);
            }
        });
    }

    /**
     * Reads the map, changes it and swaps it in, again and again until a swap is known to have won.
     */
    private void edit(UnaryOperator<ClusterMap> change, Completion<Outcome> completion) {
        ports.coordinator().readMap(new Completion<>() {
            @Override
            public void done(ClusterMap current) {
                swap(current, change.apply(current), change, completion);
            }

            @Override
            public void failed(ErrorCode error) {
                retry(error, () -> edit(change, completion), completion);
            }
        });
    }

    private void swap(
            ClusterMap current,
            ClusterMap next,
            UnaryOperator<ClusterMap> change,
            Completion<Outcome> completion) {
        ports.coordinator().swapMap(current.version(), next, new Completion<>() {
            @Override
            public void done(SwapOutcome outcome) {
                switch (outcome) {
                    case SWAPPED -> install(next, completion);
                    case CONFLICT -> edit(change, completion);
                    case UNKNOWN -> readBack(next, change, completion);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                retry(error, () -> edit(change, completion), completion);
            }
        });
    }

    private void readBack(
            ClusterMap written, UnaryOperator<ClusterMap> change, Completion<Outcome> completion) {
        ports.coordinator().readMap(new Completion<>() {
            @Override
            public void done(ClusterMap current) {
                if (current.equals(written)) {
                    install(written, completion);
                } else {
                    edit(change, completion);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                retry(error, () -> readBack(written, change, completion), completion);
            }
        });
    }

    private void install(ClusterMap next, Completion<Outcome> completion) {
        epochs.note(next, new Next(completion) {
            @Override
            public void done(Outcome result) {
                if (closed) {
                    completion.failed(ErrorCode.SHUTTING_DOWN);
                    return;
                }
                map = next;
                listener.onMap(next, next.member(self.node(), self.incarnation()));
                completion.done(Outcome.DONE);
            }
        });
    }

    private void retry(ErrorCode error, Runnable again, Completion<Outcome> completion) {
        if (closed || error.category() != ErrorCode.Category.RETRY) {
            completion.failed(error);
        } else {
            ports.tracer()
                    .event(
                            Tracer.Level.WARN,
                            "the coordinator failed (" + error + "), trying again");
            ports.timers().after(RETRY_NANOS, again);
        }
    }

    private Member selfIn(ClusterMap current) {
        Member before = memberOf(current, self.node());
        int index = before == null ? self.index() : before.index();
        return new Member(
                index,
                self.node(),
                self.incarnation(),
                self.endpoint(),
                self.zone(),
                self.weightGib());
    }

    private static @Nullable Member memberOf(ClusterMap map, NodeId node) {
        for (Member member : map.members()) {
            if (member.node().equals(node)) {
                return member;
            }
        }
        return null;
    }

    /** A step whose failure is the failure of the whole. */
    private abstract static class Next implements Completion<Outcome> {
        private final Completion<Outcome> whole;

        Next(Completion<Outcome> whole) {
            this.whole = whole;
        }

        @Override
        public final void failed(ErrorCode error) {
            whole.failed(error);
        }
    }
}
