package io.kelpie.cluster.membership;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PgEntry;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The last installed map as the node's own store keeps it.
 *
 * <p>Little endian: format u32 (1), version u64, epoch u32, events index u64, status u8, flags u32;
 * settings: created u64, flags u32, copies u8, shift u8, store name u16 and UTF-8; members u16 and
 * each: index u16, node u64 u64, incarnation u64, client address u64 u64 and port u16, peer address
 * u64 u64 and port u16, zone u32, weight u32, state u8, since u64; groups u16 and each: epoch u64,
 * primary i32, then in-sync members, learners and targets as u8 and an index u16 for each.
 */
final class MapRecord {
    private static final int FORMAT = 1;
    private static final int FIXED_BYTES = 49;
    private static final int MEMBER_BYTES = 79;
    private static final int GROUP_BYTES = 15;
    private static final int U16 = 0xFFFF;

    private MapRecord() {}

    static byte[] encode(ClusterMap map) {
        ClusterSettings settings = map.settings();
        byte[] store = settings.store().getBytes(StandardCharsets.UTF_8);
        ByteBuffer out =
                ByteBuffer.allocate(lengthOf(map, store.length)).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(FORMAT).putLong(map.version()).putInt(map.epoch()).putLong(map.eventsIndex());
        out.put((byte) map.status().ordinal()).putInt(map.flags());
        out.putLong(settings.createdNanos()).putInt(settings.flags());
        out.put((byte) settings.copies()).put((byte) settings.blockSizeShift());
        out.putShort((short) store.length).put(store);
        out.putShort((short) map.members().size());
        map.members().forEach(member -> encode(member, out));
        out.putShort((short) map.groups().size());
        map.groups().forEach(group -> encode(group, out));
        return out.array();
    }

    static ClusterMap decode(byte[] value) {
        ByteBuffer in = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
        int format = in.getInt();
        Invariant.check(format == FORMAT, "the kept map has format " + FORMAT, format);
        long version = in.getLong();
        int epoch = in.getInt();
        long eventsIndex = in.getLong();
        ClusterStatus status = ClusterStatus.values()[in.get()];
        int flags = in.getInt();
        long created = in.getLong();
        int settingsFlags = in.getInt();
        int copies = in.get();
        int shift = in.get();
        byte[] store = new byte[in.getShort() & U16];
        in.get(store);
        ClusterSettings settings = new ClusterSettings(
                created, settingsFlags, copies, shift, new String(store, StandardCharsets.UTF_8));
        List<Member> members = new ArrayList<>();
        for (int left = in.getShort() & U16; left > 0; left--) {
            members.add(decodeMember(in));
        }
        List<PgEntry> groups = new ArrayList<>();
        for (int left = in.getShort() & U16; left > 0; left--) {
            groups.add(
                    new PgEntry(in.getLong(), in.getInt(), indexes(in), indexes(in), indexes(in)));
        }
        return new ClusterMap(
                version, epoch, eventsIndex, status, flags, settings, members, groups);
    }

    private static int lengthOf(ClusterMap map, int nameBytes) {
        int length = FIXED_BYTES + nameBytes + map.members().size() * MEMBER_BYTES;
        for (PgEntry group : map.groups()) {
            int roles = group.sync().size()
                    + group.learners().size()
                    + group.target().size();
            length += GROUP_BYTES + roles * Short.BYTES;
        }
        return length;
    }

    private static void encode(Member member, ByteBuffer out) {
        out.putShort((short) member.index());
        out.putLong(member.node().high()).putLong(member.node().low());
        out.putLong(member.incarnation());
        encode(member.endpoint(), out);
        encode(member.peer(), out);
        out.putInt(member.zone()).putInt(member.weightGib());
        out.put((byte) member.state().ordinal()).putLong(member.sinceVersion());
    }

    private static Member decodeMember(ByteBuffer in) {
        return new Member(
                in.getShort() & U16,
                new NodeId(in.getLong(), in.getLong()),
                in.getLong(),
                endpoint(in),
                endpoint(in),
                in.getInt(),
                in.getInt(),
                MemberState.values()[in.get()],
                in.getLong());
    }

    private static void encode(Endpoint endpoint, ByteBuffer out) {
        out.putLong(endpoint.high()).putLong(endpoint.low()).putShort((short) endpoint.port());
    }

    private static Endpoint endpoint(ByteBuffer in) {
        return new Endpoint(in.getLong(), in.getLong(), in.getShort() & U16);
    }

    private static void encode(PgEntry group, ByteBuffer out) {
        out.putLong(group.epoch()).putInt(group.primary());
        for (List<Integer> role : List.of(group.sync(), group.learners(), group.target())) {
            out.put((byte) role.size());
            role.forEach(index -> out.putShort((short) (int) index));
        }
    }

    private static List<Integer> indexes(ByteBuffer in) {
        List<Integer> indexes = new ArrayList<>();
        for (int left = in.get() & 0xFF; left > 0; left--) {
            indexes.add(in.getShort() & U16);
        }
        return indexes;
    }
}
