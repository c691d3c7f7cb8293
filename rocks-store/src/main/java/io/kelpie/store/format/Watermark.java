package io.kelpie.store.format;

import net.openhft.chronicle.bytes.BytesStore;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.UUID;

/**
 * A mapped file beside the database that remembers how far it got, so that writes missing after a
 * crash are noticed: RocksDB's recovery stops at a damaged place in its log without a word. Little
 * endian:
 *
 * <pre>
 *  offset length
 *       0      8  magic, "KELPIEWM"
 *       8      4  format, 1
 *      12      4  CRC-32C of bytes 0 to 11 and 16 to 47
 *      16     16  store id
 *      32     16  boot id of the host that opened the store last
 *      48      8  synced: highest sequence known to be on the disk
 *      56      8  applied: highest sequence acknowledged (counts while the boot id is the same)
 *      64      4  1: closed cleanly; 0: open, or ended otherwise
 * </pre>
 *
 * <p>Synced and applied are stored without a sync: after a crash of the process the page cache has
 * them, after a crash of the host an old value is only a weaker check. Thread-safe after creation,
 * except for {@link #close}.
 */
public final class Watermark implements AutoCloseable {
    private static final long MAGIC = Superblock.magic("KELPIEWM");
    private static final int FORMAT_1 = 1;

    /** One block: preallocated, because a store to a hole on a full disk would kill the process. */
    private static final int FILE_BYTES = 4096;

    private static final int MAGIC_AT = 0;
    private static final int FORMAT = 8;
    private static final int CHECKSUM = 12;
    private static final int STORE_ID = 16;
    private static final int BOOT_ID = 32;
    private static final int SYNCED = 48;
    private static final int APPLIED = 56;
    private static final int CLEAN = 64;

    private final MappedByteBuffer mapped;
    private final RecordBuffer record;

    private Watermark(MappedByteBuffer mapped) {
        this.mapped = mapped;
        this.record = new RecordBuffer(mapped);
    }

    /**
     * What an earlier opener left.
     *
     * @param storeId the store it belongs to
     * @param bootId host boot in which it was written
     * @param synced highest sequence known to have been on the disk
     * @param applied highest sequence acknowledged
     * @param clean whether the store was closed
     */
    public record Mark(UUID storeId, UUID bootId, long synced, long applied, boolean clean) {}

    /**
     * Reads the file; empty when there is none.
     *
     * @throws DamagedRecordException when it is not a watermark
     */
    public static Optional<Mark> read(Path file) throws IOException, DamagedRecordException {
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        byte[] content = Files.readAllBytes(file);
        if (content.length != FILE_BYTES) {
            throw new DamagedRecordException(
                    "watermark is " + content.length + " bytes long, not " + FILE_BYTES);
        }
        try (RecordBuffer record = new RecordBuffer(FILE_BYTES)) {
            record.set(content);
            BytesStore<?, ?> bytes = record.bytes();
            if (bytes.readLong(MAGIC_AT) != MAGIC || bytes.readInt(FORMAT) != FORMAT_1) {
                throw new DamagedRecordException(
                        "watermark does not begin with KELPIEWM of format 1");
            }
            if (bytes.readInt(CHECKSUM) != checksum(record)) {
                throw new DamagedRecordException("checksum of the watermark does not hold");
            }
            return Optional.of(new Mark(
                    readUuid(bytes, STORE_ID),
                    readUuid(bytes, BOOT_ID),
                    bytes.readLong(SYNCED),
                    bytes.readLong(APPLIED),
                    bytes.readInt(CLEAN) == 1));
        }
    }

    /**
     * Writes the file anew, durable on return, and maps it.
     *
     * @throws IOException when that fails, for want of space too
     */
    public static Watermark begin(Path file, Mark mark) throws IOException {
        // Written beside and renamed: a crash leaves the old mark or the new one, never half of
        // one.
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        try (FileChannel channel = FileChannel.open(
                fresh,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
            ByteBuffer content = encode(mark);
            while (content.hasRemaining()) {
                channel.write(content);
            }
            channel.force(true);
        }
        Files.move(fresh, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel directory = FileChannel.open(parentOf(file), StandardOpenOption.READ)) {
            directory.force(true);
        }
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return new Watermark(channel.map(FileChannel.MapMode.READ_WRITE, 0, FILE_BYTES));
        }
    }

    private static Path parentOf(Path file) {
        Path parent = file.toAbsolutePath().getParent();
        if (parent == null) {
            throw new IllegalArgumentException(file + " names no file");
        }
        return parent;
    }

    private static ByteBuffer encode(Mark mark) {
        try (RecordBuffer record = new RecordBuffer(FILE_BYTES)) {
            BytesStore<?, ?> bytes = record.bytes();
            bytes.writeLong(MAGIC_AT, MAGIC);
            bytes.writeInt(FORMAT, FORMAT_1);
            writeUuid(bytes, STORE_ID, mark.storeId());
            writeUuid(bytes, BOOT_ID, mark.bootId());
            bytes.writeLong(SYNCED, mark.synced());
            bytes.writeLong(APPLIED, mark.applied());
            bytes.writeInt(CLEAN, mark.clean() ? 1 : 0);
            bytes.writeInt(CHECKSUM, checksum(record));
            return ByteBuffer.wrap(record.toArray(FILE_BYTES));
        }
    }

    /** Everything up to this sequence is on the disk. */
    public void synced(long sequence) {
        record.bytes().writeMaxLong(SYNCED, sequence);
    }

    /** Everything up to this sequence was acknowledged. */
    public void applied(long sequence) {
        record.bytes().writeMaxLong(APPLIED, sequence);
    }

    /** The store is closed with everything synced; durable on return. */
    public void clean() {
        record.bytes().writeVolatileInt(CLEAN, 1);
        mapped.force();
    }

    /** Unmaps the file. */
    @Override
    public void close() {
        record.close();
    }

    private static int checksum(RecordBuffer record) {
        byte[] covered = new byte[FORMAT + Integer.BYTES + SYNCED - STORE_ID];
        System.arraycopy(record.toArray(CHECKSUM), 0, covered, 0, CHECKSUM);
        System.arraycopy(record.toArray(SYNCED), STORE_ID, covered, CHECKSUM, SYNCED - STORE_ID);
        return new Checksums().of(ByteBuffer.wrap(covered), 0, covered.length);
    }

    private static UUID readUuid(BytesStore<?, ?> bytes, int at) {
        return new UUID(bytes.readLong(at), bytes.readLong(at + Long.BYTES));
    }

    private static void writeUuid(BytesStore<?, ?> bytes, int at, UUID value) {
        bytes.writeLong(at, value.getMostSignificantBits());
        bytes.writeLong(at + Long.BYTES, value.getLeastSignificantBits());
    }
}
