package io.kelpie.fuse;

import jnr.ffi.LibraryLoader;
import jnr.ffi.Pointer;
import jnr.ffi.annotations.Delegate;
import jnr.ffi.types.off_t;
import jnr.ffi.types.size_t;

import org.jspecify.annotations.Nullable;

/**
 * What {@code libfuse.so.2} and {@code libc} export and jnr-fuse does not bind, and the shapes of
 * the callbacks. The nested interfaces are public for the classes that jnr-ffi generates; this
 * class being package-private, nobody else can name them.
 *
 * <p>Callbacks take a path as {@link Pointer}, not as {@link String}: jnr-ffi decodes strings with
 * the default charset, which is ASCII under {@code LANG=C}, while names here are UTF-8.
 */
@SuppressWarnings("checkstyle:MethodName")
final class LibFuse {
    /** libfuse 2; jnr-fuse speaks no later one. */
    static final String LIBRARY = "libfuse.so.2";

    private LibFuse() {}

    /**
     * Loads libfuse.
     *
     * @param library file name of the library
     * @return the calls; {@link FuseException} with ENOSYS when it is not installed
     */
    static Calls load(String library) {
        try {
            return LibraryLoader.create(Calls.class).failImmediately().load(library);
        } catch (UnsatisfiedLinkError missing) {
            throw new FuseException(
                    FuseError.ENOSYS,
                    library + " cannot be loaded; install it with: apt install libfuse2",
                    missing);
        }
    }

    /** Loads the C library, which is always there. */
    static CLibrary loadC() {
        return LibraryLoader.create(CLibrary.class).failImmediately().load("c");
    }

    /** libfuse. {@code fuse_new} is no use: dlsym finds its oldest version. */
    public interface Calls {
        @Nullable
        Pointer fuse_setup(
                int argc,
                Pointer argv,
                Pointer operations,
                @size_t long operationsSize,
                Pointer mountpointOut,
                Pointer multithreadedOut,
                @Nullable Pointer userData);

        void fuse_teardown(Pointer fuse, @Nullable Pointer mountpoint);

        Pointer fuse_get_session(Pointer fuse);

        Pointer fuse_session_next_chan(Pointer session, @Nullable Pointer channel);

        int fuse_session_receive_buf(Pointer session, Pointer buffer, Pointer channelOut);

        void fuse_session_process_buf(Pointer session, Pointer buffer, Pointer channel);

        int fuse_session_exited(Pointer session);

        @size_t
        long fuse_chan_bufsize(Pointer channel);

        int fuse_chan_fd(Pointer channel);
    }

    /** The C library; results below 0 leave the reason in {@code Runtime.getLastError()}. */
    public interface CLibrary {
        int open(Pointer path, int flags);

        int close(int descriptor);

        int flock(int descriptor, int operation);

        int geteuid();

        int getegid();
    }

    /** {@code getattr}, {@code statfs}, {@code open}, {@code utimens}, ... */
    public interface PathPointer {
        @Delegate
        int call(@Nullable Pointer path, Pointer argument);
    }

    /** {@code unlink}. */
    public interface PathOnly {
        @Delegate
        int call(@Nullable Pointer path);
    }

    /** {@code mkdir}, {@code chmod}. */
    public interface PathMode {
        @Delegate
        int call(@Nullable Pointer path, int mode);
    }

    /** {@code chown}. */
    public interface PathOwner {
        @Delegate
        int call(@Nullable Pointer path, int uid, int gid);
    }

    /** {@code rename}. */
    public interface TwoPaths {
        @Delegate
        int call(@Nullable Pointer path, @Nullable Pointer other);
    }

    /** {@code truncate}. */
    public interface PathSize {
        @Delegate
        int call(@Nullable Pointer path, @off_t long size);
    }

    /** {@code ftruncate}. */
    public interface HandleSize {
        @Delegate
        int call(@Nullable Pointer path, @off_t long size, Pointer info);
    }

    /** {@code fgetattr}. */
    public interface HandlePointer {
        @Delegate
        int call(@Nullable Pointer path, Pointer argument, Pointer info);
    }

    /** {@code create}, {@code fsync}. */
    public interface HandleMode {
        @Delegate
        int call(@Nullable Pointer path, int mode, Pointer info);
    }

    /** {@code read} and {@code write}. */
    public interface Transfer {
        @Delegate
        int call(
                @Nullable Pointer path,
                Pointer buffer,
                @size_t long length,
                @off_t long offset,
                Pointer info);
    }

    /** {@code readdir}. */
    public interface ReadDirectory {
        @Delegate
        int call(
                @Nullable Pointer path,
                Pointer buffer,
                Pointer filler,
                @off_t long offset,
                Pointer info);
    }

    /** {@code fallocate}. */
    public interface Allocate {
        @Delegate
        int call(
                @Nullable Pointer path,
                int mode,
                @off_t long offset,
                @off_t long length,
                Pointer info);
    }
}
