package io.kelpie.fuse;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Images in memory, 64 KiB pieces, holes cost nothing. The example of the README. */
final class MemoryImages implements ImageDirectory {
    private static final int PIECE = 64 << 10;
    private static final long TOTAL_BYTES = 64L << 30;

    private final Map<String, Disk> disks = new ConcurrentHashMap<>();

    @Override
    public List<String> names() {
        return List.copyOf(disks.keySet());
    }

    @Override
    public Optional<ImageAttributes> attributes(String name) {
        return Optional.ofNullable(disks.get(name)).map(Disk::attributes);
    }

    @Override
    public ImageFile open(String name, boolean writable) {
        Disk disk = disks.get(name);
        if (disk == null) {
            throw new FuseException(FuseError.ENOENT, "no image " + name);
        }
        return disk;
    }

    @Override
    public void create(String name) {
        if (disks.putIfAbsent(name, new Disk()) != null) {
            throw new FuseException(FuseError.EEXIST, "there is an image " + name);
        }
    }

    @Override
    public void remove(String name) {
        if (disks.remove(name) == null) {
            throw new FuseException(FuseError.ENOENT, "no image " + name);
        }
    }

    @Override
    public FileSystemSpace space() {
        long used = disks.values().stream().mapToLong(Disk::allocatedBytes).sum();
        return new FileSystemSpace(TOTAL_BYTES, TOTAL_BYTES - used, disks.size(), 1000);
    }

    private static final class Disk implements ImageFile {
        private final Map<Long, byte[]> pieces = new ConcurrentHashMap<>();
        private volatile long sizeBytes;
        private volatile long changedMillis = System.currentTimeMillis();

        @Override
        public void read(long offset, ByteBuffer destination) {
            while (destination.hasRemaining()) {
                int start = (int) (offset % PIECE);
                int length = Math.min(PIECE - start, destination.remaining());
                byte[] piece = pieces.get(offset / PIECE);
                destination.put(piece == null ? new byte[PIECE] : piece, start, length);
                offset += length;
            }
        }

        @Override
        public void write(long offset, ByteBuffer source) {
            while (source.hasRemaining()) {
                int start = (int) (offset % PIECE);
                int length = Math.min(PIECE - start, source.remaining());
                byte[] piece = pieces.computeIfAbsent(offset / PIECE, index -> new byte[PIECE]);
                source.get(piece, start, length);
                offset += length;
            }
            changedMillis = System.currentTimeMillis();
        }

        @Override
        public void punchHole(long offset, long length) {
            long end = offset + length;
            while (offset < end) {
                int start = (int) (offset % PIECE);
                int count = (int) Math.min(PIECE - start, end - offset);
                if (count == PIECE) {
                    pieces.remove(offset / PIECE);
                } else if (pieces.containsKey(offset / PIECE)) {
                    write(offset, ByteBuffer.allocate(count));
                }
                offset += count;
            }
        }

        @Override
        public void writeZeroes(long offset, long length) {
            punchHole(offset, length);
        }

        @Override
        public void truncate(long newBytes) {
            if (newBytes < sizeBytes) {
                punchHole(newBytes, sizeBytes - newBytes);
            }
            sizeBytes = newBytes;
            changedMillis = System.currentTimeMillis();
        }

        @Override
        public long sizeBytes() {
            return sizeBytes;
        }

        private long allocatedBytes() {
            return (long) pieces.size() * PIECE;
        }

        private ImageAttributes attributes() {
            return new ImageAttributes(
                    sizeBytes, allocatedBytes(), changedMillis, changedMillis, false);
        }

        @Override
        public void sync() {
            // Memory: nothing is more durable than it is.
        }

        @Override
        public void close() {
            // All handles share the disk.
        }
    }
}
