package io.kelpie.fuse;

import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

import java.nio.file.Path;

/**
 * The few calls of the C library that Java has no word for. Results below 0 are negative errnos.
 * Any thread. Numbers are those of Linux.
 */
final class SystemCalls {
    private static final int O_RDONLY = 0;
    private static final int O_CLOEXEC = 0x8_0000;
    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;

    private final Runtime runtime = Runtime.getSystemRuntime();
    private final LibFuse.CLibrary system = LibFuse.loadC();

    /** Opens a directory for {@link #lock}. */
    int openForLock(Path path) {
        return result(system.open(text(path), O_RDONLY | O_CLOEXEC));
    }

    void close(int descriptor) {
        system.close(descriptor);
    }

    /** Locks what a descriptor has open, at once or not at all; ends with the descriptor. */
    int lock(int descriptor) {
        return result(system.flock(descriptor, LOCK_EX | LOCK_NB));
    }

    int userId() {
        return system.geteuid();
    }

    int groupId() {
        return system.getegid();
    }

    private int result(int returned) {
        return returned < 0 ? -runtime.getLastError() : returned;
    }

    private Pointer text(Path path) {
        return text(runtime, FileNames.bytes(path));
    }

    /** A C string in memory that lives as long as the pointer is reachable. */
    static Pointer text(Runtime runtime, byte[] bytes) {
        Pointer text = Memory.allocateDirect(runtime, bytes.length + 1, true);
        text.put(0, bytes, 0, bytes.length);
        text.putByte(bytes.length, (byte) 0);
        return text;
    }
}
