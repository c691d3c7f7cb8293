// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;

/**
 * The file of a Unix socket: outlives its server when that is killed, so the next one must tell a
 * dead file from a live one. Used by the thread that starts and closes the server.
 */
final class UnixSocketFile {

    private final Path path;
    private @Nullable Object ownKey;

    UnixSocketFile(Path path) {
        this.path = path;
    }

    /**
     * Removes the file of a dead server.
     *
     * @throws NbdServerException if a server listens there, or if the file is not a socket
     */
    void clearStale() {
        try {
            if (!Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                return;
            }
            // Neither regular file nor directory nor link: of what is left only sockets can be
            // connected to.
            if (!attributes().isOther()) {
                throw new NbdServerException(
                        NbdServerException.Kind.ADDRESS_IN_USE,
                        "cannot listen on Unix socket " + path
                                + ": a file that is not a socket is there; remove it or choose another path",
                        null);
            }
            requireDead();
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new NbdServerException(
                    NbdServerException.Kind.IO,
                    "cannot listen on Unix socket " + path + ": " + e,
                    e);
        }
    }

    private void requireDead() throws IOException {
        try (var probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.connect(UnixDomainSocketAddress.of(path));
            throw new NbdServerException(
                    NbdServerException.Kind.ADDRESS_IN_USE,
                    "cannot listen on Unix socket " + path
                            + ": another process listens there; stop it or choose another path",
                    null);
        } catch (ConnectException refused) {
            // "Connection refused" is what the kernel says about a socket file whose owner has
            // gone.
            return;
        }
    }

    /** Remembers the file just bound, so that only it is deleted later. */
    void bound() {
        try {
            ownKey = attributes().fileKey();
        } catch (IOException e) {
            throw new NbdServerException(
                    NbdServerException.Kind.IO,
                    "Unix socket " + path + " vanished after it was bound: " + e,
                    e);
        }
    }

    /** Deletes the file if it is still the one that was bound. */
    void delete() throws IOException {
        if (ownKey == null || !Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (Objects.equals(attributes().fileKey(), ownKey)) {
            Files.deleteIfExists(path);
        }
    }

    private BasicFileAttributes attributes() throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    }
}
