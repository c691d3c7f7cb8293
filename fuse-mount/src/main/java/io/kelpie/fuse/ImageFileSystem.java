package io.kelpie.fuse;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What each call of the kernel means for a directory of images; no libfuse in here. Refusals are
 * {@link FuseException}s. Any loop thread.
 */
final class ImageFileSystem {
    /** O_ACCMODE; the value 0 is O_RDONLY. */
    private static final int ACCESS_MODE_MASK = 3;

    private static final int O_EXCL = 0x80;

    private static final int FALLOC_KEEP_SIZE = 1;
    private static final int FALLOC_PUNCH_HOLE = 2;
    private static final int FALLOC_ZERO_RANGE = 16;

    private static final int WRITE_BITS = 0222;
    private static final int BLOCK_BYTES = 512;

    private static final Logger LOG = LoggerFactory.getLogger(ImageFileSystem.class);

    private final ImageDirectory images;
    private final int fileMode;
    private final int directoryMode;
    private final long growthStepBytes;
    private final long mountedMillis = System.currentTimeMillis();
    private final HandleTable handles = new HandleTable();

    /** Images that grow now; at most one per open file, so bounded by the handle table. */
    private final Map<String, Growth> growths = new ConcurrentHashMap<>();

    ImageFileSystem(ImageDirectory images, FuseConfig config) {
        this.images = images;
        this.fileMode = config.fileMode();
        // Who may read files may list them; root of the mount, so no group writes.
        this.directoryMode = 0700 | ((config.fileMode() & 0044) != 0 ? 0055 : 0);
        this.growthStepBytes = config.growthStepBytes();
    }

    FileAttributes attributes(String name) {
        if (name.isEmpty()) {
            return new FileAttributes(true, directoryMode, 0, 0, mountedMillis, mountedMillis);
        }
        return fileAttributes(name)
                .orElseThrow(() -> new FuseException(FuseError.ENOENT, "no image " + name));
    }

    /** The attributes of an open file, also when it was removed meanwhile. */
    FileAttributes handleAttributes(long handle) {
        OpenFile file = handles.find(handle);
        return fileAttributes(file.name())
                .orElseGet(() -> new FileAttributes(false, fileMode, visibleBytes(file), 0, 0, 0));
    }

    private Optional<FileAttributes> fileAttributes(String name) {
        Growth growth = growths.get(name);
        Optional<ImageAttributes> image =
                growth == null ? images.attributes(name) : growth.attributes(images, name);
        return image.map(this::describe);
    }

    private FileAttributes describe(ImageAttributes image) {
        return new FileAttributes(
                false,
                image.readOnly() ? fileMode & ~WRITE_BITS : fileMode,
                image.sizeBytes(),
                (image.allocatedBytes() + BLOCK_BYTES - 1) / BLOCK_BYTES,
                image.modifiedMillis(),
                image.changedMillis());
    }

    List<String> names() {
        return images.names().stream().filter(FileNames::isListable).toList();
    }

    long create(String name, int flags) {
        requireFile(name);
        try {
            images.create(name);
        } catch (FuseException taken) {
            // Another door was faster; without O_EXCL that is no error.
            if (taken.error() != FuseError.EEXIST || (flags & O_EXCL) != 0) {
                throw taken;
            }
        }
        return open(name, flags);
    }

    long open(String name, int flags) {
        requireFile(name);
        boolean writable = (flags & ACCESS_MODE_MASK) != 0;
        ImageFile image = images.open(name, writable);
        OpenFile file = null;
        try {
            Growth growth = writable ? joinGrowth(name, image) : null;
            file = new OpenFile(name, image, writable, growth);
            return handles.add(file);
        } catch (Throwable failure) {
            if (file == null) {
                image.close();
            } else {
                endUse(file);
            }
            throw failure;
        }
    }

    /** Lets an image grow that is empty, or is growing already. */
    private @Nullable Growth joinGrowth(String name, ImageFile image) {
        // The size is asked under the map's lock: a growth that ends just now has made it a disk.
        return growths.compute(name, (key, growing) -> {
            if (growing == null && image.sizeBytes() != 0) {
                return null;
            }
            Growth growth = growing == null ? new Growth(growthStepBytes) : growing;
            growth.attach();
            return growth;
        });
    }

    void release(long handle) {
        endUse(handles.remove(handle));
    }

    private void endUse(OpenFile file) {
        try {
            leaveGrowth(file);
        } finally {
            file.image().close();
        }
    }

    private void leaveGrowth(OpenFile file) {
        Growth growth = file.growth();
        if (growth == null) {
            return;
        }
        try {
            growth.settle(file.image());
        } finally {
            // Inside compute, so that nobody joins a growth that has just ended.
            growths.computeIfPresent(
                    file.name(),
                    (key, growing) -> growing == growth && growing.detach() ? null : growing);
        }
    }

    /** Ends the use of all files, when no loop thread runs any more. */
    void releaseAll() {
        for (OpenFile file : handles.removeAll()) {
            try {
                endUse(file);
            } catch (RuntimeException failure) {
                LOG.warn("{} could not be closed at the end of the mount", file.name(), failure);
            }
        }
    }

    int read(long handle, long offset, ByteBuffer destination) {
        OpenFile file = handles.find(handle);
        long left = visibleBytes(file) - offset;
        if (offset < 0) {
            throw new FuseException(FuseError.EINVAL, "offset must not be negative: " + offset);
        }
        if (left <= 0 || !destination.hasRemaining()) {
            return 0;
        }
        int length = (int) Math.min(left, destination.remaining());
        destination.limit(destination.position() + length);
        file.image().read(offset, destination);
        return length;
    }

