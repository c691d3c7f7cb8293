package io.kelpie.jmh.door;

import java.util.List;

/**
 * Who is measured: where a client reaches it and the processes that work for it.
 *
 * @param name short, for the table
 * @param target what the client is given: an NBD URI, a file, a QEMU file name
 * @param servers the processes whose CPU time is counted
 */
record Peer(String name, String target, List<Server> servers) {
    double cpuSeconds() {
        return servers.stream().mapToDouble(Server::cpuSeconds).sum();
    }
}
