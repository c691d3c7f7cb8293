package io.kelpie.store.rocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.store.StoreException;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

import java.util.concurrent.atomic.AtomicBoolean;

class GateTest {
    private final Gate gate = new Gate("/store");

    @Test
    void shutWaitsForThoseInside() throws Exception {
        gate.enter();
        AtomicBoolean hurried = new AtomicBoolean();
        Thread closer = new Thread(() -> gate.shut(() -> hurried.set(true)));
        closer.start();
        Awaitility.await().until(() -> closer.getState() == Thread.State.WAITING);

        assertThat(hurried).isTrue();
        assertThat(gate.tryEnter()).isFalse();
        assertThat(closer.isAlive()).isTrue();
        gate.leave();
        closer.join();
    }

    @Test
    void shutGateRefusesWithItsName() {
        assertThat(gate.shut(() -> {})).isTrue();
        assertThat(gate.shut(() -> {})).isFalse();

        assertThatThrownBy(gate::enter)
                .isInstanceOf(StoreException.class)
                .hasMessage("store /store is closed");
    }
}
