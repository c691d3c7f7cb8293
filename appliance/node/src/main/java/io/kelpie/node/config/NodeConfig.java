package io.kelpie.node.config;

import io.kelpie.cluster.model.Endpoint;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;

/**
 * What one node shall be: built once at start, immutable, every value checked. Each part of the
 * node receives only its branch.
 *
 * @param store directory of the store, absolute
 * @param cacheBytes cache of the store, or 0 for its own choice
 * @param coordinator who orders the changes of the cluster
 * @param sheep the port-7000 door
 * @param absence how long absent nodes are waited for
 * @param zone failure domain, unsigned 32 bits
 * @param gateway whether it stores no data of the cluster
 * @param nbd the NBD door, or null
 * @param fuse the FUSE door, or null
 * @param alwaysDurable whether every write is synced before it is acknowledged
 * @param log the log
 * @param foreground whether the process stays with its caller
 * @param pidFile file for the process id, absolute, or null
 * @param lines the effective configuration for the log
 * @param warnings what was accepted but has no effect, for the log
 */
public record NodeConfig(
        Path store,
        long cacheBytes,
        CoordinatorConfig coordinator,
        SheepDoor sheep,
        Absence absence,
        int zone,
        boolean gateway,
        @Nullable NbdDoor nbd,
        @Nullable FuseDoor fuse,
        boolean alwaysDurable,
        LogConfig log,
        boolean foreground,
        @Nullable Path pidFile,
        List<String> lines,
        List<String> warnings) {
    /** Copies the lists. */
    public NodeConfig {
        lines = List.copyOf(lines);
        warnings = List.copyOf(warnings);
    }

    /**
     * The port-7000 door.
     *
     * @param bind address to listen on, or null for all interfaces
     * @param endpoint address and port told to clients and other nodes
     * @param peer another door for other nodes alone, or null: the same
     */
    public record SheepDoor(
            @Nullable InetAddress bind,
            Endpoint endpoint,
            @Nullable PeerDoor peer) {
        /**
         * Where to listen.
         *
         * @return address and port
         */
        public InetSocketAddress listenAddress() {
            return bind == null
                    ? new InetSocketAddress(endpoint.port())
                    : new InetSocketAddress(bind, endpoint.port());
        }
    }

    /**
     * A door for other nodes alone.
     *
     * @param listen where to listen
     * @param endpoint the same, as told to other nodes
     */
    public record PeerDoor(InetSocketAddress listen, Endpoint endpoint) {}

    /**
     * How long absent nodes are waited for; the controller's word counts, so all nodes should say
     * the same.
     *
     * @param outSeconds how long a node is gone before others get its copies
     * @param startGraceSeconds how long a starting cluster waits after the last arrival
     */
    public record Absence(int outSeconds, int startGraceSeconds) {}

    /**
     * The NBD door; at least one of address and socket is there.
     *
     * @param address where to listen, or null
     * @param socket path of a Unix socket, absolute, or null
     * @param defaultExport VDI for clients that name none, or null
     * @param tls how clients may or must use TLS, or null: it is refused
     */
    public record NbdDoor(
            @Nullable InetSocketAddress address,
            @Nullable Path socket,
            @Nullable String defaultExport,
            @Nullable NbdTls tls) {}

    /**
     * TLS of the NBD door; the files are PEM, the key PKCS#8.
     *
     * @param required whether a client must use it
     * @param certificates the server's certificate and those between it and its authority
     * @param key its private key
     * @param clientAuthority what clients' certificates must lead to, or null: none are asked for
     * @param clientsIdentified whether a client must show a certificate
     */
    public record NbdTls(
            boolean required,
            Path certificates,
            Path key,
            @Nullable Path clientAuthority,
            boolean clientsIdentified) {}

    /**
     * The FUSE door.
     *
     * @param mountPoint an empty directory, absolute
     * @param allowOther whether other users may use it
     */
    public record FuseDoor(Path mountPoint, boolean allowOther) {}
}
