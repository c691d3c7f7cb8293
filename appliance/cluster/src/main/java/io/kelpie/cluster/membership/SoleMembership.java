package io.kelpie.cluster.membership;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.message.ControlMessage.OrderKind;
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
 * The membership of a node that is the whole cluster: it makes every edit itself, at once. Core
 * loop only.
 */
public final class SoleMembership implements Membership {
    private static final long RETRY_NANOS = 100_000_000L;

    private final Ports ports;
    private final EventLog events;
    private final FormatRecord formatRecord;
    private final Member self;
    private final int partBits;
    private final MapListener listener;
    private final EpochLog epochs;
    private ClusterMap map = ClusterMap.EMPTY;
    private NodeState state = NodeState.WAIT_COORDINATOR;
    private boolean closed;

    /**
     * Composes the machine.
     *
     * @param ports store, coordinator, clock, timers and tracer are used
     * @param events the event log, loaded by {@link #start}
     * @param formatRecord the applier of format events, registered with the log
     * @param epochs the log of epochs
     * @param self this process as a member; its index counts only until a map gives another
     * @param partBits a format makes 2^partBits groups
     * @param listener learns of every installed map
     */
    public SoleMembership(
            Ports ports,
            EventLog events,
            FormatRecord formatRecord,
            EpochLog epochs,
            Member self,
            int partBits,
            MapListener listener) {
        this.ports = ports;
        this.events = events;
        this.formatRecord = formatRecord;
        this.self = self;
        this.partBits = partBits;
        this.listener = listener;
        this.epochs = epochs;
    }

    @Override
    public ClusterMap map() {
        return map;
    }

    @Override
    public EpochLog epochs() {
        return epochs;
    }

    @Override
    public NodeState state() {
        return state;
    }

    @Override
    public void start(Completion<Outcome> completion) {
        events.load(new Next(completion) {
            @Override
            public void done(Outcome result) {
                epochs.load(new Next(completion) {
                    @Override
                    public void done(Outcome loaded) {
                        join(completion);
                    }
                });
            }
        });
    }

    @Override
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

    @Override
    public void order(OrderKind kind, @Nullable NodeId node, Completion<Outcome> completion) {
        switch (kind) {
            case SHUTDOWN ->
                edit(current -> MapEdit.withStatus(current, ClusterStatus.SHUTDOWN), completion);
            // Nothing is ever copied or missing where there is one node.
            case RECOVERY_ON, RECOVERY_OFF, FORCE_RECOVERY, START ->
                ports.timers().after(0, () -> completion.done(Outcome.DONE));
            case KILL -> ports.timers().after(0, () -> completion.failed(ErrorCode.UNSUPPORTED));
        }
    }

    @Override
    public void leave(Completion<Outcome> completion) {
        ports.timers().after(0, () -> completion.done(Outcome.DONE));
    }

    @Override
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
                } else if (current.memberOf(self.node()) == null) {
                    state = NodeState.REFUSED;
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
                state = stateIn(next);
                listener.onMap(next, next.member(self.node(), self.incarnation()));
                completion.done(Outcome.DONE);
            }
        });
    }

    private NodeState stateIn(ClusterMap next) {
        return switch (next.status()) {
            case UNFORMATTED -> NodeState.WAIT_FORMAT;
            case RUNNING -> NodeState.MEMBER;
            case SHUTDOWN -> NodeState.CLUSTER_SHUTDOWN;
        };
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
        Member before = current.memberOf(self.node());
        int index = before == null ? self.index() : before.index();
        return new Member(
                index,
                self.node(),
                self.incarnation(),
                self.endpoint(),
                self.zone(),
                self.weightGib());
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