    int write(long handle, long offset, ByteBuffer source) {
        OpenFile file = handles.find(handle);
        file.requireWritable();
        if (offset < 0) {
            throw new FuseException(FuseError.EINVAL, "offset must not be negative: " + offset);
        }
        int length = source.remaining();
        if (length == 0) {
            return 0;
        }
        Growth growth = file.growth();
        if (growth != null) {
            growth.reserve(file.image(), endOf(offset, length));
        } else {
            long left = file.image().sizeBytes() - offset;
            if (left <= 0) {
                throw new FuseException(
                        FuseError.ENOSPC,
                        "write at " + offset + " is behind the end of " + file.name());
            }
            length = (int) Math.min(left, length);
            source.limit(source.position() + length);
        }
        file.image().write(offset, source);
        return length;
    }

    void truncate(String name, long newBytes) {
        requireFile(name);
        long handle = open(name, 1);
        try {
            truncate(handle, newBytes);
        } finally {
            release(handle);
        }
    }

    void truncate(long handle, long newBytes) {
        OpenFile file = handles.find(handle);
        file.requireWritable();
        if (newBytes < 0) {
            throw new FuseException(FuseError.EINVAL, "size must not be negative: " + newBytes);
        }
        Growth growth = file.growth();
        if (growth != null) {
            growth.truncate(file.image(), file.name(), newBytes);
            return;
        }
        long oldBytes = file.image().sizeBytes();
        if (newBytes < oldBytes) {
            throw new FuseException(
                    FuseError.EPERM,
                    file.name() + " has " + oldBytes + " bytes, no shrinking to " + newBytes);
        }
        if (newBytes > oldBytes) {
            file.image().truncate(newBytes);
        }
    }

    void flush(long handle) {
        // Every close of a descriptor comes here, so no sync; but its error reaches the user.
        OpenFile file = handles.find(handle);
        Growth growth = file.growth();
        if (growth != null) {
            growth.settle(file.image());
        }
    }

    void sync(long handle) {
        flush(handle);
        handles.find(handle).image().sync();
    }

    void allocate(long handle, int mode, long offset, long length) {
        OpenFile file = handles.find(handle);
        file.requireWritable();
        if (offset < 0 || length <= 0) {
            throw new FuseException(
                    FuseError.EINVAL,
                    "range must not be empty: offset " + offset + ", length " + length);
        }
        long end = endOf(offset, length);
        switch (mode) {
            case 0 -> preallocate(file, end);
            case FALLOC_KEEP_SIZE -> requireInside(file, end, mode);
            case FALLOC_ZERO_RANGE -> {
                requireInside(file, end, mode);
                file.image().writeZeroes(offset, length);
            }
            case FALLOC_ZERO_RANGE | FALLOC_KEEP_SIZE -> {
                long inside = Math.min(end, visibleBytes(file)) - offset;
                if (inside > 0) {
                    file.image().writeZeroes(offset, inside);
                }
            }
            case FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE -> {
                long inside = Math.min(end, visibleBytes(file)) - offset;
                if (inside > 0) {
                    file.image().punchHole(offset, inside);
                }
            }
            default ->
                throw new FuseException(
                        FuseError.EOPNOTSUPP,
                        "fallocate mode " + mode + " makes no sense for a disk");
        }
    }

    /** Space is taken when written; only the size of a growing image changes here. */
    private void preallocate(OpenFile file, long end) {
        Growth growth = file.growth();
        if (growth == null) {
            requireInside(file, end, 0);
        } else if (end > growth.visibleBytes(file.image())) {
            growth.truncate(file.image(), file.name(), end);
        }
    }

    private void requireInside(OpenFile file, long end, int mode) {
        if (end > visibleBytes(file)) {
            throw new FuseException(
                    FuseError.EOPNOTSUPP,
                    "fallocate mode " + mode + " to " + end + " is behind the end of "
                            + file.name());
        }
    }

    void remove(String name) {
        requireFile(name);
        images.remove(name);
        // The next image of this name is another one, even while handles of this one are open.
        growths.remove(name);
    }

    void rename(String oldName, String newName) {
        requireFile(oldName);
        requireFile(newName);
        if (growths.containsKey(oldName) || growths.containsKey(newName)) {
            throw new FuseException(
                    FuseError.EBUSY, oldName + " is being written for the first time");
        }
        images.rename(oldName, newName);
    }

    /** Says whether a name exists, for calls that are accepted without effect. */
    void requireExisting(String name) {
        attributes(name);
    }

    /** What to call a handle in a log line; never throws. */
    Object nameOf(long handle) {
        try {
            return handles.find(handle).name();
        } catch (FuseException notOpen) {
            return "handle " + handle;
        }
    }

    FileSystemSpace space() {
        return images.space();
    }

    /** What users see of a file: an image that grows is larger than that. */
    private long visibleBytes(OpenFile file) {
        if (!growths.isEmpty()) {
            Growth growth = growths.get(file.name());
            if (growth != null) {
                return growth.visibleBytes(file.image());
            }
        }
        return file.image().sizeBytes();
    }

    private static long endOf(long offset, long length) {
        if (offset > Long.MAX_VALUE - length) {
            throw new FuseException(
                    FuseError.EFBIG,
                    "range ends behind 2^63: offset " + offset + ", length " + length);
        }
        return offset + length;
    }

    private static void requireFile(String name) {
        if (name.isEmpty()) {
            throw new FuseException(FuseError.EISDIR, "the mount point is a directory");
        }
        if (!FileNames.isListable(name)) {
            throw new FuseException(FuseError.EINVAL, "no name for an image: " + name);
        }
    }
}
