package io.kelpie.fuse;

import com.kenai.jffi.CallContext;
import com.kenai.jffi.CallingConvention;
import com.kenai.jffi.Invoker;
import com.kenai.jffi.MemoryIO;
import com.kenai.jffi.Type;

import jnr.ffi.BaseStruct;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;
import jnr.ffi.Struct;

import org.jspecify.annotations.Nullable;

import ru.serce.jnrfuse.struct.FileStat;
import ru.serce.jnrfuse.struct.FuseOperations;
import ru.serce.jnrfuse.struct.Statvfs;

import java.util.ArrayList;
import java.util.List;

/**
 * libfuse's {@code struct fuse_operations}, filled with closures that translate between C and
 * {@link ImageFileSystem}. No exception leaves a closure: C cannot catch it, and the kernel would
 * get a random answer.
 *
 * <p>Calls with a handle get no path ({@code nullpath_ok} and {@code nopath}): libfuse saves
 * building it, and reads and writes take no path lock.
 *
 * <pre>
 * struct fuse_file_info   0 flags int | 8 fh_old | 16 writepage int | 20 direct_io:1 keep_cache:1 ...
 *                         24 fh u64   | 32 lock_owner u64
 * struct fuse_operations  ... bmap | nullpath_ok:1 nopath:1 utime_omit_ok:1 | ioctl ...
 * </pre>
 */
final class OperationTable {
    private static final int INFO_FLAGS = 0;
    private static final int INFO_BITS = 20;
    private static final int INFO_HANDLE = 24;
    private static final byte BIT_DIRECT_IO = 1;
    private static final int FLAG_NULLPATH_OK = 1;
    private static final int FLAG_NOPATH = 2;

    /** Longest path the kernel sends; more than any name that is accepted. */
    private static final int MAX_PATH_BYTES = 4096;

    private static final int BLOCK_BYTES = 4096;

    /** {@code int filler(void *buf, const char *name, const struct stat *, off_t)}. */
    private static final CallContext FILLER = CallContext.getCallContext(
            Type.SINT,
            new Type[] {Type.POINTER, Type.POINTER, Type.POINTER, Type.SINT64},
            CallingConvention.DEFAULT,
            false);

    private static final MemoryIO MEMORY = MemoryIO.getInstance();

    private final Runtime runtime = Runtime.getSystemRuntime();
    private final FuseOperations layout = new FuseOperations(runtime);
    private final Pointer table;
    // jnr-ffi holds closures weakly; libfuse calls them for as long as this object is reachable.
    private final List<Object> closures = new ArrayList<>();
    private final ImageFileSystem files;
    private final RequestErrors errors = new RequestErrors();
    private final boolean directIo;
    private final int ownerUid;
    private final int ownerGid;
    private volatile boolean closing; // set once, by stopAnswering

    OperationTable(ImageFileSystem files, boolean directIo, int ownerUid, int ownerGid) {
        this.files = files;
        this.directIo = directIo;
        this.ownerUid = ownerUid;
        this.ownerGid = ownerGid;
        this.table = Memory.allocateDirect(runtime, Struct.size(layout), true);
        fill();
    }

    /** The struct; valid as long as this object is reachable. */
    Pointer pointer() {
        return table;
    }

    /** Size of the struct in bytes. */
    long sizeBytes() {
        return Struct.size(layout);
    }

    /** From now on statfs answers by itself: it is what wakes the loop threads at the end. */
    void startClosing() {
        closing = true;
    }

    private void fill() {
        put(layout.getattr, LibFuse.PathPointer.class, this::getattr);
        put(layout.fgetattr, LibFuse.HandlePointer.class, this::fgetattr);
        put(layout.readdir, LibFuse.ReadDirectory.class, this::readdir);
        put(layout.create, LibFuse.HandleMode.class, this::create);
        put(layout.open, LibFuse.PathPointer.class, this::open);
        put(layout.read, LibFuse.Transfer.class, this::read);
        put(layout.write, LibFuse.Transfer.class, this::write);
        put(layout.flush, LibFuse.PathPointer.class, this::flush);
        put(layout.fsync, LibFuse.HandleMode.class, this::fsync);
        put(layout.release, LibFuse.PathPointer.class, this::release);
        put(layout.truncate, LibFuse.PathSize.class, this::truncate);
        put(layout.ftruncate, LibFuse.HandleSize.class, this::ftruncate);
        put(layout.fallocate, LibFuse.Allocate.class, this::fallocate);
        put(layout.unlink, LibFuse.PathOnly.class, this::unlink);
        put(layout.rename, LibFuse.TwoPaths.class, this::rename);
        put(layout.statfs, LibFuse.PathPointer.class, this::statfs);
        put(layout.chmod, LibFuse.PathMode.class, (path, mode) -> accept("chmod", path));
        put(layout.chown, LibFuse.PathOwner.class, (path, uid, gid) -> accept("chown", path));
        put(layout.utimens, LibFuse.PathPointer.class, (path, times) -> accept("utimens", path));
        put(layout.mkdir, LibFuse.PathMode.class, (path, mode) -> -FuseError.EPERM.number());
        put(layout.fsyncdir, LibFuse.HandleMode.class, (path, dataOnly, info) -> 0);
        table.putInt(layout.ioctl.offset() - Long.BYTES, FLAG_NULLPATH_OK | FLAG_NOPATH);
    }

