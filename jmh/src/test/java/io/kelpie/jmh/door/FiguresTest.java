package io.kelpie.jmh.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.List;

final class FiguresTest {
    @Test
    void theMedianOfAnOddNumberIsTheMiddleOne() {
        assertThat(new Figures(List.of(9.0, 1.0, 5.0)).median()).isEqualTo(5.0);
    }

    @Test
    void theMedianOfAnEvenNumberLiesBetweenTheTwoInTheMiddle() {
        assertThat(new Figures(List.of(4.0, 1.0, 2.0, 9.0)).median()).isEqualTo(3.0);
    }

    @Test
    void ratiosAreTakenRoundByRound() {
        Figures own = new Figures(List.of(10.0, 30.0, 8.0));
        Figures other = new Figures(List.of(20.0, 20.0, 8.0));

        Figures ratios = own.dividedBy(other);

        assertThat(ratios.values()).containsExactly(0.5, 1.5, 1.0);
        assertThat(ratios.median()).isEqualTo(1.0);
        assertThat(ratios.min()).isEqualTo(0.5);
        assertThat(ratios.max()).isEqualTo(1.5);
    }

    @Test
    void refusesNoValuesAndUnequalRounds() {
        assertThatThrownBy(() -> new Figures(List.of()))
                .isInstanceOf(IllegalArgumentException.class);
        Figures one = new Figures(List.of(1.0));
        Figures two = new Figures(List.of(1.0, 2.0));
        assertThatThrownBy(() -> one.dividedBy(two))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 and 2");
    }

    @Test
    void printsMedianAndRange() {
        String text = Report.range(new Figures(List.of(3.0, 1.0, 2.0)), "%.1f");

        assertThat(text).isEqualTo("2.0 (1.0-3.0)");
    }
}
