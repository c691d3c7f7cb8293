// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.netty.channel.EventLoopGroup;

import java.net.SocketAddress;
import java.util.List;

/**
 * An NBD server. Clients connect over TCP or a Unix socket, choose an export in the fixed newstyle
 * handshake, and send requests; many are served at once and answered in the order in which they
 * end.
 *
 * <p>All methods may be called from any thread that is not one of the server's I/O threads.
 *
 * <pre>{@code
 * var config = NbdServerConfig.builder().tcp(new InetSocketAddress("127.0.0.1", 10809)).build();
 * try (var server = NbdServer.start(config, exports)) {
 *     server.boundAddresses().forEach(System.out::println);
 *     Thread.currentThread().join();
 * }
 * }</pre>
 */
public final class NbdServer implements AutoCloseable {

    private NbdServer() {}

    /**
     * Starts a server on I/O threads of its own ({@code kelpie-io-N}, at most four).
     *
     * @throws NbdServerException if an address cannot be listened on; nothing stays open then
     */
    public static NbdServer start(NbdServerConfig config, ExportProvider exports) {
        throw new UnsupportedOperationException("not yet");
    }

    /**
     * Starts a server on the caller's I/O threads, which stay the caller's to stop, after
     * {@link #close}.
     *
     * @param group a {@code MultiThreadIoEventLoopGroup} with a NIO handler
     * @throws NbdServerException if an address cannot be listened on; nothing stays open then
     */
    public static NbdServer start(
            NbdServerConfig config, ExportProvider exports, EventLoopGroup group) {
        throw new UnsupportedOperationException("not yet");
    }

    /**
     * Returns where the server listens, TCP addresses first and with their real ports, then the
     * Unix socket.
     */
    public List<SocketAddress> boundAddresses() {
        throw new UnsupportedOperationException("not yet");
    }

    /** Returns the counters of this moment. */
    public NbdServerStats stats() {
        throw new UnsupportedOperationException("not yet");
    }

    /**
     * Stops accepting, lets requests in flight end and devices close for at most
     * {@link NbdServerConfig#drainLimit}, then closes what is left. Blocks until done; a second
     * call does nothing.
     */
    @Override
    public void close() {
        throw new UnsupportedOperationException("not yet");
    }
}
