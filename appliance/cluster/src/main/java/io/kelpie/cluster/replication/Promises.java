package io.kelpie.cluster.replication;

import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Timers.Timer;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * What this node promised to former primaries of a group: while a lease it granted may be in use it
 * helps nobody take over ({@code cluster.md} 7.3). A promise ends with its time, or when that very
 * process says that it answers no reads any more
 * ({@link io.kelpie.cluster.message.GroupMessage.LeaseEnd}). Why the word of the holder is as good
 * as the time:
 *
 * <ul>
 *   <li>The promise is there for one thing only: reads that the process answers as primary in an
 *       epoch below the present one. It says so after it installed the present epoch or saw none of
 *       its own, epochs only rise, and an answer is checked against the end of its role. So what it
 *       says is true for ever: it can come late or twice.
 *   <li>It counts for the epoch in which it was said only, as for any group message. Had the
 *       process become primary again meanwhile and lost the group once more, then in another epoch,
 *       and the word of before is refused.
 *   <li>It ends the promise to that process, incarnation included, and no other: there may have
 *       been several former primaries, or another life of the same node of which this process knows
 *       nothing.
 *   <li>Lost, it is only missed: the time ends the promise as ever.
 *   <li>Of a process that has restarted nothing is believed: it does not know what its earlier life
 *       did, and is another process. A member that has restarted itself forgot what it promised,
 *       and to whom; the quarantine that stands for this is not shortened by anybody's word.
 * </ul>
 */
final class Promises {
    /** A primary asks again each second, and a promise lasts less than two. */
    private static final int MAX_WAITING = 16;

    private final Surroundings around;
    private final TreeMap<PeerId, Long> bound = new TreeMap<>();
    private List<Runnable> waiting = new ArrayList<>();
    private @Nullable Timer timer;

    Promises(Surroundings around) {
        this.around = around;
    }

    /** A process lost the group: the leases granted to its node bind this one. */
    void note(PeerId former) {
        long now = around.now();
        bound.values().removeIf(until -> until - now <= 0);
        long until = around.leases.boundUntil(former.node());
        if (until - now > 0) {
            bound.merge(former, until, Math::max);
        }
    }

    /** A process said, in the present epoch, that it answers no reads of the group. */
    void onLeaseEnd(PeerId former) {
        bound.remove(former);
        wake();
    }

    /** Runs a task once nothing binds this node, perhaps at once; dropped at the next epoch. */
    void whenFree(Runnable task) {
        if (isFree()) {
            task.run();
        } else if (waiting.size() < MAX_WAITING) {
            waiting.add(task);
            arm();
        }
    }

    /** Nobody waits any more. */
    void drop() {
        waiting = new ArrayList<>();
        arm();
    }

    /** Nothing is left of the group. */
    void clear() {
        bound.clear();
        drop();
    }

    private boolean isFree() {
        return end() <= around.now() || !around.has(Rule.GRANT_WAIT);
    }

    private long end() {
        long end = around.leases.quarantineEnd();
        for (long until : bound.values()) {
            end = Math.max(end, until);
        }
        return end;
    }

    private void wake() {
        if (isFree()) {
            List<Runnable> due = waiting;
            waiting = new ArrayList<>();
            due.forEach(Runnable::run);
        }
        arm();
    }

    private void arm() {
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
        if (!waiting.isEmpty()) {
            timer = around.ports.timers().after(end() - around.now(), this::wake);
        }
    }
}
