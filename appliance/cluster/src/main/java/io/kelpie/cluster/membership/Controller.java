package io.kelpie.cluster.membership;

import io.kelpie.cluster.message.ControlMessage;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.Coordinator.Connection;
import io.kelpie.cluster.port.Coordinator.SwapOutcome;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Timers.Timer;
import io.kelpie.cluster.port.Tracer;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * Edits the map while it holds the controller's record. Every node has one; those that are not the
 * controller wait for it to fall silent ({@code cluster.md} 6.5, 16.4). Two at once do no harm, as
 * each map replaces exactly the one it was made from. Core loop only.
 */
public final class Controller {
    private enum State {
        /** Somebody else edits, or nobody does yet. */
        FOLLOWER,
        /** The record is being read or changed. */
        CLAIM,
        /** This node edits. */
        LEAD
    }

    private final Ports ports;
    private final PeerId self;
    private final ClusterTimes times;
    private final boolean checked;
    private final ClusterWatch.News news;
    private final Candidacy candidacy;
    private final Agenda agenda;
    private State state = State.FOLLOWER;
    private Connection connection = Connection.CONNECTED;
    private List<Announcement> announced = List.of();
    /** The newest map this node knows; while it leads, the one that the coordinator has. */
    private ClusterMap map = ClusterMap.EMPTY;

    /** Version of the newest map that this node installed, or passed on to be installed. */
    private long told;

    private long term;
    /** Whether the coordinator's map is known; not before the first reading in a term. */
    private boolean read;

    private boolean busy;
    private boolean readAgain;
    private long lastSwap;
    private long lastLook;
    private @Nullable Timer ticker;
    private @Nullable Timer edit;
    private boolean closed;

    Controller(
            Ports ports,
            PeerId self,
            ControlConfig config,
            Liveness liveness,
            ClusterWatch.News news) {
        this.ports = ports;
        this.self = self;
        this.times = config.times();
        this.checked = config.mutations().isEmpty();
        this.news = news;
        candidacy = new Candidacy(self, times, liveness);
        agenda = new Agenda(ports, self, config, liveness, news);
        lastSwap = now() - times.editNanos();
    }

    /**
     * Whether this node edits the map at the moment.
     *
     * @return its term, or 0 if it does not or cannot reach the coordinator
     */
    public long term() {
        return state == State.LEAD && connection == Connection.CONNECTED ? term : 0;
    }

    void start() {
        candidacy.begin(now());
        ports.coordinator().readController(new Completion<>() {
            @Override
            public void done(Coordinator.Controller record) {
                PeerId holder = record.holder();
                // An earlier life of this node: it cannot be waited for.
                if (holder != null && holder.node().equals(self.node())) {
                    candidacy.onVacant(now());
                }
            }

            @Override
            public void failed(ErrorCode error) {
                // Then the usual time of silence is waited for.
            }
        });
        tick();
    }

    void close() {
        closed = true;
        state = State.FOLLOWER;
        if (ticker != null) {
            ticker.cancel();
        }
        if (edit != null) {
            edit.cancel();
        }
    }

    void onMap(ClusterMap installed) {
        told = Math.max(told, installed.version());
        if (installed.version() > map.version()) {
            map = installed;
            wake(false);
        }
    }

    void onMapMaybeChanged() {
        if (state == State.LEAD) {
            readMap();
        }
    }

    void onAnnounced(List<Announcement> processes) {
        announced = List.copyOf(processes);
        agenda.onAnnounced(announced);
        step();
        wake(false);
    }

    void onConnection(Connection next) {
        Connection before = connection;
        connection = next;
        switch (next) {
            case CONNECTED -> {
                if (before != Connection.CONNECTED) {
                    // Whoever edits now was perhaps heard all the time, perhaps not.
                    candidacy.begin(now());
                }
                if (state == State.LEAD) {
                    look();
                    readMap();
                }
            }
            case SUSPENDED -> {
                // Edits pause; the record stays this node's until somebody claims it.
            }
            case LOST -> follow();
        }
    }

    void onController(PeerId from, long otherTerm) {
        candidacy.onController(from, otherTerm, now());
        if (state == State.LEAD && otherTerm > term && !from.equals(self)) {
            follow();
        }
    }

    /** Heartbeats show that somebody is gone. */
    void onSuspicion() {
        step();
        wake(true);
    }

    void onMessage(PeerId from, ControlMessage message) {
        if (closed) {
            return;
        }
        if (term() == 0) {
            if (message instanceof ControlMessage.Order order) {
                ports.peers()
                        .send(from.node(), new ControlMessage.OrderReply(order.requestId(), false));
            }
            return;
        }
        agenda.onMessage(map, from, message);
        wake(message instanceof ControlMessage.Suspicion);
    }

    private void tick() {
        if (closed) {
            return;
        }
        ticker = ports.timers().after(times.heartbeatNanos(), this::tick);
        step();
        if (term() != 0 && now() - lastLook >= times.pollNanos()) {
            look();
            readMap();
        }
        wake(false);
    }

    /** As a follower: claims the record if it is this node's turn. */
    private void step() {
        if (!closed
                && state == State.FOLLOWER
                && connection == Connection.CONNECTED
                && candidacy.isDue(map, announced, now())) {
            claim();
        }
    }

    /** Looks at the coordinator's map first: this node may have been evicted and not know. */
    private void claim() {
        state = State.CLAIM;
        ports.coordinator().readMap(new Completion<>() {
            @Override
            public void done(ClusterMap current) {
                if (current.version() > map.version()) {
                    map = current;
                }
                if (candidacy.isDue(map, announced, now())) {
                    readRecord();
                } else {
                    state = State.FOLLOWER;
                }
            }

            @Override
            public void failed(ErrorCode error) {
                state = State.FOLLOWER;
            }
        });
    }

