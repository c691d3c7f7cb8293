package io.kelpie.cluster.recovery;

import io.kelpie.cluster.membership.ControllerLine;
import io.kelpie.cluster.membership.MapListener;
import io.kelpie.cluster.message.RecoveryMessage;
import io.kelpie.cluster.message.RecoveryMessage.SlotRelease;
import io.kelpie.cluster.message.RecoveryMessage.SlotReply;
import io.kelpie.cluster.message.RecoveryMessage.SlotRequest;
import io.kelpie.cluster.message.RecoveryMessage.SlotStatus;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Timers.Timer;
import io.kelpie.cluster.replication.ActiveGroup;
import io.kelpie.cluster.replication.RecoveryListener;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * All learning sessions of a node: those it leads as active primary, in the order of danger and few
 * at a time, and the places of those it receives. Core loop only.
 */
public final class RecoverySessions implements RecoveryListener, MapListener {
    private static final long TICK_NANOS = 250_000_000L;
    /** Ticks between two requests for the place of a session that goes on. */
    private static final int TICKS_PER_REQUEST = 4;

    private static final Comparator<LearnerSession> BY_DANGER = Comparator.comparingInt(
                    LearnerSession::danger)
            .thenComparing(session -> session.group().pg())
            .thenComparingInt(LearnerSession::member);

    private final Ports ports;
    private final ControllerLine controller;
    private final RecoveryConfig config;
    private final ByteBudget budget;
    private final IncomingSlots incoming;
    /** One for each learner of each group that this node leads. */
    private final TreeMap<PgId, List<LearnerSession>> sessions = new TreeMap<>();

    private ClusterMap map = ClusterMap.EMPTY;
    private int outgoing;
    private long lastNumber;
    private long ticks;
    private @Nullable Timer timer;
    private boolean closed;

    /**
     * Starts without sessions. Register it with replication and membership before the first map; a
     * map is told to it before it is told to replication.
     *
     * @param ports the world
     * @param self this process
     * @param controller asked to add learners
     * @param config limits and times
     */
    public RecoverySessions(
            Ports ports, PeerId self, ControllerLine controller, RecoveryConfig config) {
        this.ports = ports;
        this.controller = controller;
        this.config = config;
        this.outgoing = config.outgoing();
        this.budget = new ByteBudget(ports.clock(), ports.timers(), config.bytesPerSecond());
        this.incoming = new IncomingSlots(config.incoming());
    }

    @Override
    public void onMap(ClusterMap installed, @Nullable Member self) {
        map = installed;
        if (isOff()) {
            each(session -> session.pause("recovery is switched off"));
        }
        schedule();
    }

    private boolean isOff() {
        return (map.flags() & ClusterMap.FLAG_NO_RECOVERY) != 0
                || map.status() != ClusterStatus.RUNNING;
    }

    @Override
    public void onActive(ActiveGroup group) {
        PgEntry entry = group.entry();
        if (closed || entry.learners().isEmpty()) {
            return;
        }
        List<LearnerSession> begun = new ArrayList<>();
        for (int learner : entry.learners()) {
            begun.add(new LearnerSession(
                    group,
                    learner,
                    dangerOf(entry),
                    ports,
                    controller,
                    config,
                    budget,
                    this::schedule));
        }
        sessions.put(group.pg(), begun);
        startTimer();
        schedule();
    }

    /** 0: too few copies to accept writes; 1: fewer than wanted; 2: they are in the wrong place. */
    private int dangerOf(PgEntry entry) {
        int copies = Math.min(map.settings().copies(), entry.target().size());
        if (entry.sync().size() < map.settings().minCopies()) {
            return 0;
        }
        return entry.sync().size() < copies ? 1 : 2;
    }

    @Override
    public void onOver(ActiveGroup group) {
        List<LearnerSession> known = sessions.get(group.pg());
        if (known == null || known.get(0).group() != group) {
            return;
        }
        sessions.remove(group.pg());
        for (LearnerSession session : known) {
            session.abandon();
            release(session);
        }
        schedule();
    }

