package io.kelpie.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;

class StoreConfigTest {
    private final StoreConfig config = StoreConfig.at(Path.of("/store"));

    @Test
    void defaultsFitTheHost() {
        assertThat(config.cacheBytes()).isBetween(64L << 20, 64L << 30);
        assertThat(config.writeBufferBytes()).isBetween(16L << 20, 512L << 20);
        assertThat(config.backgroundJobs()).isGreaterThanOrEqualTo(2);
        assertThat(config.acceptLoss()).isFalse();
    }

    @Test
    void memtablesAboveHalfOfTheCacheAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config.withMemory(32L << 20, (16L << 20) + 1))
                .withMessageContaining("writeBufferBytes is 16777217");
    }

    @Test
    void tooSmallACacheIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config.withMemory(
                        StoreConfig.MIN_CACHE_BYTES - 1, StoreConfig.MIN_WRITE_BUFFER_BYTES))
                .withMessageContaining("cacheBytes is");
    }

    @Test
    void noBackgroundJobsAndNegativeReserveAreRefused() {
        assertThatIllegalArgumentException().isThrownBy(() -> config.withBackgroundJobs(0));
        assertThatIllegalArgumentException().isThrownBy(() -> config.withReserveBytes(-1));
    }

    @Test
    void keysOutOfRangeAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ObjectKey.of(65_536, ObjectKind.DATA, 1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ObjectKey(1, ObjectKind.DATA, 1, 256));
        assertThatIllegalArgumentException().isThrownBy(() -> ObjectKind.ofCode(0));
    }
}
