package io.kelpie.simulator;

import io.kelpie.simulator.RegisterEvent.Kind;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The definition of a right history, tried out in every possible way: before each event any pending
 * operation may have its effect, in any order; a power loss may keep any write since the last one
 * known to be on disk. Far too slow for anything but short histories, and shares no code with the
 * checker.
 */
final class ExhaustiveRegister {
    private final List<RegisterEvent> events;

    ExhaustiveRegister(List<RegisterEvent> events) {
        this.events = events;
    }

    boolean fits() {
        List<Integer> nothing = List.of(-1);
        return explain(0, nothing, new TreeSet<>(), new TreeMap<>(), new TreeSet<>());
    }

    /**
     * Tries to explain the rest of the history.
     *
     * @param log writes in the order of their effect, from the last one surely on disk on
     * @param effective operations that had their effect
     * @param covered what each pending flush covers
     * @param acknowledged writes that were acknowledged
     */
    private boolean explain(
            int position,
            List<Integer> log,
            Set<Integer> effective,
            Map<Integer, Set<Integer>> covered,
            Set<Integer> acknowledged) {
        if (position == events.size()) {
            return true;
        }
        if (happen(position, log, effective, covered, acknowledged)) {
            return true;
        }
        for (RegisterEvent pending : pendingAt(position)) {
            if (effective.contains(pending.operation())) {
                continue;
            }
            Set<Integer> more = new TreeSet<>(effective);
            more.add(pending.operation());
            if (pending.kind() == Kind.WRITE_START) {
                List<Integer> longer = new ArrayList<>(log);
                longer.add(pending.operation());
                if (explain(position, longer, more, covered, acknowledged)) {
                    return true;
                }
            } else if (valueOf(log.get(log.size() - 1)) == pending.value()
                    && explain(position, log, more, covered, acknowledged)) {
                return true;
            }
        }
        return false;
    }

    private boolean happen(
            int position,
            List<Integer> log,
            Set<Integer> effective,
            Map<Integer, Set<Integer>> covered,
            Set<Integer> acknowledged) {
        RegisterEvent event = events.get(position);
        int operation = event.operation();
        switch (event.kind()) {
            case END -> {
                RegisterEvent start = startOf(operation);
                boolean certain = start.kind() == Kind.READ_START || !start.isUncertain();
                if (certain && !effective.contains(operation)) {
                    return false;
                }
                List<Integer> rest = log;
                Set<Integer> more = new TreeSet<>(acknowledged);
                if (start.kind() == Kind.WRITE_START && certain) {
                    more.add(operation);
                    int index = log.indexOf(operation);
                    rest = start.isDurable() && index > 0 ? log.subList(index, log.size()) : log;
                }
                return explain(position + 1, rest, effective, covered, more);
            }
            case FLUSH_START -> {
                Map<Integer, Set<Integer>> more = new TreeMap<>(covered);
                more.put(operation, new TreeSet<>(acknowledged));
                return explain(position + 1, log, effective, more, acknowledged);
            }
            case FLUSH_END -> {
                int last = 0;
                for (int i = 1; i < log.size(); i++) {
                    last = covered.getOrDefault(operation, new TreeSet<>()).contains(log.get(i))
                            ? i
                            : last;
                }
                List<Integer> rest = log.subList(last, log.size());
                return explain(position + 1, rest, effective, covered, acknowledged);
            }
            case POWER_LOSS -> {
                for (int survivor : log) {
                    List<Integer> rest = List.of(survivor);
                    if (explain(position + 1, rest, effective, covered, acknowledged)) {
                        return true;
                    }
                }
                return false;
            }
            default -> {
                return explain(position + 1, log, effective, covered, acknowledged);
            }
        }
    }

    private List<RegisterEvent> pendingAt(int position) {
        List<RegisterEvent> pending = new ArrayList<>();
        for (int i = 0; i < position; i++) {
            RegisterEvent event = events.get(i);
            if (event.kind() == Kind.WRITE_START || event.kind() == Kind.READ_START) {
                pending.add(event);
            } else if (event.kind() == Kind.END) {
                pending.removeIf(start -> start.operation() == event.operation());
            }
        }
        return pending;
    }

    private RegisterEvent startOf(int operation) {
        for (RegisterEvent event : events) {
            if (event.operation() == operation && event.kind() != Kind.POWER_LOSS) {
                return event;
            }
        }
        throw new IllegalArgumentException("operation " + operation + " never started");
    }

    private long valueOf(int write) {
        return write < 0 ? 0 : startOf(write).value();
    }
}
