package io.kelpie.fuse;

import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A directory of images, mounted. Any thread may call it.
 *
 * <pre>{@code
 * try (FuseMount mount = FuseMount.mount(FuseConfig.at(Path.of("/mnt/vdis")), images)) {
 *     ended.await(); // requests are served by daemon threads kelpie-fuse-0, -1, ...
 * }
 * }</pre>
 *
 * <p>It installs no shutdown hook: the user of this library knows what must be flushed after the
 * last request. A process that ends without {@link #close}, even by SIGKILL, leaves no mount behind
 * ({@code auto_unmount}), unless the helper process of libfuse is killed with it; the next start
 * then cleans up.
 */
public final class FuseMount implements AutoCloseable {
    /** The most that libfuse 2.9 grants. */
    private static final int MAX_WRITE_BYTES = 131072;

    /** Unmounting is a system call or a short child process. */
    private static final Duration TEARDOWN_TIMEOUT = Duration.ofSeconds(20);

    private static final Logger LOG = LoggerFactory.getLogger(FuseMount.class);

    private final FuseConfig config;
    private final LibFuse.Calls libFuse;
    private final MountPoint mountPoint;
    private final String device;
    private final ImageFileSystem files;
    private final OperationTable operations; // libfuse calls into it: must stay reachable
    private final Pointer fuse;
    private final Pointer nativeMountPoint;
    private final RequestLoop loop;
    private final AtomicBoolean closing = new AtomicBoolean();
    private final CountDownLatch closed = new CountDownLatch(1);

    private FuseMount(
            FuseConfig config,
            LibFuse.Calls libFuse,
            SystemCalls calls,
            MountPoint mountPoint,
            ImageFileSystem files) {
        this.config = config;
        this.libFuse = libFuse;
        this.mountPoint = mountPoint;
        this.files = files;
        this.operations = new OperationTable(
                files,
                config.directIo(),
                config.ownerUid() == FuseConfig.OWN_ID ? calls.userId() : config.ownerUid(),
                config.ownerGid() == FuseConfig.OWN_ID ? calls.groupId() : config.ownerGid());
        Runtime runtime = Runtime.getSystemRuntime();
        Pointer mountPointOut = Memory.allocateDirect(runtime, Long.BYTES, true);
        this.fuse = setUp(runtime, mountPointOut);
        this.nativeMountPoint = mountPointOut.getPointer(0);
        this.device = mountPoint.mounted().map(MountTable.Mount::device).orElse("unknown");
        this.loop = new RequestLoop(libFuse, libFuse.fuse_get_session(fuse), config.threadCount());
    }

    /**
     * Mounts and starts to serve; on return the mount is there. A dead mount that a killed process
     * left on the mount point is removed first; a live one is left alone and refused.
     *
     * @param config where and how
     * @param images what is shown; called from the loop threads until {@link #close} has returned
     * @return the mount; the caller closes it
     * @throws FuseException when it cannot be mounted; the message says what to do: mount point
     *     missing (ENOENT), no directory (ENOTDIR), not empty (ENOTEMPTY), in use (EBUSY), no
     *     {@code /dev/fuse} (ENODEV), no libfuse or fusermount (ENOSYS), no permission (EACCES),
     *     refused by libfuse for another reason (EIO)
     */
    public static FuseMount mount(FuseConfig config, ImageDirectory images) {
        return mount(config, images, LibFuse.LIBRARY, MountPoint.Host.ofLinux());
    }

    static FuseMount mount(
            FuseConfig config, ImageDirectory images, String library, MountPoint.Host host) {
        SystemCalls calls = new SystemCalls();
        MountPoint mountPoint = MountPoint.of(config.mountPoint(), host, calls);
        mountPoint.prepare(config.allowOther());
        LibFuse.Calls libFuse = LibFuse.load(library);
        // Two daemons that start together both find the directory free; the lock lets one through.
        int lock = calls.openForLock(mountPoint.path());
        try {
            if (lock < 0 || calls.lock(lock) < 0) {
                throw new FuseException(
                        FuseError.EBUSY,
                        mountPoint.path() + " is being mounted by another process right now");
            }
            mountPoint.prepare(config.allowOther());
            FuseMount mount = new FuseMount(
                    config, libFuse, calls, mountPoint, new ImageFileSystem(images, config));
            mount.loop.start();
            LOG.info("mounted {} with {} threads", mountPoint.path(), config.threadCount());
            return mount;
        } finally {
            if (lock >= 0) {
                calls.close(lock);
            }
        }
    }

    private Pointer setUp(Runtime runtime, Pointer mountPointOut) {
        List<Pointer> arguments = new ArrayList<>();
        for (String argument : List.of("kelpie", "-f", "-o", options())) {
            arguments.add(SystemCalls.text(runtime, argument.getBytes(StandardCharsets.US_ASCII)));
        }
        arguments.add(SystemCalls.text(runtime, FileNames.bytes(mountPoint.path())));
        Pointer argv = Memory.allocateDirect(runtime, (arguments.size() + 1) * Long.BYTES, true);
        for (int i = 0; i < arguments.size(); i++) {
            argv.putPointer((long) i * Long.BYTES, arguments.get(i));
        }
        Pointer created = libFuse.fuse_setup(
                arguments.size(),
                argv,
                operations.pointer(),
                operations.sizeBytes(),
                mountPointOut,
                Memory.allocateDirect(runtime, Long.BYTES, true),
                null);
        if (created == null) {
            throw new FuseException(
                    FuseError.EIO,
                    "libfuse refused to mount on "
                            + mountPoint.path()
                            + "; its reason stands on standard error (in a container start it with:"
                            + " --device /dev/fuse --cap-add SYS_ADMIN)");
        }
        return created;
    }

    private String options() {
        String seconds =
                String.format(Locale.ROOT, "%.3f", config.attributeTimeout().toMillis() / 1000.0);
        List<String> options = new ArrayList<>(List.of(
                "auto_unmount",
                "default_permissions",
                // Else an unlink of an open image becomes a rename to .fuse_hidden.
                "hard_remove",
                "big_writes",
                "max_write=" + MAX_WRITE_BYTES,
                "fsname=" + config.fsName(),
                "subtype=kelpie",
                "attr_timeout=" + seconds,
                "entry_timeout=" + seconds,
                "negative_timeout=0"));
        if (config.allowOther()) {
            options.add("allow_other");
        }
        return String.join(",", options);
    }

    /**
     * Where the images are.
     *
     * @return the mount point, absolute, symbolic links resolved
     */
    public Path mountPoint() {
        return mountPoint.path();
    }

    /**
     * Whether requests are being served. False after {@link #close} and also after somebody else
     * unmounted ({@code umount /mnt/vdis}).
     *
     * @return true while the mount is there
     */
    public boolean isServing() {
        return !closing.get() && loop.isRunning();
    }

    /**
     * Waits for requests in progress, unmounts lazily (files still open get ENOTCONN), closes the
     * handles that are still open, and frees libfuse's memory. After return no thread of this mount
     * calls the directory any more, with one exception: when a request does not end within
     * {@link FuseConfig#closeTimeout}, the method gives up on its thread, logs its name, unmounts,
     * and returns; the directory must then stay usable until the process ends.
     *
     * <p>Idempotent: a second call waits for the first. Never throws. Interruptible: then as if the
     * time were over.
     */
    @Override
    public void close() {
        if (!closing.compareAndSet(false, true)) {
            awaitClosed();
            return;
        }
        try {
            closeOnce();
        } finally {
            closed.countDown();
        }
    }

    /** A shutdown hook that comes second must not let the process end under the first. */
    private void awaitClosed() {
        try {
            closed.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void closeOnce() {
        operations.startClosing();
        loop.exit();
        boolean isOurs = mountPoint
                .mounted()
                .map(MountTable.Mount::device)
                .filter(device::equals)
                .isPresent();
        if (isOurs && loop.isRunning()) {
            wakeLoop();
        }
        if (!awaitLoop()) {
            LOG.error(
                    "requests on {} did not end within {}; left alone: {}",
                    mountPoint.path(),
                    config.closeTimeout(),
                    loop.runningThreads());
            unmountLeftBehind(isOurs);
            return;
        }
        tearDown();
        files.releaseAll();
        LOG.info("unmounted {}", mountPoint.path());
    }

    private boolean awaitLoop() {
        try {
            return loop.awaitEnd(config.closeTimeout());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return !loop.isRunning();
        }
    }

    /**
     * A loop thread that waits for a request ends only after the next one, so there is one for
     * each. Unmounting would wake them too, but only when no process has a file open. What is left
     * over fails when the connection closes.
     */
    private void wakeLoop() {
        try {
            mountPoint.startAsking(config.threadCount());
        } catch (IOException failure) {
            LOG.error("stat cannot be run to end the mount on {}", mountPoint.path(), failure);
        }
    }

    /**
     * Closes the connection, which fails what is still open with ENOTCONN, then removes the mount.
     * In this order libfuse unmounts exactly once, never the mount of somebody who came after.
     */
    private void tearDown() {
        Thread thread = startThread(
                "kelpie-fuse-teardown", () -> libFuse.fuse_teardown(fuse, nativeMountPoint));
        try {
            thread.join(TEARDOWN_TIMEOUT.toMillis());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        if (thread.isAlive()) {
            LOG.error("libfuse did not unmount {} within {}", mountPoint.path(), TEARDOWN_TIMEOUT);
        }
    }

    private void unmountLeftBehind(boolean isOurs) {
        if (!isOurs) {
            return;
        }
        try {
            mountPoint.unmount();
        } catch (FuseException failure) {
            LOG.error("{} stays mounted: {}", mountPoint.path(), failure.getMessage());
        }
    }

    private static Thread startThread(String name, Runnable task) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }
}
