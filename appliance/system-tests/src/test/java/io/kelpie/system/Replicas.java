package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.store.ObjectEntry;
import io.kelpie.store.ObjectPosition;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.StoreConfig;
import io.kelpie.store.rocks.RocksObjectStore;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/** Looks into the stores of stopped nodes. */
final class Replicas {
    private static final Set<String> BESIDE = Set.of("sheep.log", "sheep.sock", "sock");
    private static final int LISTED = 4096;

    private Replicas() {}

    /** Every object of every group is on all members that count, with one version and content. */
    static void requireEqual(ClusterMap map, ClusterOfNodes cluster) {
        Map<Integer, Map<String, String>> contents = new TreeMap<>();
        for (int number = 0; number < cluster.nodes().size(); number++) {
            contents.put(number, contentOf(cluster.node(number)));
        }
        for (int i = 0; i < map.groups().size(); i++) {
            String prefix = "pg" + i + "/";
            List<Map<String, String>> copies = map.groups().get(i).sync().stream()
                    .map(index -> of(
                            prefix, contents.getOrDefault(numberOf(map, index, cluster), Map.of())))
                    .toList();
            for (Map<String, String> copy : copies) {
                assertThat(copy)
                        .as("copies of %s %s", prefix, map.groups().get(i))
                        .isEqualTo(copies.get(0));
            }
        }
    }

    private static int numberOf(ClusterMap map, int memberIndex, ClusterOfNodes cluster) {
        int port = map.member(memberIndex).endpoint().port();
        for (int number = 0; number < cluster.nodes().size(); number++) {
            if (cluster.node(number).port() == port) {
                return number;
            }
        }
        throw new AssertionError("no node listens on port " + port);
    }

    private static Map<String, String> of(String prefix, Map<String, String> content) {
        Map<String, String> group = new TreeMap<>();
        content.forEach((key, value) -> {
            if (key.startsWith(prefix)) {
                group.put(key, value);
            }
        });
        return group;
    }

    /** Version, length and checksum of each object, by group and name; the node must have ended. */
    static Map<String, String> contentOf(SheepProcess node) {
        Map<String, String> content = new TreeMap<>();
        try (ObjectStore store =
                RocksObjectStore.open(StoreConfig.small(node.store()).withToleratedNames(BESIDE))) {
            ByteBuffer bytes = ByteBuffer.allocateDirect(4 << 20);
            ObjectPosition from = ObjectPosition.START;
            List<ObjectEntry> entries = store.heads(from, LISTED);
            while (!entries.isEmpty()) {
                for (ObjectEntry entry : entries) {
                    content.put(nameOf(entry), describe(store, entry, bytes));
                }
                from = ObjectPosition.after(entries.get(entries.size() - 1).key());
                entries = store.heads(from, LISTED);
            }
        }
        return content;
    }

    private static String nameOf(ObjectEntry entry) {
        return "pg%d/%016x".formatted(entry.key().partition(), entry.key().objectId());
    }

    private static String describe(ObjectStore store, ObjectEntry entry, ByteBuffer bytes) {
        CRC32C checksum = new CRC32C();
        for (long at = 0; at < entry.head().sizeBytes(); at += bytes.capacity()) {
            bytes.clear();
            bytes.limit((int) Math.min(bytes.capacity(), entry.head().sizeBytes() - at));
            store.read(entry.key(), at, bytes);
            bytes.flip();
            checksum.update(bytes);
        }
        return entry.head().version() + " " + entry.head().sizeBytes() + " "
                + Long.toHexString(checksum.getValue());
    }
}
