package io.kelpie.fuse;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The directory to mount on: whether that can work, said before libfuse says it worse, and how to
 * remove what a killed process left there.
 */
final class MountPoint {
    /** ENOTCONN and ECONNABORTED, as the C locale says them. */
    private static final String NOT_CONNECTED = "Transport endpoint is not connected";

    private static final String CONNECTION_ABORTED = "Software caused connection abort";

    /** A daemon that lives answers statfs at once; a stuck one must not hang us too. */
    private static final int ANSWER_SECONDS = 5;

    /** fusermount only makes a few system calls. */
    private static final int FUSERMOUNT_SECONDS = 20;

    /** As the kernel: links to links end here. */
    private static final int MAX_LINKS = 40;

    private static final Logger LOG = LoggerFactory.getLogger(MountPoint.class);

    private final Path path;
    private final Host host;
    private final SystemCalls calls;
    private final MountTable mounts;

    private MountPoint(Path path, Host host, SystemCalls calls) {
        this.path = path;
        this.host = host;
        this.calls = calls;
        this.mounts = new MountTable(host.mountTable());
    }

    /**
     * Where this machine keeps what FUSE needs; tests name other places.
     *
     * @param device {@code /dev/fuse}
     * @param mountTable {@code /proc/self/mountinfo}
     * @param settings {@code /etc/fuse.conf}
     * @param programDirectories where {@code fusermount} may be
     */
    record Host(Path device, Path mountTable, Path settings, List<Path> programDirectories) {
        static Host ofLinux() {
            return new Host(
                    Path.of("/dev/fuse"),
                    Path.of("/proc/self/mountinfo"),
                    Path.of("/etc/fuse.conf"),
                    // libfuse knows /bin; distributions put it in one of these.
                    List.of(Path.of("/bin"), Path.of("/usr/bin"), Path.of("/usr/local/bin")));
        }

        Path fusermount() {
            return programDirectories.stream()
                    .map(directory -> directory.resolve("fusermount"))
                    .filter(Files::isExecutable)
                    .findFirst()
                    .orElseThrow(() -> new FuseException(
                            FuseError.ENOSYS,
                            "fusermount is not in "
                                    + programDirectories
                                    + "; install it with: apt install fuse3"));
        }
    }

    /** Finds the real place of a path, which may be a dead mount. */
    static MountPoint of(Path configured, Host host, SystemCalls calls) {
        return new MountPoint(realPath(configured), host, calls);
    }

    /** toRealPath fails on a dead mount, so only what is above it is resolved by that. */
    private static Path realPath(Path configured) {
        Path path = configured;
        try {
            for (int i = 0; i < MAX_LINKS; i++) {
                Path parent = path.getParent();
                Path name = path.getFileName();
                if (parent == null || name == null) {
                    return path;
                }
                path = parent.toRealPath().resolve(name);
                if (!Files.isSymbolicLink(path)) {
                    return path;
                }
                path = path.resolveSibling(Files.readSymbolicLink(path)).normalize();
            }
        } catch (IOException missing) {
            throw notThere(configured, missing);
        }
        throw new FuseException(FuseError.ENOENT, "too many symbolic links: " + configured);
    }

    private static FuseException notThere(Path path, IOException cause) {
        return new FuseException(
                FuseError.ENOENT,
                "mount point " + path + " does not exist; create it with: mkdir -p " + path,
                cause);
    }

    /** The directory, with all links resolved. */
    Path path() {
        return path;
    }

    /** What is mounted there now. */
    Optional<MountTable.Mount> mounted() {
        return mounts.at(path);
    }

    /**
     * Checks everything that can be known before, and removes a dead mount.
     *
     * @param allowOther whether the mount wants other users in
     */
    void prepare(boolean allowOther) {
        if (!Files.exists(host.device())) {
            throw new FuseException(
                    FuseError.ENODEV,
                    host.device()
                            + " does not exist; load it with: modprobe fuse (in a container start it"
                            + " with: --device /dev/fuse --cap-add SYS_ADMIN)");
        }
        host.fusermount();
        removeDeadMount();
        refuseLiveMount();
        requireEmptyDirectory();
        if (calls.userId() != 0) {
            requireRights(allowOther);
        }
    }

    /** A process that was killed leaves a mount on which every access fails with ENOTCONN. */
    private void removeDeadMount() {
        for (int i = 0; i < MAX_LINKS; i++) {
            Optional<MountTable.Mount> mount = mounted();
            if (mount.isEmpty() || !mount.get().isFuse() || !isDead()) {
                return;
            }
            LOG.warn("{} is a dead mount of {}, removing it", path, mount.get().source());
            unmount();
        }
    }

