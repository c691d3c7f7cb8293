package io.kelpie.cluster.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.InvariantViolation;
import io.kelpie.cluster.port.Coordinator.EventId;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.MemoryCoordinator.Fate;
import io.kelpie.cluster.testing.World;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Appending events and applying them in their order. */
class EventLogTest {
    private static final byte KIND = 5;
    private static final long SECOND = 1_000_000_000L;

    private final World world = new World();
    private final Numbers numbers = new Numbers();
    private final EventLog log = newLog(1, numbers);

    @Test
    void appliesInTheOrderOfTheLogWhoeverAppended() {
        load(log);
        appendOther(1, 10);
        Ended<Integer> own = submit(log, 20);
        appendOther(2, 30);
        world.loop.run();
        log.onEventsMaybeChanged();
        world.loop.run();

        assertThat(own.result()).isEqualTo(20);
        assertThat(numbers.applied).containsExactly(10, 20, 30);
    }

    @Test
    void tellsTheSubmitterWhyAnEventWasRefused() {
        load(log);

        Ended<Integer> refused = submit(log, 0);
        world.loop.run();

        assertThat(refused.error()).isEqualTo(ErrorCode.VDI_EXISTS);
    }

    @Test
    void repeatsAnAppendWhoseAnswerWasLostWithoutASecondEffect() {
        load(log);
        world.coordinator.nextAppends(Fate.LANDS_UNKNOWN, Fate.LOST_UNKNOWN);

        Ended<Integer> submitted = submit(log, 7);
        world.loop.pass(SECOND);

        assertThat(submitted.result()).isEqualTo(7);
        assertThat(numbers.applied).containsExactly(7);
        assertThat(world.coordinator.appendCalls()).isEqualTo(3);
    }

    @Test
    void givesUpAnAppendThatCannotWork() {
        load(log);
        world.coordinator.nextAppends(Fate.FULL);

        Ended<Integer> submitted = submit(log, 7);
        world.loop.run();

        assertThat(submitted.error()).isEqualTo(ErrorCode.NO_SPACE);
        assertThat(numbers.applied).isEmpty();
    }

    @Test
    void readsAgainWhenTheCoordinatorFailsForAWhile() {
        load(log);
        world.coordinator.nextEventReads(Fate.FAILS, Fate.FAILS);

        Ended<Integer> submitted = submit(log, 7);
        world.loop.run();
        assertThat(submitted.isEnded()).isFalse();
        world.loop.pass(SECOND);

        assertThat(submitted.result()).isEqualTo(7);
    }

    @Test
    void saysThatTheLogCannotBeRead() {
        world.coordinator.nextEventReads(Fate.FULL);

        Ended<Outcome> loaded = world.act(log::load);

        assertThat(loaded.error()).isEqualTo(ErrorCode.CORRUPT_OBJECT);
    }

    @Test
    void endsEverythingThatWaitsWhenItCloses() {
        load(log);
        world.coordinator.nextAppends(Fate.DIES);
        Ended<Integer> submitted = submit(log, 7);
        world.coordinator.nextEventReads(Fate.DIES);
        Ended<Outcome> catchingUp = world.act(log::catchUp);

        Ended<Outcome> closed = world.act(log::close);

        assertThat(closed.isDone()).isTrue();
        assertThat(submitted.error()).isEqualTo(ErrorCode.SHUTTING_DOWN);
        assertThat(catchingUp.error()).isEqualTo(ErrorCode.SHUTTING_DOWN);
        assertThat(submit(log, 8).error()).isEqualTo(ErrorCode.SHUTTING_DOWN);
        assertThat(world.act(log::catchUp).error()).isEqualTo(ErrorCode.SHUTTING_DOWN);
    }

    @Test
    void appliesWhatIsThereWhenSomebodyCatchesUpInsideAnApply() {
        load(log);
        Ended<Outcome> inside = new Ended<>();
        numbers.onApply = () -> {
            appendOther(9, 99);
            log.catchUp(inside);
        };

        submit(log, 7);
        world.loop.run();

        assertThat(inside.isDone()).isTrue();
        assertThat(numbers.applied).containsExactly(7, 99);
    }

