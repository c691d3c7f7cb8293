package io.kelpie.node.coordinator;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.InvariantViolation;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Bytes of a cluster map, big endian:
 *
 * <pre>
 *  0  u32  magic {@code KMAP}
 *  4  u16  format, 1
 *  6  u16  status: 0 unformatted, 1 running, 2 shut down
 *  8  u64  version
 * 16  u32  epoch
 * 20  u64  events index
 * 28  u64  time of the format
 * 36  u32  flags
 * 40  u8   copies
 * 41  u8   object size shift
 * 42  u8   length of the store's name, then the name as UTF-8
 *     u16  members, then for each: u16 index, u128 node, u64 incarnation, u128 address, u16 port,
 *          u32 zone, u32 weight
 *     u16  placement groups, then for each: u64 epoch, i32 primary or -1, u8 count of in-sync
 *          members and each's u16 index, u8 count of learners and each's u16 index
 *     u32  CRC-32C of everything before
 * </pre>
 *
 * A later format is told by its number; reserved bits do not exist.
 */
public final class ClusterMapCodec {
    /** Longest map: 2^14 groups of 31 copies each stay below it. */
    public static final int MAX_BYTES = 4 << 20;

    private static final int MAGIC = 0x4B4D4150;
    private static final short FORMAT = 1;
    private static final int CHECKSUM_BYTES = 4;
    private static final int FIXED_BYTES = 43;
    private static final int MEMBER_BYTES = 52;
    private static final int GROUP_BYTES = 14;
    private static final int MAX_NAME_BYTES = 255;
    private static final int MAX_MEMBERS = 0xFFFF;
    private static final int MAX_ROLES = 255;

    private ClusterMapCodec() {}

    /**
     * Encodes a map.
     *
     * @param map at most 65535 members; 255 members in each role of a group
     * @return its bytes
     * @throws IllegalArgumentException if the map is beyond a bound
     */
    public static byte[] encode(ClusterMap map) {
        byte[] store = map.settings().store().getBytes(StandardCharsets.UTF_8);
        require(store.length <= MAX_NAME_BYTES, "bytes of the store's name", store.length);
        require(map.members().size() <= MAX_MEMBERS, "members", map.members().size());
        int length = FIXED_BYTES
                + store.length
                + 2
                + MEMBER_BYTES * map.members().size()
                + 2
                + CHECKSUM_BYTES;
        for (PgEntry group : map.groups()) {
            require(
                    group.sync().size() <= MAX_ROLES,
                    "in-sync members",
                    group.sync().size());
            require(
                    group.learners().size() <= MAX_ROLES,
                    "learners",
                    group.learners().size());
            length += GROUP_BYTES + 2 * (group.sync().size() + group.learners().size());
        }
        require(length <= MAX_BYTES, "bytes of a map", length);

        ByteBuffer out = ByteBuffer.allocate(length);
        putHead(out, map, store);
        out.putShort((short) map.members().size());
        map.members().forEach(member -> putMember(out, member));
        out.putShort((short) map.groups().size());
        map.groups().forEach(group -> putGroup(out, group));
        return out.putInt(checksum(out.array(), out.position())).array();
    }

