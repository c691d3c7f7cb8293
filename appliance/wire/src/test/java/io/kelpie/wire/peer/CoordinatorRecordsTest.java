package io.kelpie.wire.peer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.Coordinator.Controller;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.function.Consumer;

/** Bytes of what nodes keep at the coordinator beside the map. */
class CoordinatorRecordsTest {
    private static final PeerId PEER = new PeerId(new NodeId(-3, 4), 5);

    @Test
    void anAnnouncementSurvivesTheRoundTrip() {
        for (boolean clean : new boolean[] {false, true}) {
            Announcement announcement = announcement(clean);

            assertThat(AnnouncementCodec.decode(AnnouncementCodec.encode(announcement)))
                    .isEqualTo(announcement);
        }
    }

    @Test
    void aControllerSurvivesTheRoundTrip() {
        for (Controller controller : new Controller[] {Controller.NONE, new Controller(9, PEER)}) {
            assertThat(ControllerCodec.decode(ControllerCodec.encode(controller)))
                    .isEqualTo(controller);
        }
    }

    @Test
    void damageIsNoticed() {
        refusesDamage(AnnouncementCodec.encode(announcement(true)), AnnouncementCodec::decode);
        refusesDamage(ControllerCodec.encode(new Controller(9, PEER)), ControllerCodec::decode);
    }

    private static Announcement announcement(boolean clean) {
        return new Announcement(
                PEER, new Endpoint(1, -2, 7000), new Endpoint(0, 3, 65535), -1, 17, 99, clean);
    }

    private static void refusesDamage(byte[] bytes, Consumer<byte[]> decode) {
        for (int bit = 0; bit < bytes.length * 8; bit++) {
            byte[] damaged = bytes.clone();
            damaged[bit / 8] ^= (byte) (1 << (bit % 8));
            assertThatThrownBy(() -> decode.accept(damaged))
                    .isInstanceOf(PeerFormatException.class);
        }
        for (int length = 0; length <= bytes.length + 1; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            if (length != bytes.length) {
                assertThatThrownBy(() -> decode.accept(cut))
                        .isInstanceOf(PeerFormatException.class);
            }
        }
    }
}
