package io.kelpie.node;

import io.kelpie.cluster.port.Tracer;
import io.kelpie.node.config.NodeConfig;
import io.kelpie.node.config.SheepCommand;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;

/** A node in this process, with its doors on free ports. */
final class TestNode implements AutoCloseable {
    final List<String> trace = Collections.synchronizedList(new ArrayList<>());
    final AtomicReference<Throwable> broken = new AtomicReference<>();
    final NodeConfig config;
    private final Node node;

    private TestNode(NodeConfig config) throws StartException {
        this.config = config;
        Tracer tracer = (level, text) -> trace.add(text);
        this.node =
                Node.start(config, new Node.Surroundings(tracer, broken::set, () -> {}, () -> {}));
    }

    static TestNode start(Path directory, String... options) throws StartException {
        return new TestNode(config(directory, options));
    }

    static NodeConfig config(Path directory, String... options) {
        List<String> arguments = new ArrayList<>(List.of("-b", "127.0.0.1", "store"));
        arguments.addAll(List.of(options));
        SheepCommand.Request request =
                SheepCommand.parse(arguments, Map.of("KELPIE_CACHE_MIB", "32"), directory);
        if (request instanceof SheepCommand.Start start) {
            return start.config();
        }
        throw new AssertionError("refused: " + request);
    }

    /** A port that nobody listens on just now. */
    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new AssertionError("no free port", e);
        }
    }

    @Override
    public void close() {
        node.close();
    }
}
