package io.kelpie.cluster.membership;

import io.kelpie.cluster.event.EventApplier;
import io.kelpie.cluster.event.EventOutcome;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Tracer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * When which groups were started by force without their in-sync members, so acknowledged writes may
 * be lost ({@code cluster.md} 8.6). Part of the cluster's state; every node says it in its own log
 * when it hears of it. Core loop only.
 *
 * <p>Event, little endian: time u64, node that passed the order on u64 u64, groups u32, and for
 * each: partition u32, node taken u64 u64, its highest version u64 u64. Saved state: format u32
 * (1), then the events.
 */
public final class UncleanLog implements EventApplier {
    static final byte KIND = 4;
    private static final int FORMAT = 1;
    private static final int EVENT_BYTES = 28;
    private static final int START_BYTES = 36;
    /** A cluster that needs more of them has other worries. */
    private static final int MAX_EVENTS = 64;

    private final Ports ports;
    private final List<Unclean> events = new ArrayList<>();

    /**
     * Starts empty.
     *
     * @param ports the tracer is used
     */
    public UncleanLog(Ports ports) {
        this.ports = ports;
    }

    /**
     * What was started by force, oldest first.
     *
     * @return an immutable copy
     */
    public List<Unclean> events() {
        return List.copyOf(events);
    }

    /** The body of an event. */
    static ByteBuffer event(Unclean unclean) {
        ByteBuffer out = ByteBuffer.allocate(bytes(unclean));
        encode(unclean, out.order(ByteOrder.LITTLE_ENDIAN));
        return out.flip();
    }

    @Override
    public byte kind() {
        return KIND;
    }

    @Override
    public EventOutcome apply(ByteBuffer body) {
        Unclean unclean = decode(body);
        events.add(unclean);
        if (events.size() > MAX_EVENTS) {
            events.remove(0);
        }
        StringBuilder groups = new StringBuilder();
        for (Start start : unclean.starts()) {
            groups.append(", ").append(start.pg()).append(" from node ").append(start.node());
        }
        ports.tracer()
                .event(
                        Tracer.Level.WARN,
                        "UNCLEAN: by an order given to node " + unclean.by() + " at "
                                + unclean.timeNanos()
                                + " groups start without their in-sync members, acknowledged"
                                + " writes may be lost"
                                + groups);
        return EventOutcome.applied(0);
    }

    @Override
    public ByteBuffer save() {
        int length = Integer.BYTES;
        for (Unclean unclean : events) {
            length += bytes(unclean);
        }
        ByteBuffer out = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(FORMAT);
        events.forEach(unclean -> encode(unclean, out));
        return out.flip();
    }

    @Override
    public void restore(ByteBuffer saved) {
        int format = saved.getInt();
        Invariant.check(format == FORMAT, "the log of forced starts has format " + FORMAT, format);
        events.clear();
        while (saved.hasRemaining()) {
            events.add(decode(saved));
        }
    }

    private static int bytes(Unclean unclean) {
        return EVENT_BYTES + unclean.starts().size() * START_BYTES;
    }

    private static void encode(Unclean unclean, ByteBuffer out) {
        out.putLong(unclean.timeNanos());
        out.putLong(unclean.by().high()).putLong(unclean.by().low());
        out.putInt(unclean.starts().size());
        for (Start start : unclean.starts()) {
            out.putInt(start.pg().partition());
            out.putLong(start.node().high()).putLong(start.node().low());
            out.putLong(start.highest().epoch()).putLong(start.highest().sequence());
        }
    }

    private static Unclean decode(ByteBuffer in) {
        long time = in.getLong();
        NodeId by = new NodeId(in.getLong(), in.getLong());
        int count = in.getInt();
        List<Start> starts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            PgId pg = new PgId(in.getInt());
            NodeId node = new NodeId(in.getLong(), in.getLong());
            starts.add(new Start(pg, node, new ObjectVersion(in.getLong(), in.getLong())));
        }
        return new Unclean(time, by, starts);
    }

    /**
     * One forced start.
     *
     * @param timeNanos when it was ordered, wall-clock nanoseconds since 1970
     * @param by the node that the order was given to
     * @param starts the groups
     */
    public record Unclean(long timeNanos, NodeId by, List<Start> starts) {
        /** Copies the list. */
        public Unclean {
            starts = List.copyOf(starts);
        }
    }

    /**
     * One group.
     *
     * @param pg the group
     * @param node whose copy was taken
     * @param highest highest version of an object in it
     */
    public record Start(PgId pg, NodeId node, ObjectVersion highest) {}
}
