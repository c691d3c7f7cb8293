// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

class ByteBudgetTest {

    private final ByteBudget budget = new ByteBudget(100);
    private final List<String> granted = new ArrayList<>();

    @Test
    void reservesUpToTheLimitAndNotAByteMore() {
        assertThat(budget.reserve(60, waiter("a"))).isTrue();
        assertThat(budget.reserve(40, waiter("b"))).isTrue();
        assertThat(budget.reserve(1, waiter("c"))).isFalse();
        assertThat(budget.usedBytes()).isEqualTo(100);
    }

    @Test
    void grantsInTheOrderOfAskingAlsoWhenALaterOneWouldFit() {
        budget.reserve(90, waiter("a"));
        assertThat(budget.reserve(50, waiter("large"))).isFalse();
        assertThat(budget.reserve(5, waiter("small"))).isFalse();

        budget.release(20);
        assertThat(granted).isEmpty();

        budget.release(70);
        assertThat(granted).containsExactly("large", "small");
        assertThat(budget.usedBytes()).isEqualTo(55);
    }

    @Test
    void aWaiterThatLeavesLetsTheNextOneIn() {
        budget.reserve(90, waiter("a"));
        var leaving = waiter("large");
        budget.reserve(50, leaving);
        budget.reserve(10, waiter("small"));

        assertThat(budget.cancel(leaving)).isTrue();

        assertThat(granted).containsExactly("small");
        assertThat(budget.cancel(leaving)).isFalse();
    }

    @Test
    void refusesMisuse() {
        assertThatThrownBy(() -> budget.reserve(101, waiter("a")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> budget.release(1)).isInstanceOf(IllegalStateException.class);
    }

    private ByteBudget.Waiter waiter(String name) {
        return new ByteBudget.Waiter() {
            @Override
            public void onGranted() {
                granted.add(name);
            }
        };
    }
}
