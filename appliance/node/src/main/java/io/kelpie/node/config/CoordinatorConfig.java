package io.kelpie.node.config;

import java.nio.file.Path;
import java.util.List;

/** Who orders the changes of the cluster; the {@code -c} option. */
public sealed interface CoordinatorConfig {
    /** A cluster of this node alone. */
    record Single() implements CoordinatorConfig {}

    /**
     * Several nodes on one host.
     *
     * @param directory what they share, absolute; made by the first of them
     */
    record Local(Path directory) implements CoordinatorConfig {}

    /**
     * Nodes on several hosts.
     *
     * @param servers the ensemble, each {@code host:port}
     * @param root path of the cluster, absolute, without a slash at its end
     * @param sessionTimeoutMillis silence after which the ensemble takes the node for dead
     */
    record ZooKeeper(List<String> servers, String root, int sessionTimeoutMillis)
            implements CoordinatorConfig {
        /** Copies the list. */
        public ZooKeeper {
            servers = List.copyOf(servers);
        }

        /**
         * What the ensemble's client takes.
         *
         * @return the servers with commas in between
         */
        public String connectString() {
            return String.join(",", servers);
        }
    }
}
