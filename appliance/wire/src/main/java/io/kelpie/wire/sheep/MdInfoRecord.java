package io.kelpie.wire.sheep;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Answer of MD_INFO: 64 disk slots of 4120 bytes, then the number of disks and four zero bytes.
 *
 * <pre>
 * off size field of a slot
 *   0    4 index
 *   4    4 hole
 *   8    8 free bytes
 *  16    8 used bytes
 *  24 4096 path
 * </pre>
 *
 * @param disks at most 64
 */
public record MdInfoRecord(List<Disk> disks) {
    /** Size on the wire; the request's capacity must be exactly this. */
    public static final int BYTES = 263_688;

    private static final int MAX_DISKS = 64;
    private static final int PATH_BYTES = 4096;
    private static final int DISK_BYTES = 24 + PATH_BYTES;

    /**
     * A disk of a node.
     *
     * @param index position, from 0
     * @param freeBytes free space
     * @param usedBytes used space
     * @param path its directory, at most 4096 bytes
     */
    public record Disk(int index, long freeBytes, long usedBytes, SheepName path) {}

    /** Copies the list. */
    public MdInfoRecord {
        disks = List.copyOf(disks);
        if (disks.size() > MAX_DISKS) {
            throw new IllegalArgumentException(disks.size() + " disks are more than 64");
        }
    }

    /**
     * Reads the disks.
     *
     * @throws SheepFormatException if fewer than 263 688 bytes are left or the count is impossible
     */
    public static MdInfoRecord decode(ByteBuffer buffer) {
        SheepProtocol.require(buffer, BYTES, "the disk list");
        int start = buffer.position();
        int count = buffer.getInt(start + MAX_DISKS * DISK_BYTES);
        if (count < 0 || count > MAX_DISKS) {
            throw new SheepFormatException(count + " disks are not in 0..64");
        }
        List<Disk> disks = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            int index = buffer.getInt();
            SheepProtocol.skip(buffer, Integer.BYTES);
            disks.add(new Disk(
                    index,
                    buffer.getLong(),
                    buffer.getLong(),
                    SheepName.decode(buffer, PATH_BYTES)));
        }
        buffer.position(start + BYTES);
        return new MdInfoRecord(disks);
    }

    /** Writes 263 688 bytes. */
    public void encode(ByteBuffer buffer) {
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        for (Disk disk : disks) {
            buffer.putInt(disk.index).putInt(0).putLong(disk.freeBytes).putLong(disk.usedBytes);
            disk.path.encode(buffer, PATH_BYTES);
        }
        SheepProtocol.zeros(buffer, (MAX_DISKS - disks.size()) * DISK_BYTES);
        buffer.putInt(disks.size()).putInt(0);
    }
}
