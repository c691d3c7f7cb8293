// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import java.net.SocketAddress;

/**
 * A client's wish to use or to see an export.
 *
 * @param name as the client sent it: valid UTF-8, at most {@link ExportInfo#MAX_TEXT_BYTES} bytes,
 *     without NUL; may be empty, which means "the default export" and is for the provider to
 *     resolve
 * @param purpose what will be done with the device
 * @param client address of the client, for logs and policies; of a Unix socket's client usually an
 *     unnamed one
 */
public record ExportRequest(String name, Purpose purpose, SocketAddress client) {

    /** What the server will do with the device it gets. */
    public enum Purpose {
        /** Only size and limits are asked, then the device is closed: no lock is needed. */
        DESCRIBE,
        /** The client will read and, unless the limits say read-only, write. */
        SERVE
    }
}
