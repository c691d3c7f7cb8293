package io.kelpie.fuse;

import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * libfuse 2's request loop on daemon threads of our own. Its own loop starts threads that jffi must
 * attach to the JVM for every single callback, which is slow, breaks every ThreadLocal, and hung at
 * unmount.
 */
final class RequestLoop {
    /** {@code struct fuse_buf} {size_t size; int flags; void *mem; int fd; off_t pos}. */
    private static final int BUFFER_STRUCT_BYTES = 40;

    private static final int BUFFER_SIZE = 0;
    private static final int BUFFER_FLAGS = 8;
    private static final int BUFFER_MEMORY = 16;

    private static final int EINTR = 4;
    private static final int EAGAIN = 11;

    private static final Logger LOG = LoggerFactory.getLogger(RequestLoop.class);

    private final LibFuse.Calls libFuse;
    private final Pointer session;
    private final Pointer channel;
    private final List<Thread> threads = new ArrayList<>();
    private final CountDownLatch running;
    private volatile boolean isEnding; // set once, by exit

    RequestLoop(LibFuse.Calls libFuse, Pointer session, int threadCount) {
        this.libFuse = libFuse;
        this.session = session;
        this.channel = libFuse.fuse_session_next_chan(session, null);
        this.running = new CountDownLatch(threadCount);
        for (int i = 0; i < threadCount; i++) {
            Thread thread = new Thread(this::serve, "kelpie-fuse-" + i);
            thread.setDaemon(true);
            threads.add(thread);
        }
    }

    void start() {
        threads.forEach(Thread::start);
    }

    /**
     * Each thread ends after its next request; see {@link #isRunning}. Not by
     * {@code fuse_session_exit}: after that libfuse drops the request it has just received, and
     * whoever made it waits for ever.
     */
    void exit() {
        isEnding = true;
    }

    /** Whether any thread has not ended. */
    boolean isRunning() {
        return running.getCount() > 0;
    }

    /** Waits until all threads have ended; false when the time is over first. */
    boolean awaitEnd(Duration timeout) throws InterruptedException {
        return running.await(timeout.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Names of the threads that still run, for the log. */
    List<String> runningThreads() {
        return threads.stream().filter(Thread::isAlive).map(Thread::getName).toList();
    }

    private void serve() {
        try {
            answerRequests();
        } catch (Throwable failure) {
            LOG.error("a loop thread of a mount ended", failure);
        } finally {
            running.countDown();
        }
    }

    private void answerRequests() {
        Runtime runtime = Runtime.getSystemRuntime();
        long bufferBytes = libFuse.fuse_chan_bufsize(channel);
        Pointer memory = Memory.allocateDirect(runtime, Math.toIntExact(bufferBytes), true);
        Pointer buffer = Memory.allocateDirect(runtime, BUFFER_STRUCT_BYTES, true);
        Pointer source = Memory.allocateDirect(runtime, Long.BYTES, true);
        while (!isEnding && libFuse.fuse_session_exited(session) == 0) {
            buffer.putLongLong(BUFFER_SIZE, bufferBytes);
            buffer.putInt(BUFFER_FLAGS, 0);
            buffer.putAddress(BUFFER_MEMORY, memory.address());
            source.putAddress(0, channel.address());
            int received = libFuse.fuse_session_receive_buf(session, buffer, source);
            if (received == -EINTR || received == -EAGAIN) {
                continue;
            }
            if (received <= 0) {
                if (received < 0) {
                    LOG.error("a mount cannot receive requests any more: errno {}", -received);
                }
                // 0: unmounted. The others would learn it by themselves, this is sooner.
                exit();
                return;
            }
            libFuse.fuse_session_process_buf(session, buffer, channel);
        }
    }
}
