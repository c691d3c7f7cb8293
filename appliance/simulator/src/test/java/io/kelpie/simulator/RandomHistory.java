package io.kelpie.simulator;

import io.kelpie.simulator.RegisterEvent.Kind;

import java.util.ArrayList;
import java.util.List;

/** Draws short histories, about half of which a register can explain. */
final class RandomHistory {
    private static final int MAX_OPERATIONS = 6;

    private RandomHistory() {}

    static List<RegisterEvent> draw(RandomSource random) {
        List<RegisterEvent> events = new ArrayList<>();
        List<RegisterEvent> open = new ArrayList<>();
        int started = 0;
        int operations = 2 + random.below(MAX_OPERATIONS - 1);
        while (started < operations || !open.isEmpty()) {
            boolean starts = started < operations && (open.isEmpty() || random.chance(0.5));
            if (starts) {
                RegisterEvent start = start(random, started++);
                events.add(start);
                open.add(start);
            } else if (random.chance(0.15)) {
                losePower(events, open);
            } else {
                RegisterEvent ending = open.remove(random.below(open.size()));
                Kind kind = ending.kind() == Kind.FLUSH_START ? Kind.FLUSH_END : Kind.END;
                events.add(RegisterEvent.of(kind, ending.operation()));
            }
        }
        return events;
    }

    private static RegisterEvent start(RandomSource random, int operation) {
        int dice = random.below(10);
        if (dice < 4) {
            // Zeros are written more than once, everything else once.
            long value = random.chance(0.3) ? 0 : operation + 1;
            int flags = random.below(4);
            return new RegisterEvent(Kind.WRITE_START, operation, value, flags);
        }
        if (dice < 8) {
            return new RegisterEvent(Kind.READ_START, operation, random.below(operation + 2), 0);
        }
        return RegisterEvent.of(Kind.FLUSH_START, operation);
    }

    /** What is open ends with the power: writes become uncertain, the rest is as if never asked. */
    private static void losePower(List<RegisterEvent> events, List<RegisterEvent> open) {
        for (RegisterEvent each : open) {
            if (each.kind() == Kind.WRITE_START) {
                int index = events.indexOf(each);
                events.set(
                        index,
                        new RegisterEvent(
                                each.kind(),
                                each.operation(),
                                each.value(),
                                each.flags() | RegisterEvent.UNCERTAIN));
                events.add(RegisterEvent.of(Kind.END, each.operation()));
            } else {
                events.remove(each);
            }
        }
        open.clear();
        events.add(RegisterEvent.of(Kind.POWER_LOSS, 0));
    }
}
