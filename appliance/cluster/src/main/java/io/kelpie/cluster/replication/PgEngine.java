package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.GroupMessage.Acknowledge;
import io.kelpie.cluster.message.GroupMessage.Digest;
import io.kelpie.cluster.message.GroupMessage.Info;
import io.kelpie.cluster.message.GroupMessage.LeaseEnd;
import io.kelpie.cluster.message.GroupMessage.Listing;
import io.kelpie.cluster.message.GroupMessage.Stale;
import io.kelpie.cluster.message.GroupMessage.Versions;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * One placement group at this node: obeys the map by playing one role in each partition epoch, and
 * keeps what belongs to other epochs away from it. Core loop only.
 */
final class PgEngine {
    /** Messages of a newer epoch kept until its map comes; more are sent again. */
    private static final int MAX_EARLY = 64;

    /** Longer than any lease: after that nobody is bound to a former primary. */
    private static final long LEASES_LAST_NANOS = 5_000_000_000L;

    private final Group group;
    private final ArrayDeque<Early> early = new ArrayDeque<>();
    private Role role = new IdleRole(GroupState.State.IDLE);
    private boolean named;

    /** The process that was primary in the last map that had one. */
    private @Nullable PeerId primaryProcess;

    /** When this process was last seen to be primary; it says so to the next epochs. */
    private long ledNanos = Long.MIN_VALUE;

    PgEngine(PgId pg, Surroundings around, PgEntry first) {
        this.group = new Group(pg, around, first);
    }

    /** Obeys a map's entry for this group. */
    void install(ClusterMap map, int self) {
        PgEntry next = map.group(group.pg);
        PgEntry current = group.entry();
        boolean solo = isSolo(map, next, self);
        if (named && current.epoch() == next.epoch()) {
            if (!solo) {
                forgetSolitude();
            }
            return;
        }
        Invariant.check(
                !named || next.epoch() > current.epoch(), "partition epochs only rise", next);
        ObjectVersion proven = group.log.committed();
        boolean provesThat = named && proven.epoch() == current.epoch() && proven.sequence() > 0;
        List<Integer> provers = new ArrayList<>(next.sync());
        provers.retainAll(provesThat ? current.sync() : List.of());
        forgetSolitude();
        if (isPrimary()) {
            ledNanos = group.around.now();
        }
        role.abandon();
        group.promises.drop();
        noteFormerPrimary(map, next);
        named = true;
        group.obey(next, self);
        role = roleIn(next, self, solo, proven, provers);
        endLeases(next, self);
        role.begin();
        takeEarly();
    }

    /** Writes of the only node passed the cache of versions by. */
    private void forgetSolitude() {
        if (role instanceof PrimaryRole primary && primary.isSolo()) {
            group.around.versions.clear();
            primary.endSolitude();
        }
    }

    private static boolean isSolo(ClusterMap map, PgEntry entry, int self) {
        return map.members().size() == 1
                && entry.learners().isEmpty()
                && entry.sync().equals(List.of(self));
    }

    private Role roleIn(
            PgEntry entry, int self, boolean solo, ObjectVersion proven, List<Integer> provers) {
        if (entry.primary() == self) {
            return new PrimaryRole(group, solo, proven, provers);
        }
        if (entry.names(self)) {
            return new FollowerRole(group, entry.learners().contains(self));
        }
        return new IdleRole(GroupState.State.STRAY);
    }

    /** While a lease that this node granted to a former primary lasts, it helps nobody else. */
    private void noteFormerPrimary(ClusterMap map, PgEntry next) {
        PeerId now = next.primary() == PgEntry.NONE
                ? null
                : map.member(next.primary()).id();
        PeerId before = primaryProcess;
        if (before != null && !before.equals(now) && !before.equals(group.around.self)) {
            group.promises.note(before);
        }
        if (now != null) {
            primaryProcess = now;
        }
    }

