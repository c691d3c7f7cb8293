package io.kelpie.system;

import java.util.ArrayList;
import java.util.List;

/**
 * A network for nodes on one host, needs root: each node lives in a network namespace with three
 * links, one to its peers, one to the coordinator, one to its clients. So a node can lose one of
 * them while the others go on, with packets that vanish as on a pulled cable, and clients can still
 * ask a node that its cluster has lost.
 */
final class NodeNetwork implements AutoCloseable {
    private static final String PREFIX = "kt";
    private static final int HOST = 254;

    private final int nodes;

    /** What a node is connected to. */
    enum Link {
        PEERS,
        COORDINATOR,
        CLIENTS;

        private String bridge() {
            return PREFIX + "br" + ordinal();
        }

        private String address(int number) {
            return "10.213." + (ordinal() + 1) + "." + number;
        }
    }

    private NodeNetwork(int nodes) {
        this.nodes = nodes;
    }

    /** Makes the links; what a killed run left behind goes away first. */
    static NodeNetwork create(int nodes) {
        NodeNetwork network = new NodeNetwork(nodes);
        network.close();
        for (Link link : Link.values()) {
            ip("link", "add", link.bridge(), "type", "bridge");
            ip("addr", "add", link.address(HOST) + "/24", "dev", link.bridge());
            ip("link", "set", link.bridge(), "up");
        }
        for (int node = 0; node < nodes; node++) {
            network.add(node);
        }
        return network;
    }

    private void add(int node) {
        ip("netns", "add", namespace(node));
        inside(node, "link", "set", "lo", "up");
        for (Link link : Link.values()) {
            String outer = outer(node, link);
            String inner = "eth" + link.ordinal();
            ip(
                    "link",
                    "add",
                    outer,
                    "type",
                    "veth",
                    "peer",
                    "name",
                    inner,
                    "netns",
                    namespace(node));
            ip("link", "set", outer, "master", link.bridge(), "up");
            inside(node, "addr", "add", address(node, link) + "/24", "dev", inner);
            inside(node, "link", "set", inner, "up");
        }
    }

    /** Address of a node on one of its links. */
    static String address(int node, Link link) {
        return link.address(node + 1);
    }

    /** Address of this host as the nodes' coordinator. */
    static String coordinatorAddress() {
        return Link.COORDINATOR.address(HOST);
    }

    /** What to put before a command that shall run as a node. */
    static List<String> prefix(int node) {
        return List.of("ip", "netns", "exec", namespace(node));
    }

    /** Pulls the cable. */
    void cut(int node, Link link) {
        ip("link", "set", outer(node, link), "down");
    }

    /** Plugs it in again. */
    void join(int node, Link link) {
        ip("link", "set", outer(node, link), "up");
    }

    /** Lets nothing that one node sends come to another; what the other sends still arrives. */
    void mute(int from, int to) {
        inside(from, "route", "add", "blackhole", address(to, Link.PEERS) + "/32");
    }

    /** Ends {@link #mute}. */
    void unmute(int from, int to) {
        inside(from, "route", "del", "blackhole", address(to, Link.PEERS) + "/32");
    }

    @Override
    public void close() {
        // Fails where there is nothing, which is as well.
        for (int node = 0; node < nodes; node++) {
            for (Link link : Link.values()) {
                Commands.asRoot("ip", "link", "del", outer(node, link));
            }
            Commands.asRoot("ip", "netns", "del", namespace(node));
        }
        for (Link link : Link.values()) {
            Commands.asRoot("ip", "link", "del", link.bridge());
        }
    }

    private static String namespace(int node) {
        return PREFIX + node;
    }

    private static String outer(int node, Link link) {
        return PREFIX + node + "e" + link.ordinal();
    }

    private static void inside(int node, String... arguments) {
        List<String> all = new ArrayList<>(List.of("-n", namespace(node)));
        all.addAll(List.of(arguments));
        ip(all.toArray(String[]::new));
    }

    private static void ip(String... arguments) {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(List.of(arguments));
        Commands.asRoot(command.toArray(String[]::new)).succeeded();
    }
}
