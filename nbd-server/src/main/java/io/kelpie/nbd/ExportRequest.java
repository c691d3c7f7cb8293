// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import org.jspecify.annotations.Nullable;

import java.net.SocketAddress;
import java.security.cert.X509Certificate;

/**
 * A client's wish to use or to see an export.
 *
 * @param name as the client sent it: valid UTF-8, at most {@link ExportInfo#MAX_TEXT_BYTES} bytes,
 *     without NUL; may be empty, which means "the default export" and is for the provider to
 *     resolve
 * @param purpose what will be done with the device
 * @param client address of the client, for logs and policies; of a Unix socket's client usually an
 *     unnamed one
 * @param encrypted whether the connection is inside TLS
 * @param clientCertificate the certificate the client has shown and the server found valid, or
 *     {@code null} if there is none
 */
public record ExportRequest(
        String name,
        Purpose purpose,
        SocketAddress client,
        boolean encrypted,
        @Nullable X509Certificate clientCertificate) {

    /** A request in plain text. */
    public ExportRequest(String name, Purpose purpose, SocketAddress client) {
        this(name, purpose, client, false, null);
    }

    /** What the server will do with the device it gets. */
    public enum Purpose {
        /** Only size and limits are asked, then the device is closed: no lock is needed. */
        DESCRIBE,
        /** The client will read and, unless the limits say read-only, write. */
        SERVE
    }
}
