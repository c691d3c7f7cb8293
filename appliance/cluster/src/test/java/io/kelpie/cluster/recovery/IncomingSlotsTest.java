package io.kelpie.cluster.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.message.RecoveryMessage.SlotRelease;
import io.kelpie.cluster.message.RecoveryMessage.SlotRequest;
import io.kelpie.cluster.message.RecoveryMessage.SlotStatus;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.LocalStore.Space;

import org.junit.jupiter.api.Test;

final class IncomingSlotsTest {
    private static final long SECOND = 1_000_000_000L;
    private static final Space ROOM = new Space(100_000, 50_000);
    private static final Space FULL = new Space(100_000, 9_000);
    private static final PeerId ONE = new PeerId(new NodeId(1, 1), 1);
    private static final PeerId TWO = new PeerId(new NodeId(2, 2), 1);

    private final IncomingSlots slots = new IncomingSlots(1);
    private Space space = ROOM;

    private SlotStatus ask(PeerId from, int partition, int danger, long now) {
        return slots.ask(
                from, new SlotRequest(new PgId(partition), 5, partition + 1, danger), space, now);
    }

    @Test
    void givesAsManyPlacesAsThereAre() {
        assertThat(ask(ONE, 0, 1, 0)).isEqualTo(SlotStatus.GRANTED);
        assertThat(ask(TWO, 1, 1, 0)).isEqualTo(SlotStatus.BUSY);

        slots.release(ONE, new SlotRelease(new PgId(0), 5, 1));

        assertThat(ask(TWO, 1, 1, SECOND)).isEqualTo(SlotStatus.GRANTED);
    }

    @Test
    void aPlaceIsFreeAgainWhenNobodyAsksForItAnyMore() {
        ask(ONE, 0, 1, 0);

        assertThat(ask(ONE, 0, 1, 4 * SECOND)).isEqualTo(SlotStatus.GRANTED);
        assertThat(ask(TWO, 1, 1, 8 * SECOND)).isEqualTo(SlotStatus.BUSY);
        assertThat(ask(TWO, 1, 1, 10 * SECOND)).isEqualTo(SlotStatus.GRANTED);
    }

    @Test
    void theMoreUrgentComesFirstThoughItAskedLater() {
        ask(ONE, 0, 2, 0);
        ask(ONE, 1, 2, 0);
        ask(TWO, 2, 0, 0);
        slots.release(ONE, new SlotRelease(new PgId(0), 5, 1));

        assertThat(ask(ONE, 1, 2, SECOND)).isEqualTo(SlotStatus.BUSY);
        assertThat(ask(TWO, 2, 0, SECOND)).isEqualTo(SlotStatus.GRANTED);
    }

    @Test
    void aLateReleaseOfAnEarlierSessionTakesNothingAway() {
        ask(ONE, 0, 1, 0);

        slots.release(ONE, new SlotRelease(new PgId(0), 5, 77));

        assertThat(ask(TWO, 1, 1, 0)).isEqualTo(SlotStatus.BUSY);
    }

    @Test
    void aFullNodeReceivesNothingNewButEndsWhatItBegan() {
        ask(ONE, 0, 1, 0);
        space = FULL;

        assertThat(ask(TWO, 1, 1, 0)).isEqualTo(SlotStatus.FULL);
        assertThat(ask(ONE, 0, 1, SECOND)).isEqualTo(SlotStatus.GRANTED);
    }
}
