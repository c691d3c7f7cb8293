package io.kelpie.system;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.wire.peer.ClusterMapCodec;
import io.kelpie.wire.peer.PeerFormatException;

import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.ZooKeeper;

import java.io.IOException;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/** The cluster map as ZooKeeper keeps it: what the nodes themselves go by. */
final class ClusterView {
    private static final int SESSION_MILLIS = 10_000;
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    private final String servers;
    private final int nodes;
    private final int copies;

    ClusterView(String servers, int nodes, int copies) {
        this.servers = servers;
        this.nodes = nodes;
        this.copies = copies;
    }

    /** The present map; {@link ClusterMap#EMPTY} before the first. */
    ClusterMap map() throws IOException, InterruptedException {
        ZooKeeper client = new ZooKeeper(servers, SESSION_MILLIS, event -> {});
        try {
            return ClusterMapCodec.decode(client.getData("/kelpie/map", false, null));
        } catch (KeeperException.NoNodeException e) {
            return ClusterMap.EMPTY;
        } catch (KeeperException | PeerFormatException e) {
            throw new IOException("the map cannot be read", e);
        } finally {
            client.close();
        }
    }

    /** Waits until the map fits; answers whether it did in time. */
    boolean await(Predicate<ClusterMap> condition, int seconds) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        while (System.nanoTime() - end < 0) {
            try {
                if (condition.test(map())) {
                    return true;
                }
            } catch (IOException e) {
                TortureLog.line("no map: " + e.getMessage() + ": " + e.getCause());
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        return false;
    }

    /** Every node is up and every group has all its copies in sync where they belong. */
    boolean isWhole(ClusterMap map) {
        long up = map.members().stream()
                .filter(member -> member.state() == MemberState.UP)
                .count();
        return map.status() == ClusterStatus.RUNNING
                && up == nodes
                && map.groups().stream().allMatch(this::isWhole);
    }

    private boolean isWhole(PgEntry group) {
        return group.primary() != PgEntry.NONE
                && group.sync().size() == copies
                && group.learners().isEmpty()
                && group.sync().containsAll(group.target());
    }

    /** The groups that are not as they should be, for people. */
    String troubles(ClusterMap map) {
        StringBuilder text = new StringBuilder(
                "map " + map.version() + " epoch " + map.epoch() + " " + map.status() + "\n");
        map.members().forEach(member -> text.append("  " + member + "\n"));
        for (int i = 0; i < map.groups().size(); i++) {
            if (!isWhole(map.groups().get(i))) {
                text.append("  pg" + i + " " + map.groups().get(i) + "\n");
            }
        }
        return text.toString();
    }

    /** Index in the map of a node of these tests, which sets its zone to its number. */
    static int memberOf(ClusterMap map, int node) {
        return map.members().stream()
                .filter(member -> member.zone() == node && member.state() != MemberState.OUT)
                .max(Comparator.comparingLong(Member::sinceVersion))
                .orElseThrow()
                .index();
    }
}
