package io.kelpie.store.format;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/** CRC-32C over pieces of buffers. Holds a running sum, so one per thread at a time. */
public final class Checksums {
    private final CRC32C crc = new CRC32C();

    /** Creates one. */
    public Checksums() {}

    /** The sum of {@code length} bytes from {@code from}; position and limit end as they were. */
    public int of(ByteBuffer buffer, int from, int length) {
        int position = buffer.position();
        int limit = buffer.limit();
        crc.reset();
        crc.update(buffer.limit(from + length).position(from));
        buffer.limit(limit).position(position);
        return (int) crc.getValue();
    }

    /** The sum of the first bytes of a record. */
    int of(RecordBuffer record, int length) {
        crc.reset();
        crc.update(record.buffer(length));
        return (int) crc.getValue();
    }
}
