package io.kelpie.wire.peer;

import io.kelpie.cluster.message.ControlMessage;
import io.kelpie.cluster.message.GatewayMessage;
import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.LivenessMessage;
import io.kelpie.cluster.message.RecoveryMessage;
import io.kelpie.cluster.port.PeerMessage;

/** From messages to frames. */
public final class PeerEncoder {
    private PeerEncoder() {}

    /**
     * Encodes a message. Its payloads are not copied: the frame holds the message's own references.
     *
     * @param message one of the families of {@code io.kelpie.cluster.message}
     * @return the frame
     * @throws IllegalArgumentException if it is beyond a limit; the payloads are left alone
     */
    public static EncodedFrame encode(PeerMessage message) {
        if (message instanceof GroupMessage group) {
            return GroupCodec.encode(group);
        }
        if (message instanceof GatewayMessage gateway) {
            return GatewayCodec.encode(gateway);
        }
        if (message instanceof LivenessMessage liveness) {
            return LivenessCodec.encode(liveness);
        }
        if (message instanceof ControlMessage control) {
            return ControlCodec.encode(control);
        }
        if (message instanceof RecoveryMessage recovery) {
            return RecoveryCodec.encode(recovery);
        }
        throw new IllegalArgumentException("no bytes for a " + message.getClass());
    }

    /**
     * A frame that asks whether the connection lives, or answers that.
     *
     * @param type PING or PONG
     * @return the frame
     */
    public static EncodedFrame encode(PeerType type) {
        return new PeerOutput(type).finish();
    }
}
