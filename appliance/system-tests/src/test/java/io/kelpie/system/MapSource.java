package io.kelpie.system;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.wire.peer.ClusterMapCodec;
import io.kelpie.wire.peer.PeerFormatException;

import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooKeeper;
import org.jspecify.annotations.Nullable;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where tests read the cluster map that the nodes agree on; no node is asked for it. */
interface MapSource extends Closeable {
    /** What {@code -c} takes. */
    String driver();

    /** The map now, or the empty one. */
    ClusterMap read();

    @Override
    default void close() throws IOException {}

    /** The directory of {@code local}. */
    record OfDirectory(Path directory) implements MapSource {
        @Override
        public String driver() {
            return "local:" + directory;
        }

        @Override
        public ClusterMap read() {
            Path map = directory.resolve("map");
            try {
                return Files.exists(map) ? decoded(Files.readAllBytes(map)) : ClusterMap.EMPTY;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** A ZooKeeper server, with a session of the test's own that is opened when it is needed. */
    final class OfZooKeeper implements MapSource {
        private static final int SESSION_MILLIS = 20_000;

        private final int port;
        private @Nullable ZooKeeper client;

        OfZooKeeper(int port) {
            this.port = port;
        }

        @Override
        public String driver() {
            return "zookeeper:127.0.0.1:" + port;
        }

        @Override
        public ClusterMap read() {
            try {
                return decoded(client().getData("/kelpie/map", false, null));
            } catch (KeeperException.NoNodeException e) {
                return ClusterMap.EMPTY;
            } catch (KeeperException | IOException e) {
                throw new AssertionError("reading the map from ZooKeeper", e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new AssertionError(e);
            }
        }

        private ZooKeeper client() throws IOException {
            ZooKeeper open = client;
            if (open == null || !open.getState().isAlive()) {
                open = new ZooKeeper("127.0.0.1:" + port, SESSION_MILLIS, event -> {});
                client = open;
            }
            return open;
        }

        @Override
        public void close() throws IOException {
            try {
                if (client != null) {
                    client.close();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static ClusterMap decoded(byte[] bytes) {
        try {
            return ClusterMapCodec.decode(bytes);
        } catch (PeerFormatException e) {
            throw new AssertionError("the map of the cluster", e);
        }
    }
}