    private void readRecord() {
        ports.coordinator().readController(new Completion<>() {
            @Override
            public void done(Coordinator.Controller record) {
                if (record.term() < candidacy.term()) {
                    // A reading from before a claim whose winner was heard already.
                    follow();
                } else {
                    claim(record.term());
                }
            }

            @Override
            public void failed(ErrorCode error) {
                follow();
            }
        });
    }

    private void claim(long expected) {
        Coordinator.Controller next = new Coordinator.Controller(expected + 1, self);
        ports.coordinator().claimController(expected, next, new Completion<>() {
            @Override
            public void done(SwapOutcome outcome) {
                switch (outcome) {
                    case SWAPPED -> lead(next.term());
                    case CONFLICT -> follow();
                    case UNKNOWN -> confirm(next);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                follow();
            }
        });
    }

    private void confirm(Coordinator.Controller claimed) {
        ports.coordinator().readController(new Completion<>() {
            @Override
            public void done(Coordinator.Controller record) {
                if (record.equals(claimed)) {
                    lead(claimed.term());
                } else {
                    follow();
                }
            }

            @Override
            public void failed(ErrorCode error) {
                follow();
            }
        });
    }

    private void lead(long newTerm) {
        if (closed || connection == Connection.LOST) {
            state = State.FOLLOWER;
            return;
        }
        state = State.LEAD;
        term = newTerm;
        read = false;
        lastLook = now();
        agenda.begin(now());
        ports.tracer().event(Tracer.Level.INFO, "this node is the controller, term " + term);
        readMap();
    }

    private void follow() {
        if (state == State.LEAD) {
            ports.tracer().event(Tracer.Level.INFO, "no longer the controller, term " + term);
        }
        state = State.FOLLOWER;
        candidacy.begin(now());
    }

    /** Looks whether the record is still this node's. */
    private void look() {
        lastLook = now();
        long asked = term;
        ports.coordinator().readController(new Completion<>() {
            @Override
            public void done(Coordinator.Controller record) {
                if (state == State.LEAD && term == asked && record.term() > term) {
                    follow();
                }
            }

            @Override
            public void failed(ErrorCode error) {
                // Asked again soon; the map is safe by its version meanwhile.
            }
        });
    }

    /** Takes the coordinator's map as the one to change; one call to it at a time. */
    private void readMap() {
        if (busy) {
            readAgain = true;
            return;
        }
        busy = true;
        readAgain = false;
        long known = map.version();
        ports.coordinator().readMap(new Completion<>() {
            @Override
            public void done(ClusterMap current) {
                busy = false;
                onRead(current, known);
            }

            @Override
            public void failed(ErrorCode error) {
                busy = false;
                wake(false);
            }
        });
    }

    private void onRead(ClusterMap current, long known) {
        if (closed || state != State.LEAD) {
            return;
        }
        if (current.version() < known) {
            read = false;
            ports.tracer()
                    .event(
                            Tracer.Level.ERROR,
                            "the coordinator has map " + current.version() + ", but map "
                                    + known
                                    + " was in force: it was restored from an old state, nothing"
                                    + " is changed");
            return;
        }
        read = true;
        if (current.version() > map.version()) {
            map = current;
        }
        if (current.version() > told) {
            told = current.version();
            news.onNextMap(current);
        }
        wake(true);
    }

    /** Plans soon; at once if somebody waits for it. */
    private void wake(boolean urgent) {
        if (closed || term() == 0 || busy) {
            return;
        }
        if (readAgain) {
            readMap();
            return;
        }
        if (!read) {
            later(times.repeatNanos(), this::readMap);
            return;
        }
        long wait = urgent ? 0 : Math.max(0, lastSwap + times.editNanos() - now());
        later(wait, this::plan);
    }

    private void later(long nanos, Runnable task) {
        if (edit == null || nanos == 0) {
            if (edit != null) {
                edit.cancel();
            }
            edit = ports.timers().after(nanos, () -> {
                edit = null;
                task.run();
            });
        }
    }

    private void plan() {
        if (closed || term() == 0 || busy || !read) {
            return;
        }
        ClusterMap next = agenda.plan(map, now());
        if (next == null || next == map) {
            return;
        }
        if (checked) {
            // A wrong map would be obeyed by all; one that is not written is only missed.
            MapRules.check(map, next, agenda.isForced());
        }
        busy = true;
        lastSwap = now();
        ports.coordinator().swapMap(map.version(), next, new Completion<>() {
            @Override
            public void done(SwapOutcome outcome) {
                busy = false;
                switch (outcome) {
                    case SWAPPED -> onSwapped(next);
                    case CONFLICT -> readBack(next);
                    case UNKNOWN -> readBack(next);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                busy = false;
                ports.tracer().event(Tracer.Level.WARN, "map not written: " + error);
                read = false;
                wake(false);
            }
        });
    }

    /** Somebody else may have been faster, or the answer was lost. */
    private void readBack(ClusterMap written) {
        busy = true;
        long known = map.version();
        ports.coordinator().readMap(new Completion<>() {
            @Override
            public void done(ClusterMap current) {
                busy = false;
                if (current.equals(written)) {
                    onSwapped(written);
                } else {
                    look();
                    onRead(current, known);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                busy = false;
                read = false;
                wake(false);
            }
        });
    }

    private void onSwapped(ClusterMap written) {
        if (closed) {
            return;
        }
        if (written.version() > map.version()) {
            map = written;
            told = written.version();
            news.onNextMap(written);
        }
        agenda.onWritten(written);
        wake(false);
    }

    private long now() {
        return ports.clock().nanos();
    }
}