    @Test
    void readsMoreEventsThanOneReadReturns() {
        for (int i = 1; i <= 700; i++) {
            appendOther(i, i);
        }

        load(log);

        // Every hundredth is 0, which is refused.
        assertThat(numbers.applied).hasSize(693);
        assertThat(log.appliedIndex()).isEqualTo(700);
    }

    @Test
    void copesWithGapsInTheIndexes() {
        world.coordinator.append(new EventId(1, 1, 1, 1), new byte[] {KIND, 3}, 40);
        world.coordinator.append(new EventId(1, 1, 1, 2), new byte[] {KIND, 4}, 2);

        load(log);

        assertThat(numbers.applied).containsExactly(3, 4);
        assertThat(log.appliedIndex()).isEqualTo(42);
    }

    @Test
    void savesTheStateFromTimeToTimeAndLetsOldEventsGo() {
        load(log);
        for (int i = 1; i <= 100; i++) {
            submit(log, 1);
        }
        world.loop.run();

        assertThat(world.coordinator.trimmed()).isPositive();
        Numbers later = new Numbers();
        load(newLog(2, later));
        assertThat(later.sum).isEqualTo(100);
        assertThat(later.applied).as("the rest came from the saved state").hasSizeLessThan(100);
    }

    @Test
    void restoresWhatItSavedWhenItClosed() {
        load(log);
        submit(log, 7);
        submit(log, 8);
        world.loop.run();
        world.act(log::close);

        Numbers later = new Numbers();
        EventLog next = newLog(2, later);
        load(next);

        assertThat(later.sum).isEqualTo(15);
        assertThat(later.applied).isEmpty();
        assertThat(next.appliedIndex()).isEqualTo(2);
    }

    @Test
    void appliesEventsOfAnEarlierLifeWithoutTakingThemForItsOwn() {
        load(log);
        world.coordinator.nextAppends(Fate.LANDS_AND_DIES);
        Ended<Integer> lost = submit(log, 7);
        world.loop.run();

        Numbers later = new Numbers();
        EventLog next = newLog(2, later);
        load(next);
        Ended<Integer> own = submit(next, 8);
        world.loop.run();

        assertThat(lost.isEnded()).isFalse();
        assertThat(own.result()).isEqualTo(8);
        assertThat(later.applied).containsExactly(7, 8);
    }

    @Test
    void refusesTwoAppliersOfOneKindAndEventsOfNone() {
        assertThatThrownBy(() -> new EventLog(
                        world.ports(), World.NODE, 1, List.of(new Numbers(), new Numbers())))
                .isInstanceOf(InvariantViolation.class);
        world.coordinator.append(new EventId(1, 1, 1, 1), new byte[] {77}, 1);
        assertThatThrownBy(() -> load(log))
                .isInstanceOf(InvariantViolation.class)
                .hasMessageContaining("77");
    }

    private EventLog newLog(long incarnation, Numbers applier) {
        return new EventLog(world.ports(), World.NODE, incarnation, List.of(applier));
    }

    private void load(EventLog which) {
        assertThat(world.act(which::load).isDone()).isTrue();
    }

    private Ended<Integer> submit(EventLog which, int number) {
        return world.begin(completion ->
                which.submit(KIND, ByteBuffer.wrap(new byte[] {(byte) number}), completion));
    }

    private void appendOther(int counter, int number) {
        EventId id = new EventId(99, 99, 1, counter);
        world.coordinator.append(id, new byte[] {KIND, (byte) (number % 100)}, 1);
    }

    /** Adds up numbers; refuses 0. */
    private static final class Numbers implements EventApplier {
        private final List<Integer> applied = new ArrayList<>();
        private Runnable onApply = () -> {};
        private int sum;

        @Override
        public byte kind() {
            return KIND;
        }

        @Override
        public EventOutcome apply(ByteBuffer body) {
            int number = body.get();
            if (number == 0) {
                return EventOutcome.refused(ErrorCode.VDI_EXISTS);
            }
            applied.add(number);
            sum += number;
            Runnable once = onApply;
            onApply = () -> {};
            once.run();
            return EventOutcome.applied(number);
        }

        @Override
        public ByteBuffer save() {
            return ByteBuffer.allocate(4).putInt(0, sum);
        }

        @Override
        public void restore(ByteBuffer saved) {
            sum = saved.duplicate().getInt();
        }
    }
}
