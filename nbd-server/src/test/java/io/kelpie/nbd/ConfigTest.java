// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.time.Duration;
import java.util.function.UnaryOperator;

class ConfigTest {

    @Test
    void defaultsAreTheDocumentedOnes() {
        var config = Door.config().build();

        assertThat(config.handshakeLimit()).isEqualTo(Duration.ofSeconds(30));
        assertThat(config.idleLimit()).isEqualTo(Duration.ZERO);
        assertThat(config.stallLimit()).isEqualTo(Duration.ofSeconds(60));
        assertThat(config.drainLimit()).isEqualTo(Duration.ofSeconds(10));
        assertThat(config.maxRequestBytes()).isEqualTo(32 << 20);
        assertThat(config.connectionBudgetBytes()).isEqualTo(64 << 20);
        assertThat(config.serverBudgetBytes()).isEqualTo(256 << 20);
        assertThat(config.maxRequestsInFlight()).isEqualTo(256);
        assertThat(config.maxConnections()).isEqualTo(1024);
    }

    @Test
    void namesTheSettingThatIsWrong() {
        refuses(b -> b.maxRequestBytes(5000), "maxRequestBytes");
        refuses(b -> b.connectionBudgetBytes(1), "connectionBudgetBytes");
        refuses(b -> b.serverBudgetBytes(1), "serverBudgetBytes");
        refuses(b -> b.maxRequestsInFlight(0), "maxRequestsInFlight");
        refuses(b -> b.maxConnections(0), "maxConnections");
        refuses(b -> b.handshakeLimit(Duration.ZERO), "handshakeLimit");
        refuses(b -> b.idleLimit(Duration.ofNanos(1)), "idleLimit");
        refuses(b -> b.stallLimit(Duration.ofDays(1)), "stallLimit");
        refuses(b -> b.drainLimit(Duration.ofSeconds(-1)), "drainLimit");
        refuses(b -> b.unixSocket(Path.of("/" + "x".repeat(107))), "107");
        assertThatThrownBy(() -> NbdServerConfig.builder().build())
                .hasMessageContaining("no address");
    }

    @Test
    void limitsOfADeviceAreChecked() {
        var limits = DeviceLimits.writable();

        assertThat(limits.withBlockSizes(512, 4096, 65536).maxRequestBytes()).isEqualTo(65536);
        assertThatThrownBy(() -> limits.withBlockSizes(3, 4096, 65536))
                .hasMessageContaining("minBlockBytes");
        assertThatThrownBy(() -> limits.withBlockSizes(1 << 17, 1 << 17, 1 << 20))
                .hasMessageContaining("65536");
        assertThatThrownBy(() -> limits.withBlockSizes(4096, 512, 65536))
                .hasMessageContaining("preferredBlockBytes");
        assertThatThrownBy(() -> limits.withBlockSizes(512, 512, 513))
                .hasMessageContaining("maxRequestBytes");
        assertThatThrownBy(() -> new DeviceLimits(
                        false, true, true, true, false, true, true, true, 1, 512, 512))
                .hasMessageContaining("canFastZero");
    }

    @Test
    void namesAndDescriptionsAreBounded() {
        assertThat(new ExportInfo("n".repeat(4096), "").name()).hasSize(4096);
        assertThatThrownBy(() -> new ExportInfo("n".repeat(4097), "")).hasMessageContaining("4097");
        assertThatThrownBy(() -> new ExportInfo("n", "ä".repeat(2049)))
                .hasMessageContaining("description");
    }

    private static void refuses(UnaryOperator<NbdServerConfig.Builder> change, String text) {
        var builder = change.apply(Door.config());

        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(text);
    }
}
