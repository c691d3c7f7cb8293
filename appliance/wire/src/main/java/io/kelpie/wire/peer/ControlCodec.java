package io.kelpie.wire.peer;

import io.kelpie.cluster.message.ControlMessage;
import io.kelpie.cluster.message.ControlMessage.AddLearner;
import io.kelpie.cluster.message.ControlMessage.Copies;
import io.kelpie.cluster.message.ControlMessage.CopiesRequest;
import io.kelpie.cluster.message.ControlMessage.Copy;
import io.kelpie.cluster.message.ControlMessage.Drain;
import io.kelpie.cluster.message.ControlMessage.Emptied;
import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.message.ControlMessage.Order;
import io.kelpie.cluster.message.ControlMessage.OrderKind;
import io.kelpie.cluster.message.ControlMessage.OrderReply;
import io.kelpie.cluster.message.ControlMessage.Suspicion;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PgId;

import java.util.List;

/** Bodies of {@link ControlMessage}s. */
final class ControlCodec {
    private static final int MAX_GROUPS = 1 << PgId.MAX_BITS;

    private static final int COPY_BYTES = Short.BYTES + 3 * Long.BYTES;

    private static final Codes<Evidence> EVIDENCE = new Codes<>(
            "evidence",
            List.of(
                    Evidence.REFUSED,
                    Evidence.SILENT,
                    Evidence.NO_ACKNOWLEDGEMENT,
                    Evidence.STORE_FAILED,
                    Evidence.ROLLED_BACK));

    private static final Codes<OrderKind> ORDERS = new Codes<>(
            "order",
            List.of(
                    OrderKind.SHUTDOWN,
                    OrderKind.RECOVERY_ON,
                    OrderKind.RECOVERY_OFF,
                    OrderKind.FORCE_RECOVERY,
                    OrderKind.START,
                    OrderKind.KILL));

    private ControlCodec() {}

    static EncodedFrame encode(ControlMessage message) {
        if (message instanceof Suspicion suspicion) {
            PeerOutput out = new PeerOutput(PeerType.SUSPICION)
                    .node(suspicion.accused())
                    .code(EVIDENCE, suspicion.evidence());
            return out.list(suspicion.groups(), MAX_GROUPS, pg -> out.u16(pg.partition()))
                    .finish();
        }
        if (message instanceof AddLearner add) {
            return new PeerOutput(PeerType.ADD_LEARNER)
                    .group(add.pg(), add.epoch())
                    .u32(add.learner())
                    .finish();
        }
        if (message instanceof Drain) {
            return new PeerOutput(PeerType.DRAIN).finish();
        }
        if (message instanceof Emptied emptied) {
            return new PeerOutput(PeerType.EMPTIED).u64(emptied.createdNanos()).finish();
        }
        if (message instanceof Order order) {
            NodeId node = order.node();
            PeerOutput out = new PeerOutput(PeerType.ORDER)
                    .requestId(order.requestId())
                    .code(ORDERS, order.order())
                    .truth(node != null);
            return (node == null ? out : out.node(node)).finish();
        }
        if (message instanceof OrderReply reply) {
            return new PeerOutput(PeerType.ORDER_REPLY)
                    .requestId(reply.requestId())
                    .truth(reply.accepted())
                    .finish();
        }
        if (message instanceof CopiesRequest request) {
            PeerOutput out = new PeerOutput(PeerType.COPIES_REQUEST).requestId(request.requestId());
            return out.list(request.groups(), MAX_GROUPS, pg -> out.u16(pg.partition()))
                    .finish();
        }
        if (message instanceof Copies copies) {
            PeerOutput out = new PeerOutput(PeerType.COPIES).requestId(copies.requestId());
            return out.list(
                            copies.copies(),
                            MAX_GROUPS,
                            copy -> out.u16(copy.pg().partition())
                                    .u64(copy.objects())
                                    .version(copy.highest()))
                    .finish();
        }
        throw new IllegalArgumentException("no bytes for a " + message.getClass());
    }

    static ControlMessage decode(PeerInput in) {
        return switch (in.header().type()) {
            case SUSPICION ->
                new Suspicion(
                        in.node(),
                        in.code(EVIDENCE),
                        in.list(MAX_GROUPS, Short.BYTES, () -> new PgId(in.u16())));
            case ADD_LEARNER -> new AddLearner(in.pg(), in.header().epoch(), in.smallAmount());
            case DRAIN -> new Drain();
            case EMPTIED -> new Emptied(in.u64());
            case ORDER ->
                new Order(in.header().requestId(), in.code(ORDERS), in.truth() ? in.node() : null);
            case ORDER_REPLY -> new OrderReply(in.header().requestId(), in.truth());
            case COPIES_REQUEST ->
                new CopiesRequest(
                        in.header().requestId(),
                        in.list(MAX_GROUPS, Short.BYTES, () -> new PgId(in.u16())));
            case COPIES ->
                new Copies(
                        in.header().requestId(),
                        in.list(
                                MAX_GROUPS,
                                COPY_BYTES,
                                () -> new Copy(new PgId(in.u16()), in.u64(), in.version())));
            default -> throw in.refused("not of this family");
        };
    }
}
