package io.kelpie.node.coordinator;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.wire.peer.ClusterMapCodec;
import io.kelpie.wire.peer.PeerFormatException;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/**
 * A cluster map as ZooKeeper keeps it, which takes no value of 1 MiB: the bytes of the codec, or,
 * when they are many, {@code KMAZ}, u32 their length, and the bytes deflated.
 */
final class MapRecord {
    /** Above it a map is deflated. */
    static final int MAX_PLAIN_BYTES = 256 << 10;
    /** ZooKeeper refuses packets of 1 MiB, and the packet holds more than the map. */
    static final int MAX_BYTES = 900 << 10;

    private static final int DEFLATED = 0x4B4D415A;
    private static final int HEAD_BYTES = 8;

    private MapRecord() {}

    static byte[] encode(ClusterMap map) throws CallFailedException {
        byte[] plain = ClusterMapCodec.encode(map);
        byte[] record = plain.length <= MAX_PLAIN_BYTES ? plain : deflated(plain);
        if (record.length > MAX_BYTES) {
            throw new CallFailedException(
                    ErrorCode.NO_SPACE,
                    "the cluster map of " + map.members().size() + " members and "
                            + map.groups().size() + " placement groups takes " + record.length
                            + " bytes, ZooKeeper keeps " + MAX_BYTES
                            + ": format with fewer partitions");
        }
        return record;
    }

    static ClusterMap decode(byte[] record) throws CallFailedException {
        try {
            boolean isDeflated =
                    record.length >= HEAD_BYTES && ByteBuffer.wrap(record).getInt() == DEFLATED;
            return ClusterMapCodec.decode(isDeflated ? inflated(record) : record);
        } catch (PeerFormatException | DataFormatException e) {
            throw new CallFailedException(
                    ErrorCode.CORRUPT_OBJECT,
                    "the cluster map in ZooKeeper is damaged: " + e.getMessage());
        }
    }

    private static byte[] deflated(byte[] plain) {
        Deflater deflater = new Deflater(Deflater.BEST_SPEED);
        try {
            deflater.setInput(plain);
            deflater.finish();
            // What does not shrink to its own length will be refused by its length.
            byte[] record = new byte[HEAD_BYTES + plain.length + MAX_PLAIN_BYTES];
            int length = deflater.deflate(record, HEAD_BYTES, record.length - HEAD_BYTES);
            ByteBuffer.wrap(record).putInt(DEFLATED).putInt(plain.length);
            return Arrays.copyOf(record, HEAD_BYTES + length);
        } finally {
            deflater.end();
        }
    }

    private static byte[] inflated(byte[] record) throws DataFormatException {
        int length = ByteBuffer.wrap(record).getInt(Integer.BYTES);
        if (length < 0 || length > ClusterMapCodec.MAX_BYTES) {
            throw new DataFormatException("it has " + length + " bytes");
        }
        Inflater inflater = new Inflater();
        try {
            inflater.setInput(record, HEAD_BYTES, record.length - HEAD_BYTES);
            byte[] plain = new byte[length];
            int filled = 0;
            while (filled < length && !inflater.finished() && !inflater.needsInput()) {
                filled += inflater.inflate(plain, filled, length - filled);
            }
            if (filled != length) {
                throw new DataFormatException("it ends after " + filled + " of " + length);
            }
            return plain;
        } finally {
            inflater.end();
        }
    }
}
