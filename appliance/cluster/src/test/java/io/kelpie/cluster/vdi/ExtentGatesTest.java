package io.kelpie.cluster.vdi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.model.InvariantViolation;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** Who passes the gate of an extent, and when. */
class ExtentGatesTest {
    private final ExtentGates gates = new ExtentGates();
    private final List<String> passed = new ArrayList<>();

    @Test
    void letsSharedHoldersPassTogetherAndAnExclusiveOneAlone() {
        enter("first", false);
        enter("second", false);
        enter("alone", true);
        assertThat(passed).containsExactly("first", "second");

        gates.leave(1, false);
        assertThat(passed).hasSize(2);
        gates.leave(1, false);
        assertThat(passed).containsExactly("first", "second", "alone");
    }

    @Test
    void letsNobodyOvertakeAWaiter() {
        enter("first", false);
        enter("alone", true);
        enter("late", false);
        assertThat(passed).containsExactly("first");

        gates.leave(1, false);
        assertThat(passed).containsExactly("first", "alone");
        gates.leave(1, true);
        assertThat(passed).containsExactly("first", "alone", "late");
    }

    @Test
    void letsEverySharedWaiterInAtOnce() {
        enter("alone", true);
        enter("second", false);
        enter("third", false);

        gates.leave(1, true);

        assertThat(passed).containsExactly("alone", "second", "third");
    }

    @Test
    void keepsExtentsApart() {
        gates.enter(1, true, () -> passed.add("one"));
        gates.enter(2, true, () -> passed.add("two"));

        assertThat(passed).containsExactly("one", "two");
    }

    @Test
    void forgetsAGateThatEverybodyLeft() {
        enter("alone", true);
        enter("next", true);
        assertThat(gates.isEmpty()).isFalse();
        gates.leave(1, true);
        gates.leave(1, true);

        assertThat(gates.isEmpty()).isTrue();
    }

    @Test
    void refusesToBeLeftByThoseWhoDidNotEnter() {
        assertThatThrownBy(() -> gates.leave(1, true)).isInstanceOf(InvariantViolation.class);
        enter("first", false);
        assertThatThrownBy(() -> gates.leave(1, true)).isInstanceOf(InvariantViolation.class);
    }

    @Test
    void letsThoseWhoLeaveAtOncePassWithoutDeepRecursion() {
        int count = 200_000;
        int[] through = new int[1];
        enter("first", true);
        for (int i = 0; i < count; i++) {
            gates.enter(1, true, () -> {
                through[0]++;
                gates.leave(1, true);
            });
        }

        gates.leave(1, true);

        assertThat(through[0]).isEqualTo(count);
        assertThat(gates.isEmpty()).isTrue();
    }

    @Test
    void letsAHolderEnterAnewBehindThoseWhoWait() {
        gates.enter(1, false, () -> passed.add("shared"));
        enter("waiter", true);

        gates.leave(1, false);
        gates.enter(1, true, () -> passed.add("again"));
        assertThat(passed).containsExactly("shared", "waiter");
        gates.leave(1, true);

        assertThat(passed).containsExactly("shared", "waiter", "again");
    }

    private void enter(String name, boolean exclusive) {
        gates.enter(1, exclusive, () -> passed.add(name));
    }
}
