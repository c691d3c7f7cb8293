// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import org.jspecify.annotations.Nullable;

import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Where an {@link NbdServer} listens and what it allows itself: an immutable value, built by
 * {@link #builder}.
 *
 * <pre>{@code
 * var config = NbdServerConfig.builder()
 *         .tcp(new InetSocketAddress("127.0.0.1", 10809))
 *         .unixSocket(Path.of("/run/kelpie/nbd.sock"))
 *         .build();
 * }</pre>
 *
 * @param tcpAddresses addresses to listen on, port 0 = any free one; may be empty if there is a
 *     Unix socket
 * @param unixSocket path of a Unix socket to listen on, or {@code null}; at most 107 bytes
 * @param tls how clients may or must use TLS, or {@code null} = it is refused
 * @param handshakeLimit longest time from accept to the transmission phase, TLS included, 1 ms to 1
 *     h
 * @param idleLimit a connection without requests in flight is closed after this long without a byte
 *     from the client; zero = never (the default: an idle disk is normal), else 1 ms and more
 * @param stallLimit a client that stops in the middle of sending a request, or takes none of the
 *     replies waiting for it, for this long is closed, so that it cannot hold memory for ever; 1 ms
 *     to 1 h
 * @param drainLimit how long {@link NbdServer#close} waits for requests in flight and for devices
 *     to close, 0 to 1 h
 * @param maxRequestBytes longest read or write; a power of two from 4 KiB to 64 MiB
 * @param connectionBudgetBytes payload bytes one connection may hold (writes being stored, reads
 *     being sent); beyond it the server stops reading from that connection; at least
 *     {@code maxRequestBytes}
 * @param serverBudgetBytes the same over all connections; at least {@code connectionBudgetBytes}
 * @param maxRequestsInFlight requests of one connection that are being served, 1 to 65536; beyond
 *     it the server stops reading from that connection
 * @param maxConnections connections at a time, 1 to 65536; one more is accepted and closed at once
 */
public record NbdServerConfig(
        List<InetSocketAddress> tcpAddresses,
        @Nullable Path unixSocket,
        @Nullable TlsConfig tls,
        Duration handshakeLimit,
        Duration idleLimit,
        Duration stallLimit,
        Duration drainLimit,
        int maxRequestBytes,
        long connectionBudgetBytes,
        long serverBudgetBytes,
        int maxRequestsInFlight,
        int maxConnections) {

    /** The port the NBD protocol was given. */
    public static final int DEFAULT_PORT = 10809;

    private static final int MAX_UNIX_PATH_BYTES = 107;
    private static final Duration MAX_LIMIT = Duration.ofHours(1);

    /**
     * Checks every range; throws {@link IllegalArgumentException} naming the setting and its value.
     */
    public NbdServerConfig {
        tcpAddresses = List.copyOf(tcpAddresses);
        require(
                !tcpAddresses.isEmpty() || unixSocket != null,
                "no address: give tcp or unixSocket");
        require(
                unixSocket == null
                        || unixSocket.toString().getBytes(StandardCharsets.UTF_8).length
                                <= MAX_UNIX_PATH_BYTES,
                "unixSocket path is longer than 107 bytes: " + unixSocket);
        require(
                isWithin(handshakeLimit, Duration.ofMillis(1)),
                "handshakeLimit must be 1 ms to 1 h: " + handshakeLimit);
        require(
                idleLimit.isZero() || idleLimit.compareTo(Duration.ofMillis(1)) >= 0,
                "idleLimit must be zero or at least 1 ms: " + idleLimit);
        require(
                isWithin(stallLimit, Duration.ofMillis(1)),
                "stallLimit must be 1 ms to 1 h: " + stallLimit);
        require(isWithin(drainLimit, Duration.ZERO), "drainLimit must be 0 to 1 h: " + drainLimit);
        require(
                Integer.bitCount(maxRequestBytes) == 1
                        && maxRequestBytes >= 4096
                        && maxRequestBytes <= 64 << 20,
                "maxRequestBytes must be a power of two from 4096 to 67108864: " + maxRequestBytes);
        require(
                connectionBudgetBytes >= maxRequestBytes,
                "connectionBudgetBytes must be at least maxRequestBytes: " + connectionBudgetBytes);
        require(
                serverBudgetBytes >= connectionBudgetBytes,
                "serverBudgetBytes must be at least connectionBudgetBytes: " + serverBudgetBytes);
        require(
                maxRequestsInFlight >= 1 && maxRequestsInFlight <= 65536,
                "maxRequestsInFlight must be 1 to 65536: " + maxRequestsInFlight);
        require(
                maxConnections >= 1 && maxConnections <= 65536,
                "maxConnections must be 1 to 65536: " + maxConnections);
    }

    /** Returns a builder with every default and no address. */
    public static Builder builder() {
        return new Builder();
    }

    private static boolean isWithin(Duration value, Duration lowest) {
        return value.compareTo(lowest) >= 0 && value.compareTo(MAX_LIMIT) <= 0;
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    /** Collects settings; not thread-safe. Ranges are checked by {@link #build}. */
    public static final class Builder {
        private final java.util.ArrayList<InetSocketAddress> tcpAddresses =
                new java.util.ArrayList<>();
        private @Nullable Path unixSocket;
        private @Nullable TlsConfig tls;
        private Duration handshakeLimit = Duration.ofSeconds(30);
        private Duration idleLimit = Duration.ZERO;
        private Duration stallLimit = Duration.ofSeconds(60);
        private Duration drainLimit = Duration.ofSeconds(10);
        private int maxRequestBytes = 32 << 20;
        private long connectionBudgetBytes = 64L << 20;
        private long serverBudgetBytes = 256L << 20;
        private int maxRequestsInFlight = 256;
        private int maxConnections = 1024;

        private Builder() {}

        /** Adds a TCP address to listen on; port 0 takes any free one. */
        public Builder tcp(InetSocketAddress address) {
            tcpAddresses.add(address);
            return this;
        }

        /** Listens on a Unix socket too; default: none. */
        public Builder unixSocket(Path path) {
            unixSocket = path;
            return this;
        }

        /** Lets or makes clients use TLS, on every address; default: it is refused. */
        public Builder tls(TlsConfig config) {
            tls = config;
            return this;
        }

        /** Sets the longest time from accept to transmission; default 30 s. */
        public Builder handshakeLimit(Duration limit) {
            handshakeLimit = limit;
            return this;
        }

        /**
         * Sets the longest silence of a client without requests in flight; default zero = never
         * closed.
         */
        public Builder idleLimit(Duration limit) {
            idleLimit = limit;
            return this;
        }

        /**
         * Sets how long a client may stop in the middle of a request or not take replies; default
         * 60 s.
         */
        public Builder stallLimit(Duration limit) {
            stallLimit = limit;
            return this;
        }

        /** Sets how long {@link NbdServer#close} waits for requests in flight; default 10 s. */
        public Builder drainLimit(Duration limit) {
            drainLimit = limit;
            return this;
        }

        /** Sets the longest read or write in bytes; default 32 MiB. */
        public Builder maxRequestBytes(int bytes) {
            maxRequestBytes = bytes;
            return this;
        }

        /** Sets the payload bytes one connection may hold; default 64 MiB. */
        public Builder connectionBudgetBytes(long bytes) {
            connectionBudgetBytes = bytes;
            return this;
        }

        /** Sets the payload bytes all connections may hold; default 256 MiB. */
        public Builder serverBudgetBytes(long bytes) {
            serverBudgetBytes = bytes;
            return this;
        }

        /** Sets the requests one connection may have in flight; default 256. */
        public Builder maxRequestsInFlight(int count) {
            maxRequestsInFlight = count;
            return this;
        }

        /** Sets the number of connections at a time; default 1024. */
        public Builder maxConnections(int count) {
            maxConnections = count;
            return this;
        }

        /**
         * Returns the configuration; throws {@link IllegalArgumentException} when a value is out of
         * range.
         */
        public NbdServerConfig build() {
            return new NbdServerConfig(
                    tcpAddresses,
                    unixSocket,
                    tls,
                    handshakeLimit,
                    idleLimit,
                    stallLimit,
                    drainLimit,
                    maxRequestBytes,
                    connectionBudgetBytes,
                    serverBudgetBytes,
                    maxRequestsInFlight,
                    maxConnections);
        }
    }
}
