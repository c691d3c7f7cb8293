package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.GroupMessage.Acknowledge;
import io.kelpie.cluster.message.GroupMessage.Info;
import io.kelpie.cluster.message.GroupMessage.Listing;
import io.kelpie.cluster.message.GroupMessage.Push;
import io.kelpie.cluster.message.GroupMessage.Query;
import io.kelpie.cluster.message.GroupMessage.Versions;
import io.kelpie.cluster.message.GroupMessage.VersionsRequest;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.port.Timers.Timer;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Makes all in-sync copies of a group level at the begin of an epoch ({@code cluster.md} 7.5): what
 * any of them has counts. All have to answer; who does not is reported, and a newer map goes on
 * without it. The steps: wait until no lease of a former primary binds this node; ask all for their
 * logs; if one cannot tell, compare complete lists; ask for versions that were not listed; level.
 */
final class Peering {
    private static final long TICK_NANOS = 500_000_000L;

    /** A member may rightly be silent for a lease's time. */
    private static final long SILENCE_NANOS = 3_000_000_000L;

    private static final int MAX_OBJECTS = 4096;

    private final Group group;
    private final ObjectVersion proven;
    private final List<Integer> provers;
    private final Runnable level;
    private final Answers own;
    private final TreeMap<Integer, MemberReport> reports = new TreeMap<>();
    private final TreeSet<ObjectId> doubtful = new TreeSet<>();
    private Step step = Step.WAITING;
    private @Nullable FullComparison comparison;
    private @Nullable Leveling leveling;
    private @Nullable Timer timer;
    private boolean closed;

    /**
     * Prepares it.
     *
     * @param proven a version that this node knows to be committed
     * @param provers members that must have it
     * @param level runs when all copies are level
     */
    Peering(Group group, ObjectVersion proven, List<Integer> provers, Runnable level) {
        this.group = group;
        this.proven = proven;
        this.provers = provers;
        this.level = level;
        this.own = new Answers(group);
    }

    void begin() {
        group.promises.whenFree(this::ask);
    }

    void close() {
        closed = true;
        own.close();
        Timer running = timer;
        if (running != null) {
            running.cancel();
        }
        Leveling levelled = leveling;
        if (levelled != null) {
            levelled.close();
        }
    }

    String reason() {
        List<Integer> silent = new ArrayList<>();
        reports.forEach((member, report) -> {
            if (isAwaited(member, report)) {
                silent.add(member);
            }
        });
        return switch (step) {
            case WAITING -> "leases granted to the former primary have to end";
            case ASKING -> "members " + silent + " have to tell their logs";
            case COMPARING -> "the lists of all members are compared";
            case VERSIONS -> "members " + silent + " have to tell versions";
            case LEVELING -> "copies are brought level";
        };
    }

    private void ask() {
        if (closed) {
            return;
        }
        step = Step.ASKING;
        long now = group.around.now();
        reports.put(group.self(), new MemberReport(now));
        own.gather(part -> onInfo(group.self(), part));
        List<Integer> asked = new ArrayList<>(group.others());
        if (!group.around.has(Rule.SYNC_AUTHORITY)) {
            asked.addAll(group.entry().learners());
        }
        for (int member : asked) {
            reports.put(member, new MemberReport(now));
            group.send(member, new Query(group.pg, group.epoch()));
        }
        timer = group.around.ports.timers().after(TICK_NANOS, this::onTick);
    }

    void onMessage(int from, GroupMessage message) {
        MemberReport report = reports.get(from);
        if (report == null) {
            message.release();
            return;
        }
        report.heardNanos = group.around.now();
        if (message instanceof Info part) {
            onInfo(from, part);
        } else if (message instanceof Versions answer) {
            onVersions(from, answer.held());
        } else if (message instanceof Listing listing && comparison != null) {
            comparison.onListing(from, listing.from(), listing.held(), listing.last());
        } else if (message instanceof Acknowledge answer && leveling != null) {
            leveling.onAcknowledge(from, answer);
        } else if (message instanceof Push push && leveling != null) {
            leveling.onPush(from, push);
        } else {
            message.release();
        }
    }

    void onLost(int member) {
        MemberReport report = reports.get(member);
        if (report != null && !closed) {
            repeat(member, report);
        }
    }

    private void onInfo(int from, Info part) {
        MemberReport report = reports.get(from);
        if (closed || step != Step.ASKING || report == null) {
            return;
        }
        report.add(part);
        if (group.around.has(Rule.LEVEL_OPERATIONS)) {
            for (LogEntry line : part.entries()) {
                OperationId operation = line.operation();
                if (operation != null) {
                    group.log.remember(operation, group.around.now());
                }
            }
        }
        if (reports.values().stream().allMatch(each -> each.complete)) {
            onAllInfos();
        }
    }

