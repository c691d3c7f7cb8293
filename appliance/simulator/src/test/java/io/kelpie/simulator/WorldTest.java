package io.kelpie.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

final class WorldTest {
    private final World world = new World(1);
    private final List<String> seen = new ArrayList<>();

    @Test
    void runsEventsByTimeAndThenByTheOrderOfScheduling() {
        world.schedule(20, "test", "late", () -> seen.add("late"));
        world.schedule(10, "test", "first", () -> seen.add("first"));
        world.schedule(10, "test", "second", () -> seen.add("second"));

        world.runUntil(() -> seen.size() == 3, 100);

        assertThat(seen).containsExactly("first", "second", "late");
        assertThat(world.now()).isEqualTo(20);
    }

    @Test
    void stopsAtTheLimitWithoutRunningWhatComesLater() {
        world.schedule(101, "test", "late", () -> seen.add("late"));

        boolean met = world.runUntil(() -> !seen.isEmpty(), 100);

        assertThat(met).isFalse();
        assertThat(seen).isEmpty();
        assertThat(world.now()).isEqualTo(100);
    }

    @Test
    void doesNotRunCancelledEvents() {
        World.Event event = world.schedule(1, "test", "cancelled", () -> seen.add("cancelled"));

        event.cancel();
        world.runUntil(() -> false, 10);

        assertThat(seen).isEmpty();
    }

    @Test
    void endsWithTheFirstFailureEvenIfSomebodySwallowsIt() {
        world.schedule(1, "test", "swallows", () -> {
            try {
                world.check(false, "something holds", 42);
            } catch (SimulationFailure failure) {
                seen.add(failure.rule());
            }
        });

        assertThatThrownBy(() -> world.runUntil(() -> false, 10))
                .isInstanceOf(SimulationFailure.class)
                .hasMessage("something holds: 42");
    }

    @Test
    void hashesEveryNoteWithItsValues() {
        World same = new World(1);
        World other = new World(1);

        world.note("test", "fact", 1, 2);
        same.note("test", "fact", 1, 2);
        other.note("test", "fact", 1, 3);

        assertThat(same.trace().hash()).isEqualTo(world.trace().hash());
        assertThat(other.trace().hash()).isNotEqualTo(world.trace().hash());
    }

    @Test
    void aMoreDrawInOnePlaceShiftsNoOtherPlace() {
        RandomSource first = new RandomSource(7);
        RandomSource second = new RandomSource(7);

        first.next();

        assertThat(first.fork("store").next()).isEqualTo(second.fork("store").next());
        assertThat(first.fork("store").next()).isNotEqualTo(first.fork("clock").next());
    }

    @Test
    void aDeadProcessRunsNothingAndAPausedOneRunsLateAndInOrder() {
        SimProcess dead = new SimProcess(world, "dead", 0, 1);
        SimProcess paused = new SimProcess(world, "paused", 0, 1);
        dead.post(5, "never", () -> seen.add("never"));
        paused.post(5, "first", () -> seen.add("first at " + world.now()));
        paused.after(6, () -> seen.add("second at " + world.now()));

        dead.kill();
        paused.pause(50);
        world.runUntil(() -> false, 100);

        assertThat(seen).containsExactly("first at 50", "second at 50");
    }

    @Test
    void aTimerNeverRunsEarlyByItsOwnClock() {
        SimProcess slow = new SimProcess(world, "slow", 1000, 0.98);
        long start = slow.nanos();
        slow.after(1_000_000, () -> seen.add("at " + (slow.nanos() - start >= 999_999)));

        world.runUntil(() -> !seen.isEmpty(), 10_000_000);

        assertThat(seen).containsExactly("at true");
    }

    @Test
    void aCancelledTimerDoesNotRun() {
        SimProcess process = new SimProcess(world, "process", 0, 1);

        process.after(5, () -> seen.add("timer")).cancel();
        world.runUntil(() -> false, 10);

        assertThat(seen).isEmpty();
    }
}
