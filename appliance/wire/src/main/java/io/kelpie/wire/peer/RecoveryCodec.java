package io.kelpie.wire.peer;

import io.kelpie.cluster.message.RecoveryMessage;
import io.kelpie.cluster.message.RecoveryMessage.SlotRelease;
import io.kelpie.cluster.message.RecoveryMessage.SlotReply;
import io.kelpie.cluster.message.RecoveryMessage.SlotRequest;
import io.kelpie.cluster.message.RecoveryMessage.SlotStatus;

import java.util.List;

/** Bodies of {@link RecoveryMessage}s. */
final class RecoveryCodec {
    private static final Codes<SlotStatus> STATUS = new Codes<>(
            "slot status", List.of(SlotStatus.GRANTED, SlotStatus.BUSY, SlotStatus.FULL));

    private RecoveryCodec() {}

    static EncodedFrame encode(RecoveryMessage message) {
        if (message instanceof SlotRequest request) {
            return begin(PeerType.SLOT_REQUEST, message).u32(request.danger()).finish();
        }
        if (message instanceof SlotReply reply) {
            return begin(PeerType.SLOT_REPLY, message)
                    .code(STATUS, reply.status())
                    .finish();
        }
        if (message instanceof SlotRelease) {
            return begin(PeerType.SLOT_RELEASE, message).finish();
        }
        throw new IllegalArgumentException("no bytes for a " + message.getClass());
    }

    static RecoveryMessage decode(PeerInput in) {
        long epoch = in.header().epoch();
        return switch (in.header().type()) {
            case SLOT_REQUEST -> new SlotRequest(in.pg(), epoch, in.u64(), in.u32());
            case SLOT_REPLY -> new SlotReply(in.pg(), epoch, in.u64(), in.code(STATUS));
            case SLOT_RELEASE -> new SlotRelease(in.pg(), epoch, in.u64());
            default -> throw in.refused("not of this family");
        };
    }

    private static PeerOutput begin(PeerType type, RecoveryMessage message) {
        return new PeerOutput(type).group(message.pg(), message.epoch()).u64(message.session());
    }
}