    private void onAllInfos() {
        for (int member : provers) {
            MemberReport report = reports.get(member);
            if (report != null && report.highest.compareTo(proven) < 0) {
                // It lost what it had synced. It comes back as a learner, the others go on.
                group.suspect(member, Evidence.ROLLED_BACK);
                return;
            }
        }
        if (!group.around.has(Rule.ROLL_FORWARD)) {
            finish();
            return;
        }
        for (MemberReport report : reports.values()) {
            report.listed().forEach(doubtful::add);
        }
        doubtful.removeIf(this::isLevelByLogs);
        if (reports.size() > 1 && reports.values().stream().anyMatch(each -> each.full)) {
            step = Step.COMPARING;
            comparison = new FullComparison(
                    group, own, List.copyOf(reports.keySet()), doubtful, this::askVersions);
            comparison.begin();
        } else {
            askVersions();
        }
    }

    private boolean isLevelByLogs(ObjectId object) {
        ObjectVersion common = null;
        for (MemberReport report : reports.values()) {
            HeldObject held = report.find(object);
            if (held == null || report.full) {
                return false;
            }
            if (common != null && !common.equals(held.version())) {
                return false;
            }
            common = held.version();
        }
        return true;
    }

    private void askVersions() {
        step = Step.VERSIONS;
        reports.forEach((member, report) -> {
            List<ObjectId> unknown = new ArrayList<>();
            for (ObjectId object : doubtful) {
                if (report.find(object) == null || report.full || comparison != null) {
                    unknown.add(object);
                }
            }
            for (int from = 0; from < unknown.size(); from += MAX_OBJECTS) {
                int to = Math.min(unknown.size(), from + MAX_OBJECTS);
                report.questions.add(List.copyOf(unknown.subList(from, to)));
            }
        });
        reports.forEach(this::askNext);
        levelIfKnown();
    }

    private void askNext(int member, MemberReport report) {
        List<ObjectId> objects = report.questions.peek();
        if (objects == null) {
            return;
        }
        if (member == group.self()) {
            own.versions(objects, held -> onVersions(member, held));
        } else {
            group.send(member, new VersionsRequest(group.pg, group.epoch(), objects));
        }
    }

    private void onVersions(int from, List<HeldObject> held) {
        MemberReport report = reports.get(from);
        List<ObjectId> asked = report == null ? null : report.questions.peek();
        if (closed || step != Step.VERSIONS || report == null || asked == null) {
            return;
        }
        boolean answers = held.size() == asked.size() && held.get(0).object().equals(asked.get(0));
        if (answers) {
            report.questions.remove();
            held.forEach(report::set);
            askNext(from, report);
            levelIfKnown();
        }
    }

    private void levelIfKnown() {
        if (step != Step.VERSIONS
                || !reports.values().stream().allMatch(each -> each.questions.isEmpty())) {
            return;
        }
        step = Step.LEVELING;
        leveling = new Leveling(group, this::finish);
        for (ObjectId object : doubtful) {
            TreeMap<Integer, HeldObject> copies = new TreeMap<>();
            reports.forEach((member, report) -> {
                HeldObject held = report.find(object);
                if (held != null) {
                    copies.put(member, held);
                }
            });
            leveling.add(object, copies);
        }
        leveling.begin();
    }

    private void finish() {
        close();
        level.run();
    }

    private boolean isAwaited(int member, MemberReport report) {
        return switch (step) {
            case WAITING -> false;
            case ASKING -> !report.complete;
            case COMPARING -> comparison != null && comparison.isAwaited(member);
            case VERSIONS -> !report.questions.isEmpty();
            case LEVELING -> leveling != null && leveling.isAwaited(member);
        };
    }

    /** Asks a member again for what it did not answer. */
    private void repeat(int member, MemberReport report) {
        if (member == group.self() || !isAwaited(member, report)) {
            return;
        }
        switch (step) {
            case WAITING -> {}
            case ASKING -> group.send(member, new Query(group.pg, group.epoch()));
            case COMPARING -> {
                if (comparison != null) {
                    comparison.repeat(member);
                }
            }
            case VERSIONS -> askNext(member, report);
            case LEVELING -> {
                if (leveling != null) {
                    leveling.repeat(member);
                }
            }
        }
    }

    private void onTick() {
        if (closed) {
            return;
        }
        timer = group.around.ports.timers().after(TICK_NANOS, this::onTick);
        long now = group.around.now();
        reports.forEach((member, report) -> {
            long silence = now - report.heardNanos;
            if (member != group.self() && isAwaited(member, report)) {
                if (silence >= SILENCE_NANOS) {
                    group.suspect(member, Evidence.NO_ACKNOWLEDGEMENT);
                }
                if (silence >= 2 * TICK_NANOS) {
                    repeat(member, report);
                }
            }
        });
    }

    private enum Step {
        WAITING,
        ASKING,
        COMPARING,
        VERSIONS,
        LEVELING
    }
}