    /**
     * Takes a message of another node.
     *
     * @param from the process that sent it
     * @param message the message
     */
    public void onMessage(PeerId from, RecoveryMessage message) {
        if (closed) {
            return;
        }
        if (message instanceof SlotRequest request) {
            SlotStatus status = incoming.ask(
                    from, request, ports.store().space(), ports.clock().nanos());
            ports.peers()
                    .send(
                            from.node(),
                            new SlotReply(
                                    request.pg(), request.epoch(), request.session(), status));
        } else if (message instanceof SlotRelease release) {
            incoming.release(from, release);
        } else if (message instanceof SlotReply reply) {
            onReply(from, reply);
        }
    }

    private void onReply(PeerId from, SlotReply reply) {
        for (LearnerSession session : sessions.getOrDefault(reply.pg(), List.of())) {
            boolean same = session.group().entry().epoch() == reply.epoch()
                    && session.session() == reply.session()
                    && session.group().node(session.member()).equals(from.node());
            if (same && session.isAsking()) {
                switch (reply.status()) {
                    case GRANTED -> session.granted();
                    case BUSY -> session.refused("the learner has no place free");
                    case FULL -> session.refused("the learner's disk is too full");
                }
                schedule();
                return;
            }
            if (same && session.isCopying()) {
                return;
            }
        }
        if (reply.status() == SlotStatus.GRANTED) {
            ports.peers()
                    .send(from.node(), new SlotRelease(reply.pg(), reply.epoch(), reply.session()));
        }
    }

    /**
     * Sets other limits, for {@code dog node recovery set-throttle}.
     *
     * @param sessionsLed sessions led at a time, at least 1
     * @param bytesPerSecond most that is sent; 0: no limit
     */
    public void limit(int sessionsLed, long bytesPerSecond) {
        Invariant.check(sessionsLed >= 1, "at least one session may run", sessionsLed);
        outgoing = sessionsLed;
        budget.setRate(bytesPerSecond);
        schedule();
    }

    /**
     * What the sessions led here do.
     *
     * @return one for each learner of each group of which this node is the active primary, by group
     */
    public List<SessionProgress> progress() {
        List<SessionProgress> all = new ArrayList<>();
        each(session -> all.add(session.progress()));
        return List.copyOf(all);
    }

    /** Ends all timers; nothing is sent any more. */
    public void close() {
        closed = true;
        Timer running = timer;
        if (running != null) {
            running.cancel();
        }
        budget.close();
        each(LearnerSession::abandon);
        sessions.clear();
    }

    /** Gives the places that are free to the groups that are in the greatest danger. */
    private void schedule() {
        if (closed) {
            return;
        }
        each(this::release);
        if (isOff()) {
            return;
        }
        long now = ports.clock().nanos();
        List<LearnerSession> waiting = new ArrayList<>();
        int[] taken = {0};
        each(session -> {
            taken[0] += session.holdsSlot() ? 1 : 0;
            if (session.mayAsk(now)) {
                waiting.add(session);
            }
        });
        waiting.sort(BY_DANGER);
        for (int i = 0; i < waiting.size() && taken[0] + i < outgoing; i++) {
            waiting.get(i).ask(++lastNumber);
            request(waiting.get(i));
        }
    }

    private void request(LearnerSession session) {
        ActiveGroup group = session.group();
        ports.peers()
                .send(
                        group.node(session.member()),
                        new SlotRequest(
                                group.pg(),
                                group.entry().epoch(),
                                session.session(),
                                session.danger()));
    }

    private void release(LearnerSession session) {
        long place = session.placeToRelease();
        if (place != 0) {
            ActiveGroup group = session.group();
            ports.peers()
                    .send(
                            group.node(session.member()),
                            new SlotRelease(group.pg(), group.entry().epoch(), place));
        }
    }

    private void startTimer() {
        if (timer == null) {
            timer = ports.timers().after(TICK_NANOS, this::tick);
        }
    }

    /** Runs only while there are sessions. */
    private void tick() {
        timer = null;
        ticks++;
        each(LearnerSession::tick);
        if (ticks % TICKS_PER_REQUEST == 0) {
            each(session -> {
                if (session.isCopying()) {
                    request(session);
                }
            });
        }
        schedule();
        if (!closed && !sessions.isEmpty()) {
            startTimer();
        }
    }

    private void each(Consumer<LearnerSession> action) {
        for (List<LearnerSession> led : List.copyOf(sessions.values())) {
            led.forEach(action);
        }
    }
}