    private <T> void put(BaseStruct.Func<?> slot, Class<T> type, T closure) {
        closures.add(closure);
        table.putPointer(
                slot.offset(), runtime.getClosureManager().getClosurePointer(type, closure));
    }

    private int getattr(@Nullable Pointer path, Pointer stat) {
        try {
            write(files.attributes(name(path)), stat);
            return 0;
        } catch (Throwable failure) {
            return errors.answer(failure, "getattr", subject(path), -1, -1);
        }
    }

    private int fgetattr(@Nullable Pointer path, Pointer stat, Pointer info) {
        long handle = handle(info);
        try {
            write(files.handleAttributes(handle), stat);
            return 0;
        } catch (Throwable failure) {
            return errors.answer(failure, "fgetattr", handle, -1, -1);
        }
    }

    private void write(FileAttributes attributes, Pointer target) {
        FileStat stat = FileStat.of(target);
        int type = attributes.isDirectory() ? FileStat.S_IFDIR : FileStat.S_IFREG;
        stat.st_mode.set(type | attributes.mode());
        stat.st_nlink.set(attributes.isDirectory() ? 2 : 1);
        stat.st_uid.set(ownerUid);
        stat.st_gid.set(ownerGid);
        stat.st_size.set(attributes.sizeBytes());
        stat.st_blksize.set(BLOCK_BYTES);
        stat.st_blocks.set(attributes.blockCount());
        long modified = attributes.modifiedMillis();
        stat.st_mtim.tv_sec.set(Math.floorDiv(modified, 1000L));
        stat.st_mtim.tv_nsec.set(Math.floorMod(modified, 1000L) * 1_000_000);
        stat.st_atim.tv_sec.set(Math.floorDiv(modified, 1000L));
        stat.st_atim.tv_nsec.set(Math.floorMod(modified, 1000L) * 1_000_000);
        long changed = attributes.changedMillis();
        stat.st_ctim.tv_sec.set(Math.floorDiv(changed, 1000L));
        stat.st_ctim.tv_nsec.set(Math.floorMod(changed, 1000L) * 1_000_000);
    }

    private int readdir(
            @Nullable Pointer path, Pointer buffer, Pointer filler, long offset, Pointer info) {
        try {
            // 255 bytes, a NUL; "." and ".." first, as POSIX readers expect.
            Pointer text = Memory.allocateDirect(runtime, FileNames.MAX_NAME_BYTES + 1, true);
            add(buffer, filler, text, ".");
            add(buffer, filler, text, "..");
            for (String name : files.names()) {
                add(buffer, filler, text, name);
            }
            return 0;
        } catch (Throwable failure) {
            return errors.answer(failure, "readdir", "/", -1, -1);
        }
    }

    private static void add(Pointer buffer, Pointer filler, Pointer text, String name) {
        byte[] bytes = FileNames.bytes(name);
        text.put(0, bytes, 0, bytes.length);
        text.putByte(bytes.length, (byte) 0);
        long isFull = Invoker.getInstance()
                .invokeN4(FILLER, filler.address(), buffer.address(), text.address(), 0L, 0L);
        if ((int) isFull != 0) {
            throw new FuseException(FuseError.ENOMEM, "libfuse has no memory for a directory");
        }
    }

    private int create(@Nullable Pointer path, int mode, Pointer info) {
        try {
            opened(files.create(name(path), info.getInt(INFO_FLAGS)), info);
            return 0;
        } catch (Throwable failure) {
            return errors.answer(failure, "create", subject(path), -1, -1);
        }
    }

    private int open(@Nullable Pointer path, Pointer info) {
        try {
            opened(files.open(name(path), info.getInt(INFO_FLAGS)), info);
            return 0;
        } catch (Throwable failure) {
            return errors.answer(failure, "open", subject(path), -1, -1);
        }
    }

    private void opened(long handle, Pointer info) {
        info.putLongLong(INFO_HANDLE, handle);
        // jnr-fuse maps the bit fields as padding, so the byte is set here. keep_cache stays off.
        if (directIo) {
            info.putByte(INFO_BITS, (byte) (info.getByte(INFO_BITS) | BIT_DIRECT_IO));
        }
    }

    private int read(
            @Nullable Pointer path, Pointer buffer, long length, long offset, Pointer info) {
        long handle = handle(info);
        try {
            // libfuse asks for at most the 128 KiB that were negotiated.
            int count = Math.toIntExact(length);
            return files.read(handle, offset, MEMORY.newDirectByteBuffer(buffer.address(), count));
        } catch (Throwable failure) {
            return errors.answer(failure, "read", files.nameOf(handle), offset, length);
        }
    }

