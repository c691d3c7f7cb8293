package io.kelpie.cluster.membership;

import io.kelpie.cluster.event.EventApplier;
import io.kelpie.cluster.event.EventOutcome;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore.RecordValue;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreOperation;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The members of each epoch since the last format, as {@code dog cluster info} shows them. Where
 * there are several nodes it is part of the cluster's state: the controller appends an event for
 * each epoch, so all nodes have the same list with the controller's times, and who joins gets it
 * with the rest of the state. A sole node keeps it in a record of its own store. Core loop only.
 *
 * <p>Record and saved state, little endian: format u32 (1), then for each epoch: epoch u32, time
 * u64, members u32, and for each member: index u32, node u64 u64, incarnation u64, address u64 u64,
 * port u32, zone u32, weight u32. An event's body is the part for one epoch, after the time of
 * creation u64 of the cluster it belongs to.
 */
public final class EpochLog implements EventApplier {
    static final byte KIND = 3;
    private static final String RECORD = "epoch-log";
    private static final int FORMAT = 1;
    private static final int EPOCH_BYTES = 16;
    private static final int MEMBER_BYTES = 56;
    /** As many as upstream's clients can show in one answer; older epochs are forgotten. */
    private static final int MAX_EPOCHS = 1024;

    private final Ports ports;
    private final List<Epoch> epochs = new ArrayList<>();
    /** Time of creation of the cluster that the events told of; 0 before the first event. */
    private long createdOfAll;

    /**
     * Starts empty.
     *
     * @param ports the store and the clock are used
     */
    public EpochLog(Ports ports) {
        this.ports = ports;
    }

    /**
     * The epochs, oldest first.
     *
     * @return an immutable copy
     */
    public List<Epoch> epochs() {
        return List.copyOf(epochs);
    }

    void load(Completion<Outcome> completion) {
        ports.store().readRecord(RECORD, new Completion<>() {
            @Override
            public void done(RecordValue record) {
                byte[] value = record.value();
                if (value != null) {
                    epochs.clear();
                    decode(ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN));
                }
                completion.done(Outcome.DONE);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    /** Notes the epoch of a map that is about to be installed; DONE once it is durable. */
    void note(ClusterMap map, Completion<Outcome> completion) {
        boolean known = !epochs.isEmpty() && last().epoch() == map.epoch() && map.epoch() > 1;
        boolean same = !epochs.isEmpty()
                && last().epoch() == map.epoch()
                && last().timeNanos() >= map.settings().createdNanos();
        if (map.epoch() == 0 || known || same) {
            ports.timers().after(0, () -> completion.done(Outcome.DONE));
            return;
        }
        if (map.epoch() == 1) {
            epochs.clear();
        }
        add(Epoch.of(map, ports.clock().wallNanos()));
        StoreOperation put = new StoreOperation.PutRecord(RECORD, encode());
        ports.store().write(new StoreBatch(List.of(put), true), completion);
    }

    /** A format was applied: the list starts anew. */
    void restart(long createdNanos) {
        if (createdNanos != createdOfAll) {
            epochs.clear();
            createdOfAll = createdNanos;
        }
    }

    /** Whether an epoch of the last format is in the list. */
    boolean has(int epoch) {
        return !epochs.isEmpty() && last().epoch() >= epoch;
    }

    /** The body of the event that adds an epoch. */
    static ByteBuffer event(long createdNanos, Epoch epoch) {
        ByteBuffer out = ByteBuffer.allocate(Long.BYTES + bytes(epoch));
        encode(epoch, out.order(ByteOrder.LITTLE_ENDIAN).putLong(createdNanos));
        return out.flip();
    }

    @Override
    public byte kind() {
        return KIND;
    }

    @Override
    public EventOutcome apply(ByteBuffer body) {
        long createdNanos = body.getLong();
        Epoch epoch = decodeEpoch(body);
        // Two controllers may tell the same, and one may come late, after a format.
        if (createdNanos == createdOfAll && !has(epoch.epoch())) {
            add(epoch);
        }
        return EventOutcome.applied(0);
    }

    @Override
    public ByteBuffer save() {
        byte[] list = encode();
        ByteBuffer out = ByteBuffer.allocate(Long.BYTES + list.length);
        return out.order(ByteOrder.LITTLE_ENDIAN)
                .putLong(createdOfAll)
                .put(list)
                .flip();
    }

    @Override
    public void restore(ByteBuffer saved) {
        createdOfAll = saved.getLong();
        epochs.clear();
        decode(saved);
    }

    private void add(Epoch epoch) {
        epochs.add(epoch);
        if (epochs.size() > MAX_EPOCHS) {
            epochs.remove(0);
        }
    }

    private Epoch last() {
        return epochs.get(epochs.size() - 1);
    }

    private static int bytes(Epoch epoch) {
        return EPOCH_BYTES + epoch.members().size() * MEMBER_BYTES;
    }

    private byte[] encode() {
        int length = Integer.BYTES;
        for (Epoch epoch : epochs) {
            length += bytes(epoch);
        }
        ByteBuffer out = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(FORMAT);
        epochs.forEach(epoch -> encode(epoch, out));
        return out.array();
    }

    private static void encode(Epoch epoch, ByteBuffer out) {
        out.putInt(epoch.epoch())
                .putLong(epoch.timeNanos())
                .putInt(epoch.members().size());
        for (Member member : epoch.members()) {
            out.putInt(member.index());
            out.putLong(member.node().high()).putLong(member.node().low());
            out.putLong(member.incarnation());
            out.putLong(member.endpoint().high()).putLong(member.endpoint().low());
            out.putInt(member.endpoint().port());
            out.putInt(member.zone()).putInt(member.weightGib());
        }
    }

    private void decode(ByteBuffer in) {
        int format = in.getInt();
        Invariant.check(format == FORMAT, "the epoch log has format " + FORMAT, format);
        while (in.hasRemaining()) {
            epochs.add(decodeEpoch(in));
        }
    }

    private static Epoch decodeEpoch(ByteBuffer in) {
        int epoch = in.getInt();
        long time = in.getLong();
        int count = in.getInt();
        List<Member> members = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int index = in.getInt();
            NodeId node = new NodeId(in.getLong(), in.getLong());
            long incarnation = in.getLong();
            Endpoint endpoint = new Endpoint(in.getLong(), in.getLong(), in.getInt());
            members.add(new Member(index, node, incarnation, endpoint, in.getInt(), in.getInt()));
        }
        return new Epoch(epoch, time, members);
    }

    /**
     * One epoch.
     *
     * @param epoch its number, from 1
     * @param timeNanos when it began, wall-clock nanoseconds since 1970
     * @param members the nodes that were members
     */
    public record Epoch(int epoch, long timeNanos, List<Member> members) {
        /** Copies the list. */
        public Epoch {
            members = List.copyOf(members);
        }

        /** The epoch of a map: who is away is no member of it, whatever groups are kept for him. */
        static Epoch of(ClusterMap map, long timeNanos) {
            return new Epoch(
                    map.epoch(),
                    timeNanos,
                    map.members().stream()
                            .filter(member -> member.state().isAlive())
                            .toList());
        }
    }
}