    /**
     * Tells the members that this process, which was primary not long ago, answers no reads any
     * more: its role is over, and no epoch up to this one will make it primary again. Said in each
     * epoch that follows soon, as each counts only what was said in it.
     */
    private void endLeases(PgEntry entry, int self) {
        boolean led =
                ledNanos != Long.MIN_VALUE && group.around.now() - ledNanos < LEASES_LAST_NANOS;
        if (!led || entry.primary() == self) {
            return;
        }
        List<Integer> members = new ArrayList<>(entry.sync());
        members.addAll(entry.learners());
        members.remove((Integer) self);
        for (int member : members) {
            group.send(member, new LeaseEnd(group.pg, entry.epoch()));
        }
    }

    /** Plays no part: the cluster is stopped, or the map does not name this process. */
    void deactivate() {
        role.abandon();
        group.promises.drop();
        role = new IdleRole(GroupState.State.IDLE);
    }

    /** The store was emptied: nothing is left of the group. */
    void clear() {
        deactivate();
        group.log.clear();
        group.gapped.clear();
        group.promises.clear();
        drop();
    }

    private void drop() {
        early.forEach(each -> each.message().release());
        early.clear();
    }

    boolean isPrimary() {
        return role instanceof PrimaryRole;
    }

    boolean isActive() {
        return role instanceof PrimaryRole primary && primary.isActive();
    }

    GroupState state() {
        return new GroupState(group.pg, group.epoch(), role.state(), role.parked(), role.reason());
    }

    /** Hands a request to the primary role, if its sender means this epoch. */
    void request(long epoch, Completion<?> completion, Consumer<Serving> request) {
        boolean meant = epoch == group.epoch() || epoch == Replication.ANY_EPOCH;
        if (meant && role instanceof PrimaryRole primary) {
            primary.request(completion, request);
        } else {
            completion.failed(ErrorCode.NO_PRIMARY);
        }
    }

    /** Takes a message; ownership of its payloads passes here. */
    void onMessage(PeerId from, GroupMessage message) {
        if (message instanceof Stale stale) {
            if (stale.mapVersion() > group.around.map.version()) {
                group.around.listener.onNewerEpochSeen(from);
            }
        } else if (!named || message.epoch() > group.epoch()) {
            keep(from, message);
        } else if (message.epoch() < group.epoch() && group.around.has(Rule.FENCE)) {
            refuse(from, message);
        } else if (message instanceof LeaseEnd && message.epoch() == group.epoch()) {
            // Of a process; whether the map still names it does not matter.
            group.promises.onLeaseEnd(from);
        } else {
            hand(from, message);
        }
    }

    private void hand(PeerId from, GroupMessage message) {
        int member = group.memberOf(from);
        if (member == PgEntry.NONE) {
            message.release();
        } else {
            role.onMessage(member, message);
        }
    }

    private void keep(PeerId from, GroupMessage message) {
        if (early.size() < MAX_EARLY) {
            early.add(new Early(from, message));
        } else {
            message.release();
        }
        group.around.listener.onNewerEpochSeen(from);
    }

    /** Late answers say nothing to anybody; who asks or orders must learn of the newer map. */
    private void refuse(PeerId from, GroupMessage message) {
        message.release();
        boolean answer = message instanceof Acknowledge
                || message instanceof Info
                || message instanceof Versions
                || message instanceof Listing
                || message instanceof Digest
                || message instanceof LeaseEnd;
        if (!answer) {
            group.around
                    .ports
                    .peers()
                    .send(
                            from.node(),
                            new Stale(group.pg, group.epoch(), group.around.map.version()));
        }
    }

    private void takeEarly() {
        List<Early> all = List.copyOf(early);
        early.clear();
        all.forEach(each -> onMessage(each.from(), each.message()));
    }

    void onLost(int member) {
        role.onLost(member);
    }

    private record Early(PeerId from, GroupMessage message) {}
}
