package io.kelpie.cluster.membership;

import io.kelpie.cluster.message.ControlMessage.Order;
import io.kelpie.cluster.message.ControlMessage.OrderKind;
import io.kelpie.cluster.message.ControlMessage.OrderReply;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Ports;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.TreeMap;

/**
 * Operators' words on their way to the controller: said again until it says that the map has them,
 * also when the controller changes meanwhile. All of them may be said twice. Core loop only.
 */
final class Orders {
    private static final int MAX_ORDERS = 64;
    private static final long REPEAT_NANOS = 500_000_000L;
    /** A new controller takes a few seconds; then something is wrong that people must see. */
    private static final long LIMIT_NANOS = 30_000_000_000L;

    private final Ports ports;
    private final Reports reports;
    private final TreeMap<Long, Pending> pending = new TreeMap<>();
    private long lastId;

    Orders(Ports ports, Reports reports) {
        this.ports = ports;
        this.reports = reports;
    }

    void give(OrderKind kind, @Nullable NodeId node, Completion<Outcome> completion) {
        if (pending.size() >= MAX_ORDERS) {
            fail(completion, ErrorCode.BUSY);
            return;
        }
        Order order = new Order(++lastId, kind, node);
        long end = ports.clock().nanos() + LIMIT_NANOS;
        pending.put(order.requestId(), new Pending(order, end, completion));
        say(order.requestId());
    }

    void onReply(OrderReply reply) {
        if (reply.accepted()) {
            Pending over = pending.remove(reply.requestId());
            if (over != null) {
                over.completion.done(Outcome.DONE);
            }
        }
    }

    void close() {
        List<Pending> ended = List.copyOf(pending.values());
        pending.clear();
        ended.forEach(each -> each.completion.failed(ErrorCode.SHUTTING_DOWN));
    }

    private void say(long id) {
        Pending each = pending.get(id);
        if (each == null) {
            return;
        }
        if (ports.clock().nanos() - each.endNanos >= 0) {
            pending.remove(id);
            each.completion.failed(ErrorCode.COORDINATOR_FAILED);
            return;
        }
        reports.send(each.order);
        ports.timers().after(REPEAT_NANOS, () -> say(id));
    }

    private void fail(Completion<Outcome> completion, ErrorCode error) {
        ports.timers().after(0, () -> completion.failed(error));
    }

    private record Pending(Order order, long endNanos, Completion<Outcome> completion) {}
}
