package io.kelpie.wire.peer;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.InvariantViolation;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Bytes of a cluster map, big endian:
 *
 * <pre>
 *  0  u32  magic {@code KMAP}
 *  4  u16  format, 2
 *  6  u16  status: 0 unformatted, 1 running, 2 shut down
 *  8  u64  version
 * 16  u32  epoch
 * 20  u64  events index
 * 28  u64  time of the format
 * 36  u32  flags of the settings
 * 40  u8   copies
 * 41  u8   object size shift
 * 42  u8   length of the store's name, then the name as UTF-8
 *     u32  flags of the map
 *     u16  members, then for each: u16 index, u128 node, u64 incarnation, u128 address and u16 port
 *          for clients, u32 zone, u32 weight, u128 address and u16 port for nodes, u64 version since
 *          which it is in its state, u8 state: 0 up, 1 drain, 2 down, 3 out
 *     u16  placement groups, then for each: u64 epoch, i32 primary or -1, u8 count of in-sync
 *          members and each's u16 index, the same for learners and for targets
 *     u32  CRC-32C of everything before
 * </pre>
 *
 * <p>Format 1, in the stores of single nodes of version 0.1, lacks the flags of the map, what
 * follows the weight of a member, and the targets; it is still read, not written. A later format is
 * told by its number; reserved bits do not exist.
 */
public final class ClusterMapCodec {
    /** Longest map: 2^14 groups of 31 copies in each role stay below it. */
    public static final int MAX_BYTES = 4 << 20;

    private static final int MAGIC = 0x4B4D4150;
    private static final short OLD_FORMAT = 1;
    private static final short FORMAT = 2;
    private static final int FIXED_BYTES = 47;
    private static final int MEMBER_BYTES = 79;
    private static final int GROUP_BYTES = 15;
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
                + SealedRecord.CHECKSUM_BYTES;
        for (PgEntry group : map.groups()) {
            require(
                    group.sync().size() <= MAX_ROLES,
                    "in-sync members",
                    group.sync().size());
            require(
                    group.learners().size() <= MAX_ROLES,
                    "learners",
                    group.learners().size());
            require(
                    group.target().size() <= MAX_ROLES,
                    "targets",
                    group.target().size());
            length += GROUP_BYTES
                    + 2
                            * (group.sync().size()
                                    + group.learners().size()
                                    + group.target().size());
        }
        require(length <= MAX_BYTES, "bytes of a map", length);

