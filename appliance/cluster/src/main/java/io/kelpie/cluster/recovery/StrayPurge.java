package io.kelpie.cluster.recovery;

import io.kelpie.cluster.membership.MapListener;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.port.Timers.Timer;
import io.kelpie.cluster.port.Tracer;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.TreeMap;

/**
 * Drops the copies of groups that this node does not hold any more, and no earlier than it is safe:
 * the map must have shown the group complete at its new place for a while, and the coordinator must
 * say so right before. Until then strays serve learners and a forced recovery. Core loop only.
 */
public final class StrayPurge implements MapListener {
    /** How often within the time for strays they are looked for. */
    private static final int LOOKS = 10;

    private final Ports ports;
    private final RecoveryConfig config;
    /** Groups that are complete without this node; as many as there are partitions. */
    private final TreeMap<PgId, Clean> clean = new TreeMap<>();

    private ClusterMap map = ClusterMap.EMPTY;
    private @Nullable Member self;
    private @Nullable Timer timer;
    private boolean looking;
    private boolean closed;
    private long dropped;
    private int partitions;
    /** Since when the map has that many groups: those beyond are of a cluster before a format. */
    private long beyondSince;

    /**
     * Starts the machine.
     *
     * @param ports store, coordinator, clock, timers and tracer are used
     * @param config how long strays are kept
     */
    public StrayPurge(Ports ports, RecoveryConfig config) {
        this.ports = ports;
        this.config = config;
        rest();
    }

    /**
     * Groups dropped so far.
     *
     * @return their number
     */
    public long dropped() {
        return dropped;
    }

    /** Ends the timer; nothing is dropped any more. */
    public void close() {
        closed = true;
        Timer running = timer;
        if (running != null) {
            running.cancel();
        }
    }

    @Override
    public void onMap(ClusterMap installed, @Nullable Member member) {
        map = installed;
        self = member;
        long now = ports.clock().nanos();
        if (member == null || !isServing(installed)) {
            clean.clear();
            partitions = 0;
        } else {
            noteAll(installed, member, now);
        }
        if (config.lacks(RecoveryMutation.PURGE_AT_ONCE)) {
            look();
        }
    }

    private void noteAll(ClusterMap installed, Member member, long now) {
        for (int partition = 0; partition < installed.groups().size(); partition++) {
            PgId pg = new PgId(partition);
            if (!isComplete(installed, pg, member)) {
                clean.remove(pg);
                continue;
            }
            // Another epoch means that something happened meanwhile, perhaps in maps not seen here.
            long epoch = installed.group(pg).epoch();
            Clean known = clean.get(pg);
            if (known == null || known.epoch != epoch) {
                clean.put(pg, new Clean(epoch, now));
            }
        }
        if (installed.groups().size() != partitions) {
            partitions = installed.groups().size();
            beyondSince = now;
        }
    }

    private static boolean isServing(ClusterMap map) {
        return map.status() == ClusterStatus.RUNNING && !map.groups().isEmpty();
    }

    /** Whether a group is where it should be, all copies alive and level, and not here. */
    private boolean isComplete(ClusterMap shown, PgId pg, Member member) {
        PgEntry entry = shown.group(pg);
        if (config.lacks(RecoveryMutation.PURGE_AT_ONCE)) {
            return !entry.names(member.index());
        }
        boolean elsewhere =
                !entry.names(member.index()) && !entry.target().contains(member.index());
        boolean level = entry.primary() != PgEntry.NONE
                && entry.learners().isEmpty()
                && entry.sync().size() == entry.target().size()
                && entry.sync().containsAll(entry.target());
        return elsewhere && level && areAlive(shown, entry.sync());
    }

    private static boolean areAlive(ClusterMap shown, List<Integer> members) {
        for (int index : members) {
            if (!shown.member(index).state().isAlive()) {
                return false;
            }
        }
        return true;
    }

    private void rest() {
        timer = ports.timers().after(Math.max(1, config.purgeNanos() / LOOKS), () -> {
            look();
            rest();
        });
    }

    private void look() {
        if (closed || looking || self == null) {
            return;
        }
        looking = true;
        ports.store().groups(new Step<>() {
            @Override
            public void done(List<PgId> held) {
                next(held, 0);
            }
        });
    }

    private void next(List<PgId> held, int index) {
        for (int i = index; i < held.size(); i++) {
            PgId pg = held.get(i);
            if (isDue(pg)) {
                int following = i + 1;
                askAgain(pg, () -> next(held, following));
                return;
            }
        }
        looking = false;
    }

    private boolean isDue(PgId pg) {
        if (closed || self == null || partitions == 0) {
            return false;
        }
        boolean beyond = pg.partition() >= partitions;
        Clean shown = clean.get(pg);
        if (!beyond && shown == null) {
            return false;
        }
        long since = shown == null ? beyondSince : shown.sinceNanos;
        return config.lacks(RecoveryMutation.PURGE_AT_ONCE)
                || ports.clock().nanos() - since >= config.purgeNanos();
    }

    /** This node may have been cut off for long: what counts is the map in force. */
    private void askAgain(PgId pg, Runnable then) {
        if (config.lacks(RecoveryMutation.PURGE_AT_ONCE)) {
            drop(pg, then);
            return;
        }
        long version = map.version();
        ports.coordinator().readMap(new Step<>() {
            @Override
            public void done(ClusterMap current) {
                boolean same = current.version() == version && map.version() == version;
                if (same && isDue(pg)) {
                    drop(pg, then);
                } else {
                    then.run();
                }
            }
        });
    }

    private void drop(PgId pg, Runnable then) {
        StoreBatch batch = new StoreBatch(List.of(new StoreOperation.DropGroup(pg)), true);
        ports.store().write(batch, new Step<>() {
            @Override
            public void done(Outcome result) {
                dropped++;
                ports.tracer()
                        .event(
                                Tracer.Level.INFO,
                                "dropped the copies of " + pg
                                        + ", which is complete on other nodes");
                then.run();
            }
        });
    }

    private record Clean(long epoch, long sinceNanos) {}

    /** A step whose failure ends the look; the next one begins anew. */
    private abstract class Step<T> implements Completion<T> {
        @Override
        public final void failed(ErrorCode error) {
            looking = false;
        }
    }
}
