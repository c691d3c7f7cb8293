package io.kelpie.wire.peer;

import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * What the records that outlive a connection have in common, big endian: u32 magic first, u32
 * CRC-32C of everything before last.
 */
final class SealedRecord {
    static final int CHECKSUM_BYTES = 4;
    static final int ENDPOINT_BYTES = 18;
    static final int PEER_BYTES = 24;

    private static final int MAGIC_BYTES = 4;

    private SealedRecord() {}

    /** Puts the checksum into the last four bytes of a buffer that is otherwise full. */
    static byte[] seal(ByteBuffer out) {
        CRC32C checksum = new CRC32C();
        checksum.update(out.duplicate().flip());
        out.putInt((int) checksum.getValue());
        byte[] bytes = new byte[out.position()];
        out.flip().get(bytes);
        return bytes;
    }

    /**
     * Checks length, checksum and magic.
     *
     * @return the bytes behind the magic and before the checksum
     */
    static ByteBuffer open(byte[] bytes, int maxBytes, int magic, String magicText) {
        if (bytes.length < MAGIC_BYTES + CHECKSUM_BYTES || bytes.length > maxBytes) {
            throw new PeerFormatException("it has " + bytes.length + " bytes");
        }
        int checked = bytes.length - CHECKSUM_BYTES;
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (in.getInt(checked) != checksum(bytes, checked)) {
            throw new PeerFormatException("its checksum does not hold");
        }
        in.limit(checked);
        if (in.getInt() != magic) {
            throw new PeerFormatException("it does not begin with " + magicText);
        }
        return in;
    }

    static void requireEnd(ByteBuffer in) {
        if (in.hasRemaining()) {
            throw new PeerFormatException(in.remaining() + " bytes follow it");
        }
    }

    static void putEndpoint(ByteBuffer out, Endpoint endpoint) {
        out.putLong(endpoint.high()).putLong(endpoint.low()).putShort((short) endpoint.port());
    }

    static Endpoint getEndpoint(ByteBuffer in) {
        return new Endpoint(in.getLong(), in.getLong(), in.getShort() & 0xFFFF);
    }

    static void putPeer(ByteBuffer out, PeerId peer) {
        out.putLong(peer.node().high()).putLong(peer.node().low()).putLong(peer.incarnation());
    }

    static PeerId getPeer(ByteBuffer in) {
        return new PeerId(new NodeId(in.getLong(), in.getLong()), in.getLong());
    }

    private static int checksum(byte[] bytes, int length) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, 0, length);
        return (int) checksum.getValue();
    }
}
