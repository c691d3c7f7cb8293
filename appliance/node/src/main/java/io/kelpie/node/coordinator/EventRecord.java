package io.kelpie.node.coordinator;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Coordinator.EventId;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * An event as the coordinators of several nodes keep it, big endian:
 *
 * <pre>
 *  0  u32  magic {@code KEVT}
 *  4  u32  format, 1
 *  8  u128 node, u64 incarnation, u64 counter: the identity
 * 40       body, at most 64 KiB
 *    u32  CRC-32C of everything before
 * </pre>
 *
 * @param id its identity
 * @param body its content
 */
@SuppressWarnings("ArrayRecordComponent") // A plain carrier; nobody compares records.
record EventRecord(EventId id, byte[] body) {
    /** Longest body of an event; the port's bound. */
    static final int MAX_BODY_BYTES = 64 << 10;

    private static final int MAGIC = 0x4B455654;
    private static final int FORMAT = 1;
    private static final int HEAD_BYTES = 40;
    private static final int CHECKSUM_BYTES = 4;

    byte[] encode() {
        ByteBuffer out = ByteBuffer.allocate(HEAD_BYTES + body.length + CHECKSUM_BYTES)
                .putInt(MAGIC)
                .putInt(FORMAT)
                .putLong(id.nodeHigh())
                .putLong(id.nodeLow())
                .putLong(id.incarnation())
                .putLong(id.counter())
                .put(body);
        return out.putInt(checksum(out.array())).array();
    }

    static EventRecord decode(String name, byte[] bytes) throws CallFailedException {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        int bodyBytes = bytes.length - HEAD_BYTES - CHECKSUM_BYTES;
        if (bodyBytes < 0
                || bodyBytes > MAX_BODY_BYTES
                || in.getInt(bytes.length - CHECKSUM_BYTES) != checksum(bytes)
                || in.getInt() != MAGIC
                || in.getInt() != FORMAT) {
            throw new CallFailedException(
                    ErrorCode.CORRUPT_OBJECT,
                    "event " + name + " of " + bytes.length
                            + " bytes is damaged or of a newer format");
        }
        EventId id = new EventId(in.getLong(), in.getLong(), in.getLong(), in.getLong());
        byte[] body = new byte[bodyBytes];
        in.get(body);
        return new EventRecord(id, body);
    }

    private static int checksum(byte[] bytes) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, 0, bytes.length - CHECKSUM_BYTES);
        return (int) checksum.getValue();
    }
}
