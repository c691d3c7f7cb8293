package io.kelpie.node.coordinator;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * The directory that the nodes of one host share:
 *
 * <pre>
 * format             names the layout
 * lock               held during each change and each look
 * map, controller    the records, as the codecs of the wire write them
 * epochs/NNNNNNNN    the first map of each epoch
 * events/X*16        the events, named by their index
 * events-base        index through which events were forgotten, as text
 * alive/NODE-N       announcements; NODE-N.lock is held by the process while it lives
 * </pre>
 *
 * <p>Files are written under another name, synced and renamed. One thread at a time.
 */
final class LocalDirectory {
    private static final String FORMAT_FILE = "format";
    private static final String FORMAT = "kelpie local coordinator 1\n";
    private static final String LOCK = "lock";
    private static final String NEW = "new";

    private final Path root;

    private LocalDirectory(Path root) {
        this.root = root;
    }

    /**
     * Makes the directory unless it is there.
     *
     * @throws IOException with one line that says what is wrong and what to do
     */
    static LocalDirectory open(Path root) throws IOException {
        if (Files.exists(root) && !Files.isDirectory(root)) {
            throw new IOException(
                    root + " is a file: -c local:DIR takes a directory that the nodes share");
        }
        try {
            Files.createDirectories(root);
            LocalDirectory directory = new LocalDirectory(root.toRealPath());
            LockedFile held = directory.lock();
            try {
                directory.prepare();
            } finally {
                held.close();
            }
            return directory;
        } catch (AccessDeniedException e) {
            throw new IOException(
                    "no permission to use " + e.getFile() + ": name another directory with"
                            + " -c local:DIR, or start all nodes as the same user",
                    e);
        } catch (FileSystemException e) {
            throw new IOException(
                    "cannot use the cluster directory " + root + ": " + e.getMessage(), e);
        }
    }

    private void prepare() throws IOException {
        byte[] format = read(FORMAT_FILE);
        if (format == null) {
            List<String> others = names(".");
            others.remove(LOCK);
            others.remove(NEW);
            if (!others.isEmpty()) {
                throw new IOException(root + " holds other files (" + others.get(0)
                        + "): -c local:DIR takes an empty directory, or one that nodes share");
            }
            replace(FORMAT_FILE, FORMAT.getBytes(StandardCharsets.US_ASCII));
        } else if (!FORMAT.equals(new String(format, StandardCharsets.US_ASCII))) {
            throw new IOException(
                    root + " is of another version of Kelpie: stop all its nodes and remove it,"
                            + " or name another directory with -c local:DIR");
        }
        for (String name : List.of("epochs", "events", "alive")) {
            Files.createDirectories(root.resolve(name));
        }
    }

    /** Keeps all other nodes of the host away; to be closed soon. */
    LockedFile lock() throws IOException {
        return LockedFile.await(root.resolve(LOCK));
    }

    /** Holds the lock of an announcement; null if another process or node holds it. */
    @Nullable
    LockedFile tryHold(String name) throws IOException {
        return LockedFile.tryHold(root.resolve(name));
    }

    byte @Nullable [] read(String name) throws IOException {
        try {
            return Files.readAllBytes(root.resolve(name));
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    boolean exists(String name) {
        return Files.exists(root.resolve(name));
    }

    /** A value that differs once a file was replaced; null if it is not there. */
    @Nullable
    Object identity(String name) throws IOException {
        try {
            var attributes = Files.readAttributes(
                    root.resolve(name), java.nio.file.attribute.BasicFileAttributes.class);
            return List.of(
                    String.valueOf(attributes.fileKey()),
                    attributes.lastModifiedTime(),
                    attributes.size());
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    /** Names in a directory, ascending. */
    List<String> names(String directory) throws IOException {
        try (Stream<Path> files = Files.list(root.resolve(directory))) {
            return new java.util.ArrayList<>(files.map(file -> String.valueOf(file.getFileName()))
                    .sorted()
                    .toList());
        }
    }

    /** Writes a file anew, durably: a crash leaves the old one or the new one. */
    void replace(String name, byte[] bytes) throws IOException {
        Path written = root.resolve(NEW);
        try (FileChannel channel = FileChannel.open(
                written,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.WRITE)) {
            ByteBuffer rest = ByteBuffer.wrap(bytes);
            while (rest.hasRemaining()) {
                channel.write(rest);
            }
            channel.force(true);
        }
        Path target = root.resolve(name);
        Files.move(written, target, StandardCopyOption.ATOMIC_MOVE);
        try (FileChannel parent = FileChannel.open(target.getParent(), StandardOpenOption.READ)) {
            parent.force(true);
        }
    }

    void delete(String name) throws IOException {
        Files.deleteIfExists(root.resolve(name));
    }

    @Override
    public String toString() {
        return root.toString();
    }
}
