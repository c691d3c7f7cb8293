package io.kelpie.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.time.Duration;

final class FuseConfigTest {
    private final FuseConfig config = FuseConfig.at(Path.of("mnt"));

    @Test
    void theDefaultsAreAsDocumented() {
        assertThat(config.mountPoint()).isAbsolute();
        assertThat(config.threadCount()).isGreaterThanOrEqualTo(4);
        assertThat(config.allowOther()).isFalse();
        assertThat(config.fsName()).isEqualTo("kelpie");
        assertThat(config.attributeTimeout()).isEqualTo(Duration.ofSeconds(1));
        assertThat(config.directIo()).isTrue();
        assertThat(config.fileMode()).isEqualTo(0600);
        assertThat(config.growthStepBytes()).isEqualTo(64L << 20);
        assertThat(config.closeTimeout()).isEqualTo(Duration.ofSeconds(30));
    }

    @Test
    void valuesOutOfRangeAreRefusedWithTheValue() {
        assertThatThrownBy(() -> config.withThreadCount(0)).hasMessageContaining("is 0");
        assertThatThrownBy(() -> config.withThreadCount(257)).hasMessageContaining("257");
        assertThatThrownBy(() -> config.withFsName("a,b")).hasMessageContaining("a,b");
        assertThatThrownBy(() -> config.withAttributeTimeout(Duration.ofSeconds(-1)))
                .hasMessageContaining("PT-1S");
        assertThatThrownBy(() -> config.withOwner(01000, 0, 0)).hasMessageContaining("mode");
        assertThatThrownBy(() -> config.withGrowthStepBytes(-1)).hasMessageContaining("-1");
        assertThatThrownBy(() -> config.withCloseTimeout(Duration.ZERO))
                .hasMessageContaining("PT0S");
    }
}