    /** Whether nobody serves the mount; EBUSY when it gives no answer at all. */
    private boolean isDead() {
        try {
            Process asking = startAsking(1);
            if (!asking.waitFor(ANSWER_SECONDS, TimeUnit.SECONDS)) {
                throw new FuseException(
                        FuseError.EBUSY,
                        path
                                + " is mounted by a process that does not answer; end it, then:"
                                + " fusermount -u -z "
                                + path);
            }
            String answer = output(asking);
            return answer.contains(NOT_CONNECTED) || answer.contains(CONNECTION_ABORTED);
        } catch (IOException failure) {
            throw new FuseException(FuseError.EIO, "stat cannot be run", failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new FuseException(FuseError.EBUSY, "interrupted while mounting", interrupted);
        }
    }

    /**
     * Starts a process that makes requests on the mount: statfs, because it is never cached. It
     * must be another process. A thread that waits for an answer of FUSE cannot be killed; if it
     * were ours and the mount ours too, a kill of this process would leave it undead, with the
     * thread waiting for the connection to close and the connection for the thread to end.
     *
     * @param count how many requests, one after the other
     * @return the process, which may hang as long as the mount does; nobody need wait for it
     */
    Process startAsking(int count) throws IOException {
        List<String> command = new ArrayList<>(List.of("stat", "-f", "-c", "%T", "--"));
        for (int i = 0; i < count; i++) {
            command.add(path.toString());
        }
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        process.getOutputStream().close();
        return process;
    }

    private void refuseLiveMount() {
        mounted().filter(MountTable.Mount::isFuse).ifPresent(mount -> {
            throw new FuseException(
                    FuseError.EBUSY,
                    path
                            + " is already mounted by a running process ("
                            + mount.source()
                            + "); stop that one or choose another directory");
        });
    }

    private void requireEmptyDirectory() {
        if (!Files.exists(path)) {
            throw notThere(path, new IOException("no such directory: " + path));
        }
        if (!Files.isDirectory(path)) {
            throw new FuseException(
                    FuseError.ENOTDIR,
                    "mount point " + path + " is not a directory; choose another");
        }
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(path)) {
            if (entries.iterator().hasNext()) {
                throw new FuseException(
                        FuseError.ENOTEMPTY,
                        "mount point "
                                + path
                                + " is not empty, and a mount would hide what is in it; empty it or"
                                + " choose another directory");
            }
        } catch (IOException unreadable) {
            throw new FuseException(
                    FuseError.EACCES,
                    "mount point " + path + " cannot be read; chown it to the daemon's user",
                    unreadable);
        }
    }

    private void requireRights(boolean allowOther) {
        if (!Files.isWritable(path)) {
            throw new FuseException(
                    FuseError.EACCES,
                    "mount point " + path + " is not writable; chown it to the daemon's user");
        }
        if (allowOther && !allowsOthers()) {
            throw new FuseException(
                    FuseError.EACCES,
                    "access for other users needs the line user_allow_other in " + host.settings());
        }
    }

    private boolean allowsOthers() {
        try {
            return Files.readAllLines(host.settings(), StandardCharsets.ISO_8859_1).stream()
                    .anyMatch(line -> line.strip().equals("user_allow_other"));
        } catch (IOException unreadable) {
            LOG.debug("{} cannot be read", host.settings(), unreadable);
            return false;
        }
    }

    /**
     * Takes the uppermost mount away at once, whoever has files open there ({@code fusermount -u
     * -z}), and waits for it; EBUSY when that fails.
     */
    void unmount() {
        String command = host.fusermount().toString();
        try {
            Process process = new ProcessBuilder(command, "-u", "-z", "--", path.toString())
                    .redirectErrorStream(true)
                    .start();
            process.getOutputStream().close();
            if (!process.waitFor(FUSERMOUNT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new FuseException(
                        FuseError.EBUSY,
                        "fusermount -u -z " + path + " did not end within " + FUSERMOUNT_SECONDS
                                + " s");
            }
            if (process.exitValue() != 0) {
                throw new FuseException(
                        FuseError.EBUSY,
                        "fusermount -u -z " + path + " failed: " + output(process));
            }
        } catch (IOException failure) {
            throw new FuseException(FuseError.EIO, command + " cannot be run", failure);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new FuseException(FuseError.EBUSY, "interrupted while unmounting", interrupted);
        }
    }

    private static String output(Process process) throws IOException {
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return text.isBlank() ? "no reason given" : text.strip();
    }
}