    private int write(
            @Nullable Pointer path, Pointer buffer, long length, long offset, Pointer info) {
        long handle = handle(info);
        try {
            int count = Math.toIntExact(length);
            return files.write(
                    handle,
                    offset,
                    MEMORY.newDirectByteBuffer(buffer.address(), count).asReadOnlyBuffer());
        } catch (Throwable failure) {
            return errors.answer(failure, "write", files.nameOf(handle), offset, length);
        }
    }

    private int flush(@Nullable Pointer path, Pointer info) {
        long handle = handle(info);
        try {
            files.flush(handle);
            return 0;
        } catch (Throwable failure) {
            return errors.answer(failure, "flush", files.nameOf(handle), -1, -1);
        }
    }

    private int fsync(@Nullable Pointer path, int dataOnly, Pointer info) {
        long handle = handle(info);
        try {
            files.sync(handle);
            return 0;
        } catch (Throwable failure) {
            return errors.answer(failure, "fsync", files.nameOf(handle), -1, -1);
        }
    }

    private int release(@Nullable Pointer path, Pointer info) {
        long handle = handle(info);
        Object subject = files.nameOf(handle);
        try {
            files.release(handle);
            return 0;
        } catch (Throwable failure) {
            return errors.answer(failure, "release", subject, -1, -1);
        }
    }

    private int truncate(@Nullable Pointer path, long size) {
        try {
            files.truncate(name(path), size);
            return 0;
        } catch (Throwable failure) {
            return errors.answer(failure, "truncate", subject(path), size, -1);
        }
    }

    private int ftruncate(@Nullable Pointer path, long size, Pointer info) {
        long handle = handle(info);
        try {
            files.truncate(handle, size);
            return 0;
        } catch (Throwable failure) {
            return errors.answer(failure, "ftruncate", files.nameOf(handle), size, -1);
        }
    }

    private int fallocate(
            @Nullable Pointer path, int mode, long offset, long length, Pointer info) {
        long handle = handle(info);
        try {
            files.allocate(handle, mode, offset, length);
            return 0;
        } catch (Throwable failure) {
            return errors.answer(failure, "fallocate", files.nameOf(handle), offset, length);
        }
    }

    private int unlink(@Nullable Pointer path) {
        try {
            files.remove(name(path));
            return 0;
        } catch (Throwable failure) {
            return errors.answer(failure, "unlink", subject(path), -1, -1);
        }
    }

    private int rename(@Nullable Pointer path, @Nullable Pointer other) {
        try {
            files.rename(name(path), name(other));
            return 0;
        } catch (Throwable failure) {
            return errors.answer(failure, "rename", subject(path), -1, -1);
        }
    }

    private int statfs(@Nullable Pointer path, Pointer target) {
        try {
            FileSystemSpace space = closing ? new FileSystemSpace(0, 0, 0, 0) : files.space();
            Statvfs stat = Statvfs.of(target);
            stat.f_bsize.set(BLOCK_BYTES);
            stat.f_frsize.set(BLOCK_BYTES);
            stat.f_blocks.set(space.totalBytes() / BLOCK_BYTES);
            stat.f_bfree.set(space.freeBytes() / BLOCK_BYTES);
            stat.f_bavail.set(space.freeBytes() / BLOCK_BYTES);
            stat.f_files.set(space.fileCount() + space.freeFileCount());
            stat.f_ffree.set(space.freeFileCount());
            stat.f_favail.set(space.freeFileCount());
            stat.f_namemax.set(FileNames.MAX_NAME_BYTES);
            return 0;
        } catch (Throwable failure) {
            return errors.answer(failure, "statfs", "/", -1, -1);
        }
    }

    /**
     * Mode, owner and times of an image are not kept, but refusing to set them would make cp -p, dd
     * and touch fail after all the data is written.
     */
    private int accept(String call, @Nullable Pointer path) {
        try {
            files.requireExisting(name(path));
            return 0;
        } catch (Throwable failure) {
            return errors.answer(failure, call, subject(path), -1, -1);
        }
    }

    private static long handle(Pointer info) {
        return info.getLongLong(INFO_HANDLE);
    }

    private static String name(@Nullable Pointer path) {
        if (path == null) {
            throw new FuseException(FuseError.ENOENT, "the file was removed");
        }
        byte[] bytes = new byte[path.indexOf(0, (byte) 0, MAX_PATH_BYTES)];
        path.get(0, bytes, 0, bytes.length);
        return FileNames.of(bytes);
    }

    /** The name for a log line; never throws. */
    private static String subject(@Nullable Pointer path) {
        try {
            return name(path);
        } catch (RuntimeException unreadable) {
            return "a bad name";
        }
    }
}