        ByteBuffer out = ByteBuffer.allocate(length);
        putHead(out, map, store);
        out.putShort((short) map.members().size());
        map.members().forEach(member -> putMember(out, member));
        out.putShort((short) map.groups().size());
        map.groups().forEach(group -> putGroup(out, group));
        return SealedRecord.seal(out);
    }

    /**
     * Decodes a map.
     *
     * @param bytes from {@link #encode}
     * @return the map
     * @throws PeerFormatException if they are damaged, too long or of a newer format
     */
    public static ClusterMap decode(byte[] bytes) {
        ByteBuffer in = SealedRecord.open(bytes, MAX_BYTES, MAGIC, "KMAP");
        try {
            ClusterMap map = getMap(in);
            SealedRecord.requireEnd(in);
            return map;
        } catch (BufferUnderflowException | InvariantViolation | IllegalArgumentException e) {
            throw new PeerFormatException("it contradicts itself: " + e);
        }
    }

    private static ClusterMap getMap(ByteBuffer in) {
        short format = in.getShort();
        if (format != FORMAT && format != OLD_FORMAT) {
            throw new PeerFormatException(
                    "its format is " + format + ", this version knows up to " + FORMAT);
        }
        boolean old = format == OLD_FORMAT;
        ClusterStatus status = statusOf(in.getShort());
        long version = in.getLong();
        int epoch = in.getInt();
        long eventsIndex = in.getLong();
        ClusterSettings settings = getSettings(in);
        int flags = old ? 0 : in.getInt();
        List<Member> members = new ArrayList<>();
        for (int left = in.getShort() & 0xFFFF; left > 0; left--) {
            members.add(getMember(in, old));
        }
        int groupCount = in.getShort() & 0xFFFF;
        if (groupCount > 1 << PgId.MAX_BITS) {
            throw new PeerFormatException("it has " + groupCount + " placement groups");
        }
        List<PgEntry> groups = new ArrayList<>(groupCount);
        for (int left = groupCount; left > 0; left--) {
            groups.add(getGroup(in, old));
        }
        return new ClusterMap(
                version, epoch, eventsIndex, status, flags, settings, members, groups);
    }

    private static void putHead(ByteBuffer out, ClusterMap map, byte[] store) {
        ClusterSettings settings = map.settings();
        out.putInt(MAGIC).putShort(FORMAT).putShort(codeOf(map.status()));
        out.putLong(map.version()).putInt(map.epoch()).putLong(map.eventsIndex());
        out.putLong(settings.createdNanos()).putInt(settings.flags());
        out.put((byte) settings.copies()).put((byte) settings.blockSizeShift());
        out.put((byte) store.length).put(store).putInt(map.flags());
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
        SealedRecord.putPeer(out, member.id());
        SealedRecord.putEndpoint(out, member.endpoint());
        out.putInt(member.zone()).putInt(member.weightGib());
        SealedRecord.putEndpoint(out, member.peer());
        out.putLong(member.sinceVersion()).put(codeOf(member.state()));
    }

    private static Member getMember(ByteBuffer in, boolean old) {
        int index = in.getShort() & 0xFFFF;
        PeerId id = SealedRecord.getPeer(in);
        Endpoint endpoint = SealedRecord.getEndpoint(in);
        int zone = in.getInt();
        int weightGib = in.getInt();
        if (old) {
            return new Member(index, id.node(), id.incarnation(), endpoint, zone, weightGib);
        }
        Endpoint peer = SealedRecord.getEndpoint(in);
        long sinceVersion = in.getLong();
        return new Member(
                index,
                id.node(),
                id.incarnation(),
                endpoint,
                peer,
                zone,
                weightGib,
                stateOf(in.get()),
                sinceVersion);
    }

    private static void putGroup(ByteBuffer out, PgEntry group) {
        out.putLong(group.epoch()).putInt(group.primary());
        putIndexes(out, group.sync());
        putIndexes(out, group.learners());
        putIndexes(out, group.target());
    }

    private static PgEntry getGroup(ByteBuffer in, boolean old) {
        long epoch = in.getLong();
        int primary = in.getInt();
        List<Integer> sync = getIndexes(in);
        List<Integer> learners = getIndexes(in);
        return new PgEntry(epoch, primary, sync, learners, old ? sync : getIndexes(in));
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

    private static ClusterStatus statusOf(short code) {
        return switch (code) {
            case 0 -> ClusterStatus.UNFORMATTED;
            case 1 -> ClusterStatus.RUNNING;
            case 2 -> ClusterStatus.SHUTDOWN;
            default -> throw new PeerFormatException("its status is " + code);
        };
    }

    private static byte codeOf(MemberState state) {
        return switch (state) {
            case UP -> 0;
            case DRAIN -> 1;
            case DOWN -> 2;
            case OUT -> 3;
        };
    }

    private static MemberState stateOf(byte code) {
        return switch (code) {
            case 0 -> MemberState.UP;
            case 1 -> MemberState.DRAIN;
            case 2 -> MemberState.DOWN;
            case 3 -> MemberState.OUT;
            default -> throw new PeerFormatException("the state of a member is " + code);
        };
    }

    private static void require(boolean holds, String what, int value) {
        if (!holds) {
            throw new IllegalArgumentException("too many " + what + ": " + value);
        }
    }
}