    /**
     * Decodes a map.
     *
     * @param bytes from {@link #encode}
     * @return the map
     * @throws MapDamagedException if they are damaged, too long or of a newer format
     */
    public static ClusterMap decode(byte[] bytes) throws MapDamagedException {
        if (bytes.length < FIXED_BYTES + CHECKSUM_BYTES || bytes.length > MAX_BYTES) {
            throw new MapDamagedException("it has " + bytes.length + " bytes");
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        int checked = bytes.length - CHECKSUM_BYTES;
        if (in.getInt(checked) != checksum(bytes, checked)) {
            throw new MapDamagedException("its checksum does not hold");
        }
        in.limit(checked);
        try {
            ClusterMap map = getMap(in);
            if (in.hasRemaining()) {
                throw new MapDamagedException(in.remaining() + " bytes follow it");
            }
            return map;
        } catch (BufferUnderflowException | InvariantViolation | IllegalArgumentException e) {
            throw new MapDamagedException("it contradicts itself: " + e);
        }
    }

    private static ClusterMap getMap(ByteBuffer in) throws MapDamagedException {
        if (in.getInt() != MAGIC) {
            throw new MapDamagedException("it does not begin with KMAP");
        }
        short format = in.getShort();
        if (format != FORMAT) {
            throw new MapDamagedException(
                    "its format is " + format + ", this version knows " + FORMAT);
        }
        ClusterStatus status = statusOf(in.getShort());
        long version = in.getLong();
        int epoch = in.getInt();
        long eventsIndex = in.getLong();
        ClusterSettings settings = getSettings(in);
        List<Member> members = new ArrayList<>();
        for (int left = in.getShort() & 0xFFFF; left > 0; left--) {
            members.add(getMember(in));
        }
        List<PgEntry> groups = new ArrayList<>();
        for (int left = in.getShort() & 0xFFFF; left > 0; left--) {
            groups.add(getGroup(in));
        }
        if (groups.size() > 1 << PgId.MAX_BITS) {
            throw new MapDamagedException("it has " + groups.size() + " placement groups");
        }
        return new ClusterMap(version, epoch, eventsIndex, status, settings, members, groups);
    }

    private static void putHead(ByteBuffer out, ClusterMap map, byte[] store) {
        ClusterSettings settings = map.settings();
        out.putInt(MAGIC).putShort(FORMAT).putShort(codeOf(map.status()));
        out.putLong(map.version()).putInt(map.epoch()).putLong(map.eventsIndex());
        out.putLong(settings.createdNanos()).putInt(settings.flags());
        out.put((byte) settings.copies()).put((byte) settings.blockSizeShift());
        out.put((byte) store.length).put(store);
    }

    private static ClusterSettings getSettings(ByteBuffer in) {
        long createdNanos = in.getLong();
        int flags = in.getInt();
        int copies = in.get() & 0xFF;
        int shift = in.get() & 0xFF;
        byte[] store = new byte[in.get() & 0xFF];
        in.get(store);
        return new ClusterSettings(
                createdNanos, flags, copies, shift, new String(store, StandardCharsets.UTF_8));
    }

    private static void putMember(ByteBuffer out, Member member) {
        out.putShort((short) member.index());
        out.putLong(member.node().high()).putLong(member.node().low());
        out.putLong(member.incarnation());
        out.putLong(member.endpoint().high()).putLong(member.endpoint().low());
        out.putShort((short) member.endpoint().port());
        out.putInt(member.zone()).putInt(member.weightGib());
    }

    private static Member getMember(ByteBuffer in) {
        int index = in.getShort() & 0xFFFF;
        NodeId node = new NodeId(in.getLong(), in.getLong());
        long incarnation = in.getLong();
        Endpoint endpoint = new Endpoint(in.getLong(), in.getLong(), in.getShort() & 0xFFFF);
        return new Member(index, node, incarnation, endpoint, in.getInt(), in.getInt());
    }

    private static void putGroup(ByteBuffer out, PgEntry group) {
        out.putLong(group.epoch()).putInt(group.primary());
        putIndexes(out, group.sync());
        putIndexes(out, group.learners());
    }

    private static PgEntry getGroup(ByteBuffer in) {
        long epoch = in.getLong();
        int primary = in.getInt();
        return new PgEntry(epoch, primary, getIndexes(in), getIndexes(in));
    }

    private static void putIndexes(ByteBuffer out, List<Integer> indexes) {
        out.put((byte) indexes.size());
        indexes.forEach(index -> out.putShort((short) (int) index));
    }

    private static List<Integer> getIndexes(ByteBuffer in) {
        List<Integer> indexes = new ArrayList<>();
        for (int left = in.get() & 0xFF; left > 0; left--) {
            indexes.add(in.getShort() & 0xFFFF);
        }
        return indexes;
    }

    private static short codeOf(ClusterStatus status) {
        return switch (status) {
            case UNFORMATTED -> 0;
            case RUNNING -> 1;
            case SHUTDOWN -> 2;
        };
    }

    private static ClusterStatus statusOf(short code) throws MapDamagedException {
        return switch (code) {
            case 0 -> ClusterStatus.UNFORMATTED;
            case 1 -> ClusterStatus.RUNNING;
            case 2 -> ClusterStatus.SHUTDOWN;
            default -> throw new MapDamagedException("its status is " + code);
        };
    }

    private static int checksum(byte[] bytes, int length) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, 0, length);
        return (int) checksum.getValue();
    }

    private static void require(boolean holds, String what, int value) {
        if (!holds) {
            throw new IllegalArgumentException("too many " + what + ": " + value);
        }
    }
}
