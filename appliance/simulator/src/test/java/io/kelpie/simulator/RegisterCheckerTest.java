package io.kelpie.simulator;

import static io.kelpie.simulator.HistoryBuilder.aHistory;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.simulator.RegisterChecker.Verdict;

import org.junit.jupiter.api.Test;

import java.util.List;

final class RegisterCheckerTest {
    private static final int RANDOM_HISTORIES = 10_000;

    @Test
    void acceptsReadsOfTheLastAcknowledgedWrite() {
        assertThat(aHistory().wrote(1, 7).read(2, 7).wrote(3, 8).read(4, 8).verdict())
                .isEqualTo(Verdict.FITS);
    }

    @Test
    void findsZerosBeforeTheFirstWriteAndNothingElse() {
        assertThat(aHistory().read(1, 0).verdict().fits()).isTrue();
        assertThat(aHistory().read(1, 7).verdict().fits()).isFalse();
    }

    @Test
    void refusesAStaleRead() {
        assertThat(aHistory().wrote(1, 7).wrote(2, 8).read(3, 7).verdict().fits())
                .isFalse();
    }

    @Test
    void refusesALostWrite() {
        assertThat(aHistory().wrote(1, 7).read(2, 0).verdict().fits()).isFalse();
    }

    @Test
    void namesTheFirstReadThatCannotBe() {
        Verdict verdict =
                aHistory().wrote(1, 7).read(2, 7).read(3, 0).read(4, 7).verdict();

        assertThat(verdict.position()).isEqualTo(5);
    }

    @Test
    void letsOverlappingWritesTakeEffectInEitherOrder() {
        HistoryBuilder first =
                aHistory().startWrite(1, 7).startWrite(2, 8).end(1).end(2).read(3, 7);
        HistoryBuilder second =
                aHistory().startWrite(1, 7).startWrite(2, 8).end(1).end(2).read(3, 8);

        assertThat(first.verdict().fits()).isTrue();
        assertThat(second.verdict().fits()).isTrue();
    }

    @Test
    void refusesReadsThatSeeOverlappingWritesInBothOrders() {
        HistoryBuilder history = aHistory()
                .startWrite(1, 7)
                .startWrite(2, 8)
                .end(1)
                .end(2)
                .read(3, 7)
                .read(4, 8);

        assertThat(history.verdict().fits()).isFalse();
    }

    @Test
    void refusesToGoBackAfterAnOverlappingWriteWasSeen() {
        HistoryBuilder history =
                aHistory().wrote(1, 7).startWrite(2, 8).read(3, 8).read(4, 7).end(2);

        assertThat(history.verdict().fits()).isFalse();
    }

    @Test
    void letsAnUncertainWriteHappenOrNotBeforeItsEnd() {
        HistoryBuilder happened =
                aHistory().wrote(1, 7).startUncertain(2, 8).end(2).read(3, 8);
        HistoryBuilder didNot =
                aHistory().wrote(1, 7).startUncertain(2, 8).end(2).read(3, 7);

        assertThat(happened.verdict().fits()).isTrue();
        assertThat(didNot.verdict().fits()).isTrue();
    }

    @Test
    void refusesAnUncertainWriteThatHappensAfterItsEnd() {
        HistoryBuilder history =
                aHistory().wrote(1, 7).startUncertain(2, 8).end(2).read(3, 7).read(4, 8);

        assertThat(history.verdict().fits()).isFalse();
    }

    @Test
    void lettingPowerFailMayLoseWhatWasNotFlushed() {
        HistoryBuilder lost =
                aHistory().wrote(1, 7).flushed(2).wrote(3, 8).losePower().read(4, 7);
        HistoryBuilder kept =
                aHistory().wrote(1, 7).flushed(2).wrote(3, 8).losePower().read(4, 8);

        assertThat(lost.verdict().fits()).isTrue();
        assertThat(kept.verdict().fits()).isTrue();
    }

    @Test
    void refusesToLoseAFlushedWrite() {
        HistoryBuilder history = aHistory().wrote(1, 7).flushed(2).losePower().read(3, 0);

        assertThat(history.verdict().fits()).isFalse();
    }

    @Test
    void refusesToLoseADurableWrite() {
        HistoryBuilder history =
                aHistory().wrote(1, 6).wroteDurably(2, 7).losePower().read(3, 6);

        assertThat(history.verdict().fits()).isFalse();
    }

    @Test
    void refusesToLoseWhatADurableWriteOverwrote() {
        HistoryBuilder history = aHistory()
                .wrote(1, 6)
                .wroteDurably(2, 7)
                .wrote(3, 8)
                .losePower()
                .read(4, 6);

        assertThat(history.verdict().fits()).isFalse();
    }

    @Test
    void doesNotCountAFlushThatStartedBeforeTheWriteEnded() {
        HistoryBuilder history = aHistory()
                .startWrite(1, 7)
                .startFlush(2)
                .end(1)
                .endFlush(2)
                .losePower()
                .read(3, 0);

        assertThat(history.verdict().fits()).isTrue();
    }

    @Test
    void wantsTheValueAfterAPowerLossToStay() {
        HistoryBuilder history = aHistory()
                .wrote(1, 7)
                .flushed(2)
                .wrote(3, 8)
                .losePower()
                .read(4, 7)
                .losePower()
                .read(5, 8);

        assertThat(history.verdict().fits()).isFalse();
    }

    @Test
    void allowsAnyValueSinceTheFlushAfterAPowerLossButNoneBefore() {
        HistoryBuilder history = aHistory()
                .wrote(1, 6)
                .wrote(2, 7)
                .flushed(3)
                .wrote(4, 8)
                .wrote(5, 9)
                .losePower();

        assertThat(history.copy().read(6, 8).verdict().fits()).isTrue();
        assertThat(history.copy().read(6, 6).verdict().fits()).isFalse();
    }

    @Test
    void takesZerosWrittenAgainAndAgainForWhatTheyAre() {
        HistoryBuilder history = aHistory()
                .wrote(1, 7)
                .startWrite(2, 0)
                .startWrite(3, 8)
                .end(2)
                .end(3)
                .read(4, 0)
                .wrote(5, 9)
                .wrote(6, 0)
                .read(7, 0);

        assertThat(history.verdict().fits()).isTrue();
    }

    @Test
    void manyPairsOfOverlappingWritesStayCheap() {
        HistoryBuilder history = aHistory();
        for (int i = 0; i < 60; i += 3) {
            history.startWrite(i, i + 1).startWrite(i + 1, i + 2).end(i).end(i + 1);
            history.read(i + 2, i + 2);
        }

        Verdict verdict = history.verdict();

        assertThat(verdict).isEqualTo(Verdict.FITS);
    }

    @Test
    void agreesWithAnExhaustiveSearchOnShortHistories() {
        RandomSource random = new RandomSource(Long.getLong("kelpie.seed", 20261122L));
        int fitting = 0;

        for (int i = 0; i < RANDOM_HISTORIES; i++) {
            List<RegisterEvent> events = RandomHistory.draw(random);
            boolean expected = new ExhaustiveRegister(events).fits();
            Verdict verdict = RegisterChecker.check(events);
            assertThat(verdict.conclusive()).isTrue();
            assertThat(verdict.fits()).as("history %d: %s", i, events).isEqualTo(expected);
            fitting += expected ? 1 : 0;
        }

        assertThat(fitting).isBetween(RANDOM_HISTORIES / 10, RANDOM_HISTORIES * 9 / 10);
    }
}
