package io.kelpie.node.coordinator;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A lock file held against all nodes of the host; the kernel frees it when its process dies. */
final class LockedFile implements AutoCloseable {
    private final Path file;
    private final FileChannel channel;

    private LockedFile(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /** Waits for the lock. */
    static LockedFile await(Path file) throws IOException {
        ProcessLocks.hold(file);
        LockedFile locked = lock(file, true);
        if (locked == null) {
            throw new IOException("no lock on " + file);
        }
        return locked;
    }

    /** Null if another node holds it. */
    static @Nullable LockedFile tryHold(Path file) throws IOException {
        return ProcessLocks.tryHold(file) ? lock(file, false) : null;
    }

    private static @Nullable LockedFile lock(Path file, boolean waits) throws IOException {
        FileChannel channel = null;
        boolean isLocked = false;
        try {
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = waits ? channel.lock() : channel.tryLock();
            isLocked = lock != null;
            return isLocked ? new LockedFile(file, channel) : null;
        } finally {
            if (!isLocked) {
                if (channel != null) {
                    channel.close();
                }
                ProcessLocks.release(file);
            }
        }
    }

    /** Gives the lock up. */
    @Override
    public void close() throws IOException {
        try {
            channel.close();
        } finally {
            ProcessLocks.release(file);
        }
    }
}
