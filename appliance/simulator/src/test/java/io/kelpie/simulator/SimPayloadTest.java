package io.kelpie.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;

final class SimPayloadTest {
    private final PayloadLedger ledger = new PayloadLedger(new World(1));

    @Test
    void countsWhatIsHeldAndTellsWhereItCameFrom() {
        SimPayload payload = ledger.adopt(new byte[8], "test");

        assertThat(ledger.liveCount()).isEqualTo(1);
        assertThat(ledger.liveOrigins().get(0)).startsWith("test at");

        payload.release();

        assertThat(ledger.liveCount()).isZero();
    }

    @Test
    void aSliceKeepsTheMemoryAliveOnItsOwn() {
        SimPayload payload = ledger.copyOf(ByteBuffer.wrap(new byte[] {1, 2, 3, 4}));
        SimPayload slice = payload.slice(1, 2);

        payload.release();

        assertThat(slice.view().get(0)).isEqualTo((byte) 2);
        assertThat(ledger.liveCount()).isEqualTo(1);

        slice.release();

        assertThat(ledger.liveCount()).isZero();
    }

    @Test
    void overwritesTheBytesOnTheLastReleaseSoThatAKeptViewShowsIt() {
        SimPayload payload = ledger.copyOf(ByteBuffer.wrap(new byte[] {1}));
        ByteBuffer kept = payload.view();

        payload.release();

        assertThat(kept.get(0)).isEqualTo((byte) 0xDB);
    }

    @Test
    void refusesEveryUseAfterTheLastRelease() {
        SimPayload payload = ledger.adopt(new byte[8], "test");
        payload.retain().release();
        payload.release();

        assertThatThrownBy(payload::view).isInstanceOf(SimulationFailure.class);
        assertThatThrownBy(payload::release).isInstanceOf(SimulationFailure.class);
        assertThatThrownBy(payload::retain).isInstanceOf(SimulationFailure.class);
        assertThatThrownBy(() -> payload.slice(0, 1)).isInstanceOf(SimulationFailure.class);
    }

    @Test
    void refusesASliceThatReachesBeyondTheEnd() {
        SimPayload payload = ledger.adopt(new byte[8], "test");

        assertThatThrownBy(() -> payload.slice(4, 5))
                .isInstanceOf(SimulationFailure.class)
                .hasMessageContaining("4 + 5 of 8");
    }
}
