// Kelpie, Apache-2.0.
package io.kelpie.nbd;

/**
 * Names the exports of a server and opens them. Implemented by the user of the library, called by
 * the server on I/O threads of several connections at once; no method may block.
 *
 * <p>A method that throws is answered as {@link ExportRefusal#UNAVAILABLE}. Until an answer comes
 * the client waits, at most {@link NbdServerConfig#handshakeLimit}.
 */
public interface ExportProvider {

    /**
     * Opens an export for one connection.
     *
     * @param request name, purpose and client
     * @param reply ended once with the device or the reason why not
     */
    void open(ExportRequest request, OpenReply reply);

    /**
     * Lists the exports.
     *
     * @param reply ended once with the exports or the reason why not
     */
    void list(ListReply reply);
}
