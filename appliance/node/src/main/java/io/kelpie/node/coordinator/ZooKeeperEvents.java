package io.kelpie.node.coordinator;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Coordinator.EventId;
import io.kelpie.cluster.port.Coordinator.LoggedEvent;

import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The event log in ZooKeeper: sequential nodes {@code events/e-N}, whose order is that of their
 * numbers, and {@code eventsBase}, u64 the index through which they were forgotten. An index is the
 * number plus one, so that none is 0. One thread.
 */
final class ZooKeeperEvents {
    private static final String PREFIX = "e-";
    private static final int NUMBER_DIGITS = 10;

    private final ZooKeeperSession session;
    private final String directory;
    private final String basePath;
    /** Index of each event that was read and is kept; as many as there are kept events. */
    private final Map<EventId, Long> indexes = new HashMap<>();

    private long readThrough;

    ZooKeeperEvents(ZooKeeperSession session, String root) {
        this.session = session;
        this.directory = root + "/events";
        this.basePath = root + "/eventsBase";
    }

    void prepare() throws KeeperException, InterruptedException {
        session.ensure(directory);
    }

    /**
     * Appends an event unless one of its id is there. When the answer is lost, what became of it is
     * found out by the next attempt: all that the lost session sent is decided by then, because the
     * leader refuses requests of a session that moved or ended.
     */
    long append(EventId id, byte[] body)
            throws KeeperException, InterruptedException, CallFailedException {
        Long known = find(id);
        if (known != null) {
            return known;
        }
        try {
            long index = indexOf(session.create(
                    directory + "/" + PREFIX,
                    new EventRecord(id, body).encode(),
                    CreateMode.PERSISTENT_SEQUENTIAL));
            indexes.put(id, index);
            return index;
        } catch (KeeperException e) {
            if (!ZooKeeperSession.isUnknown(e)) {
                throw e;
            }
            Long landed = find(id);
            if (landed == null) {
                throw e;
            }
            return landed;
        }
    }

    List<LoggedEvent> read(long afterIndex, int max)
            throws KeeperException, InterruptedException, CallFailedException {
        List<String> names = new ArrayList<>(names(afterIndex).values());
        List<LoggedEvent> events = new ArrayList<>();
        for (int from = 0; from < names.size() && events.size() < max; ) {
            int to = Math.min(names.size(), from + max - events.size());
            readInto(events, names.subList(from, to));
            from = to;
        }
        // After the reading, in which some may have been trimmed.
        if (afterIndex < base()) {
            throw new CallFailedException(
                    ErrorCode.OUT_OF_RANGE, "events above " + afterIndex + " are forgotten");
        }
        return List.copyOf(events);
    }

    private long base() throws KeeperException, InterruptedException {
        ZooKeeperSession.Znode base = session.read(basePath);
        return base != null && base.data().length == Long.BYTES
                ? ByteBuffer.wrap(base.data()).getLong()
                : 0;
    }

    void trim(long throughIndex) throws KeeperException, InterruptedException {
        ZooKeeperSession.Znode base = session.read(basePath);
        if (base == null) {
            session.ensure(basePath);
        }
        boolean isTrimmed = base != null
                && base.data().length == Long.BYTES
                && ByteBuffer.wrap(base.data()).getLong() >= throughIndex;
        if (!isTrimmed) {
            session.write(
                    basePath,
                    ByteBuffer.allocate(Long.BYTES).putLong(throughIndex).array(),
                    -1);
        }
        // Those of an earlier trim that was cut short as well.
        session.deleteAll(names(0).headMap(throughIndex, true).values().stream()
                .map(this::path)
                .toList());
        indexes.values().removeIf(index -> index <= throughIndex);
    }

    private @Nullable Long find(EventId id)
            throws KeeperException, InterruptedException, CallFailedException {
        TreeMap<Long, String> newer = names(readThrough);
        readInto(new ArrayList<>(), List.copyOf(newer.values()));
        if (!newer.isEmpty()) {
            readThrough = newer.lastKey();
        }
        return indexes.get(id);
    }

    private void readInto(List<LoggedEvent> events, List<String> names)
            throws KeeperException, InterruptedException, CallFailedException {
        List<byte @Nullable []> found =
                session.readAll(names.stream().map(this::path).toList());
        for (int i = 0; i < names.size(); i++) {
            byte[] bytes = found.get(i);
            // Else it was trimmed in between.
            if (bytes != null) {
                EventRecord record = EventRecord.decode(names.get(i), bytes);
                long index = indexOf(names.get(i));
                events.add(new LoggedEvent(index, record.id(), record.body()));
                indexes.putIfAbsent(record.id(), index);
            }
        }
    }

    /** The newest names above an index, by index. */
    private TreeMap<Long, String> names(long afterIndex)
            throws KeeperException, InterruptedException {
        session.sync(directory);
        TreeMap<Long, String> names = new TreeMap<>();
        for (String name : session.children(directory)) {
            boolean isEvent = name.length() == PREFIX.length() + NUMBER_DIGITS
                    && name.startsWith(PREFIX)
                    && name.chars().skip(PREFIX.length()).allMatch(c -> c >= '0' && c <= '9');
            if (isEvent && indexOf(name) > afterIndex) {
                names.put(indexOf(name), name);
            }
        }
        return names;
    }

    private String path(String name) {
        return directory + "/" + name;
    }

    private static long indexOf(String path) {
        return Long.parseLong(path.substring(path.length() - NUMBER_DIGITS)) + 1;
    }
}
