package io.kelpie.store.rocks;

import com.sun.nio.file.ExtendedOpenOption;

import io.kelpie.store.StoreConfig;
import io.kelpie.store.StoreException;
import io.kelpie.store.StoreException.Kind;
import io.kelpie.store.format.PageLayout;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The directory of a store, locked:
 *
 * <pre>
 *  lock       held while the store is open; holds the process id of the opener
 *  watermark  see {@link io.kelpie.store.format.Watermark}
 *  db/        RocksDB's own files, its log of events among them
 * </pre>
 */
final class StoreDirectory implements AutoCloseable {
    static final String DATABASE = "db";
    static final String WATERMARK = "watermark";

    private static final String LOCK = "lock";
    private static final Set<String> OWN_NAMES =
            Set.of(LOCK, WATERMARK, WATERMARK + ".new", DATABASE, "lost+found");
    private static final int MAX_NAMES_TOLD = 3;

    private final Path path;
    private final FileChannel lockFile;
    private final FileLock lock;

    private StoreDirectory(Path path, FileChannel lockFile, FileLock lock) {
        this.path = path;
        this.lockFile = lockFile;
        this.lock = lock;
    }

    /** Checks, creates where that is wanted, and locks. */
    static StoreDirectory open(StoreConfig config) {
        Path path = config.directory().toAbsolutePath();
        try {
            requireOwn(path, config);
            return lock(path);
        } catch (IOException e) {
            throw unusable(path, e);
        }
    }

    private static void requireOwn(Path path, StoreConfig config) throws IOException {
        if (Files.exists(path) && !Files.isDirectory(path)) {
            throw new StoreException(
                    Kind.UNUSABLE, path + " is not a directory; name a directory for the store");
        }
        if (Files.isDirectory(path.resolve(DATABASE))) {
            return;
        }
        if (!config.createIfMissing()) {
            throw new StoreException(Kind.UNUSABLE, "there is no store in " + path);
        }
        if (!Files.exists(path)) {
            Files.createDirectory(path);
        }
        List<String> foreign = foreignNames(path, config.toleratedNames());
        if (!foreign.isEmpty()) {
            throw new StoreException(
                    Kind.UNUSABLE,
                    path + " is not empty and not a store (it holds " + String.join(", ", foreign)
                            + "); name an empty directory");
        }
    }

    private static List<String> foreignNames(Path path, Set<String> tolerated) throws IOException {
        List<String> foreign = new ArrayList<>();
        try (Stream<Path> names = Files.list(path)) {
            names.map(name -> String.valueOf(name.getFileName()))
                    .filter(name -> !OWN_NAMES.contains(name) && !tolerated.contains(name))
                    .sorted()
                    .forEach(foreign::add);
        }
        if (foreign.size() > MAX_NAMES_TOLD) {
            int more = foreign.size() - MAX_NAMES_TOLD;
            foreign.subList(MAX_NAMES_TOLD, foreign.size()).clear();
            foreign.add(more + " more");
        }
        return foreign;
    }

    private static StoreDirectory lock(Path path) throws IOException {
        FileChannel file = FileChannel.open(
                path.resolve(LOCK),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        boolean locked = false;
        try {
            FileLock lock = tryLock(file);
            if (lock == null) {
                throw new StoreException(
                        Kind.LOCKED,
                        "store " + path + " is in use by process " + holder(file)
                                + "; stop that one first, or name another directory");
            }
            file.truncate(0);
            file.write(
                    ByteBuffer.wrap((ProcessHandle.current().pid() + "\n")
                            .getBytes(StandardCharsets.US_ASCII)),
                    0);
            locked = true;
            return new StoreDirectory(path, file, lock);
        } finally {
            if (!locked) {
                file.close();
            }
        }
    }

    private static @org.jspecify.annotations.Nullable FileLock tryLock(FileChannel file)
            throws IOException {
        try {
            return file.tryLock();
        } catch (OverlappingFileLockException e) {
            // The holder is this process; the answer is the same as for another.
            return null;
        }
    }

    private static String holder(FileChannel file) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(20);
        file.read(text, 0);
        String pid = new String(text.array(), 0, text.position(), StandardCharsets.US_ASCII).trim();
        return pid.isEmpty() ? "(unknown)" : pid;
    }

    static StoreException unusable(Path path, IOException e) {
        if (e instanceof NoSuchFileException) {
            return new StoreException(
                    Kind.UNUSABLE,
                    "cannot create " + path + ": its parent directory does not exist",
                    e);
        }
        String reason = e instanceof FileSystemException fse && fse.getReason() != null
                ? fse.getReason()
                : String.valueOf(e.getMessage());
        if (reason.contains("No space left")) {
            return new StoreException(
                    Kind.NO_SPACE, "no space to open store " + path + "; free some first", e);
        }
        boolean denied = e instanceof AccessDeniedException
                || reason.contains("Operation not permitted")
                || reason.contains("Permission denied")
                || reason.contains("Read-only file system");
        return denied
                ? new StoreException(
                        Kind.UNUSABLE,
                        "no permission to use " + path + " as a store (" + reason(reason, e)
                                + "); make the user of this process its owner, or name another directory",
                        e)
                : new StoreException(Kind.IO, "cannot use " + path + " as a store: " + reason, e);
    }

    private static String reason(String reason, IOException e) {
        return e instanceof AccessDeniedException ? "permission denied" : reason;
    }

    Path path() {
        return path;
    }

    Path database() {
        return path.resolve(DATABASE);
    }

    Path watermark() {
        return path.resolve(WATERMARK);
    }

    /** Whether RocksDB finished creating a database here. */
    boolean hasDatabase() {
        return Files.exists(database().resolve("CURRENT"));
    }

    /** Bytes of the files in the database whose names end so. */
    long sizeOf(String suffix) {
        try (Stream<Path> files = Files.list(database())) {
            return files.filter(file -> file.toString().endsWith(suffix))
                    .mapToLong(StoreDirectory::sizeOrGone)
                    .sum();
        } catch (IOException e) {
            throw new StoreException(
                    Kind.IO, "cannot list " + database() + ": " + e.getMessage(), e);
        }
    }

    /** RocksDB deletes files while they are listed; one that is gone takes no space. */
    private static long sizeOrGone(Path file) {
        return file.toFile().length();
    }

    /** Whether the file system does direct I/O. */
    boolean canDirectIo() {
        Path probe = path.resolve(WATERMARK + ".new");
        try {
            try (FileChannel channel = FileChannel.open(
                    probe,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING,
                    StandardOpenOption.WRITE,
                    ExtendedOpenOption.DIRECT)) {
                ByteBuffer page = ByteBuffer.allocateDirect(2 * PageLayout.PAGE_BYTES)
                        .alignedSlice(PageLayout.PAGE_BYTES)
                        .limit(PageLayout.PAGE_BYTES);
                return channel.write(page) == PageLayout.PAGE_BYTES;
            } finally {
                Files.deleteIfExists(probe);
            }
        } catch (IOException | UnsupportedOperationException e) {
            // That is the answer asked for: some file systems refuse it in open, others in write.
            return false;
        }
    }

    /** Unlocks it. */
    @Override
    public void close() {
        try {
            lock.release();
            lockFile.close();
        } catch (IOException e) {
            throw new StoreException(Kind.IO, "cannot unlock " + path + ": " + e.getMessage(), e);
        }
    }
}
