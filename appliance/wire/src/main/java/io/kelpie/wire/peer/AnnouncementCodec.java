package io.kelpie.wire.peer;

import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Coordinator.Announcement;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;

/**
 * Bytes of an announcement as coordinators keep it, big endian:
 *
 * <pre>
 *  0  u32  magic {@code KANN}
 *  4  u16  format, 1
 *  6  u16  bit 0: the store is clean
 *  8  u128 node, u64 incarnation
 * 32  u128 address and u16 port for clients
 * 50  u128 address and u16 port for nodes
 * 68  u32  zone
 * 72  u32  weight in GiB
 * 76  u64  time of the format of the store's cluster
 * 84  u32  CRC-32C of everything before
 * </pre>
 */
public final class AnnouncementCodec {
    /** Length of an announcement. */
    public static final int BYTES = 88;

    private static final int MAGIC = 0x4B414E4E;
    private static final short FORMAT = 1;
    private static final int FLAG_CLEAN = 1;

    private AnnouncementCodec() {}

    /**
     * Encodes an announcement.
     *
     * @param announcement the announcement
     * @return {@link #BYTES} bytes
     */
    public static byte[] encode(Announcement announcement) {
        ByteBuffer out = ByteBuffer.allocate(BYTES);
        out.putInt(MAGIC).putShort(FORMAT);
        out.putShort((short) (announcement.clean() ? FLAG_CLEAN : 0));
        SealedRecord.putPeer(out, announcement.id());
        SealedRecord.putEndpoint(out, announcement.endpoint());
        SealedRecord.putEndpoint(out, announcement.peer());
        out.putInt(announcement.zone()).putInt(announcement.weightGib());
        out.putLong(announcement.clusterCreatedNanos());
        return SealedRecord.seal(out);
    }

    /**
     * Decodes an announcement.
     *
     * @param bytes from {@link #encode}
     * @return the announcement
     * @throws PeerFormatException if they are damaged or of a newer format
     */
    public static Announcement decode(byte[] bytes) {
        ByteBuffer in = SealedRecord.open(bytes, BYTES, MAGIC, "KANN");
        try {
            short format = in.getShort();
            if (format != FORMAT) {
                throw new PeerFormatException(
                        "its format is " + format + ", this version knows " + FORMAT);
            }
            boolean clean = (in.getShort() & FLAG_CLEAN) != 0;
            PeerId id = SealedRecord.getPeer(in);
            Endpoint endpoint = SealedRecord.getEndpoint(in);
            Endpoint peer = SealedRecord.getEndpoint(in);
            Announcement announcement = new Announcement(
                    id, endpoint, peer, in.getInt(), in.getInt(), in.getLong(), clean);
            SealedRecord.requireEnd(in);
            return announcement;
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new PeerFormatException("it contradicts itself: " + e);
        }
    }
}
