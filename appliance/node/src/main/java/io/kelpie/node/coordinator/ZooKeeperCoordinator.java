package io.kelpie.node.coordinator;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.cluster.port.Tracer;
import io.kelpie.node.config.CoordinatorConfig;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.wire.peer.AnnouncementCodec;
import io.kelpie.wire.peer.ClusterMapCodec;
import io.kelpie.wire.peer.ControllerCodec;
import io.kelpie.wire.peer.PeerFormatException;

import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The coordinator of nodes on several hosts, over a ZooKeeper ensemble. Calls come from the core
 * loop and are carried out on one thread, completions and news are posted back. Without a
 * connection calls fail with COORDINATOR_FAILED at once; a lost answer to a compare-and-swap is
 * UNKNOWN. Below the root path:
 *
 * <pre>
 * /map               the newest map; its znode version guards the swap
 * /controller        who edits the map, likewise
 * /epochs/N          the members when epoch N began, made in one transaction with the map
 * /alive/NODE-N      announcement, ephemeral
 * /events/e-N        events, sequential
 * /eventsBase        index through which events were forgotten
 * </pre>
 */
public final class ZooKeeperCoordinator implements Coordinator, AutoCloseable {
    private static final long TICK_MILLIS = 500;
    /** News without a change, in case a watch missed one: every two seconds. */
    private static final int TICKS_BETWEEN_NEWS = 4;

    private static final long WAITING_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final CoordinatorConfig.ZooKeeper config;
    private final Tracer tracer;
    private final CallThread calls;
    private final News news;
    private final ZooKeeperSession session;
    private final ZooKeeperEvents events;
    private final String mapPath;
    private final String controllerPath;

    // The following belong to the coordinator thread once it runs.
    private @Nullable Announcement self;
    private @Nullable SeenMap seenMap;
    private boolean isReady;
    private @Nullable Connection told;
    private long ticks;
    private long saidWaitingNanos = System.nanoTime();

    /** Which znode version a map has. */
    private record SeenMap(long version, int epoch, int znodeVersion) {}

    private ZooKeeperCoordinator(CoordinatorConfig.ZooKeeper config, CoreLoop loop, Tracer tracer) {
        this.config = config;
        this.tracer = tracer;
        this.mapPath = config.root() + "/map";
        this.controllerPath = config.root() + "/controller";
        this.news = new News(loop);
        this.calls = new CallThread(loop, tracer, this::tick, TICK_MILLIS);
        this.session = new ZooKeeperSession(
                config,
                connection -> calls.run(() -> connectionChanged(connection)),
                this::changed);
        this.events = new ZooKeeperEvents(session, config.root());
    }

    /**
     * Starts to connect. Does not wait for the ensemble, which may be away for as long as it likes.
     *
     * @param config names the ensemble and the path
     * @param loop where completions and news go
     * @param tracer told of failures, and every few seconds that the ensemble is awaited
     * @return the running coordinator
     */
    public static ZooKeeperCoordinator start(
            CoordinatorConfig.ZooKeeper config, CoreLoop loop, Tracer tracer) {
        ZooKeeperCoordinator coordinator = new ZooKeeperCoordinator(config, loop, tracer);
        coordinator.calls.start();
        coordinator.session.start();
        return coordinator;
    }

    @Override
    public void listen(Listener listener) {
        news.listen(listener);
    }

    @Override
    public void readMap(Completion<ClusterMap> completion) {
        request(completion, () -> {
            session.sync(mapPath);
            calls.finish(completion, map());
        });
    }

    @Override
    public void swapMap(long expectedVersion, ClusterMap next, Completion<SwapOutcome> completion) {
        Invariant.check(
                next.version() == expectedVersion + 1,
                "a map follows the one it replaces",
                next.version());
        request(completion, () -> {
            byte[] bytes = MapRecord.encode(next);
            SeenMap seen = seenMap;
            if (seen == null || seen.version() != expectedVersion) {
                session.sync(mapPath);
                map();
                seen = seenMap;
            }
            long version = seen == null ? 0 : seen.version();
            if (version != expectedVersion) {
                calls.finish(completion, SwapOutcome.CONFLICT);
                return;
            }
            List<Op> changes = new ArrayList<>();
            if (seen == null || seen.epoch() != next.epoch()) {
                changes.add(epochChange(next));
            }
            changes.add(change(mapPath, bytes, seen == null ? -1 : seen.znodeVersion()));
            SwapOutcome outcome = swap(changes);
            // Known again once it was read, unless it is the one written.
            seenMap = null;
            if (outcome == SwapOutcome.SWAPPED) {
                seenMap = new SeenMap(
                        next.version(), next.epoch(), seen == null ? 0 : seen.znodeVersion() + 1);
            }
            calls.finish(completion, outcome);
        });
    }

    @Override
    public void appendEvent(EventId id, byte[] body, Completion<Long> completion) {
        Invariant.check(
                body.length <= EventRecord.MAX_BODY_BYTES,
                "an event has at most 64 KiB",
                body.length);
        request(completion, () -> calls.finish(completion, events.append(id, body)));
    }

    @Override
    public void readEvents(long afterIndex, int max, Completion<List<LoggedEvent>> completion) {
        request(completion, () -> calls.finish(completion, events.read(afterIndex, max)));
    }

    @Override
    public void trimEvents(long throughIndex) {
        request(new Ignored<>(), () -> events.trim(throughIndex));
    }

    @Override
    public void announce(Announcement announcement) {
        request(new Ignored<>(), () -> {
            Announcement before = self;
            self = announcement;
            if (before != null && !before.id().equals(announcement.id())) {
                session.delete(alive(before));
            }
            makeKnown();
        });
    }

    @Override
    public void readAnnounced(Completion<List<Announcement>> completion) {
        request(completion, () -> {
            String directory = config.root() + "/alive";
            List<String> paths = session.children(directory).stream()
                    .map(name -> directory + "/" + name)
                    .toList();
            List<Announcement> announced = new ArrayList<>();
            for (byte[] bytes : session.readAll(paths)) {
                if (bytes != null) {
                    addDecoded(announced, bytes);
                }
            }
            announced.sort(Comparator.comparing(Announcement::id));
            calls.finish(completion, List.copyOf(announced));
        });
    }

    @Override
    public void readController(Completion<Controller> completion) {
        request(completion, () -> {
            session.sync(controllerPath);
            calls.finish(completion, controllerOf(session.read(controllerPath)));
        });
    }

    @Override
    public void claimController(
            long expectedTerm, Controller next, Completion<SwapOutcome> completion) {
        request(completion, () -> {
            session.sync(controllerPath);
            ZooKeeperSession.Znode current = session.read(controllerPath);
            if (controllerOf(current).term() != expectedTerm) {
                calls.finish(completion, SwapOutcome.CONFLICT);
                return;
            }
            int version = current == null ? -1 : current.stat().getVersion();
            calls.finish(
                    completion,
                    swap(List.of(change(controllerPath, ControllerCodec.encode(next), version))));
        });
    }

    /** Refuses new calls, carries out those given before and ends the session. */
    @Override
    public void close() {
        if (!calls.isClosed()) {
            calls.close();
            session.close();
        }
    }

    /** Requests to the ensemble. */
    private interface Exchange {
        void run() throws KeeperException, InterruptedException, CallFailedException;
    }

    private void request(Completion<?> completion, Exchange exchange) {
        calls.call(completion, () -> carryOut(exchange));
    }

    private void carryOut(Exchange exchange) throws CallFailedException {
        try {
            exchange.run();
        } catch (KeeperException e) {
            seenMap = null;
            if (!ZooKeeperSession.isUnknown(e)) {
                tracer.event(Tracer.Level.WARN, "ZooKeeper refused a request: " + e.getMessage());
            }
            throw new CallFailedException(
                    ErrorCode.COORDINATOR_FAILED, "ZooKeeper: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CallFailedException(ErrorCode.SHUTTING_DOWN, "interrupted");
        }
    }

    /** The map, remembering which znode version it has. */
    private ClusterMap map() throws KeeperException, InterruptedException, CallFailedException {
        ZooKeeperSession.Znode found = session.read(mapPath);
        if (found == null) {
            seenMap = null;
            return ClusterMap.EMPTY;
        }
        ClusterMap map = MapRecord.decode(found.data());
        seenMap = new SeenMap(map.version(), map.epoch(), found.stat().getVersion());
        return map;
    }

    private static Controller controllerOf(ZooKeeperSession.@Nullable Znode found)
            throws CallFailedException {
        try {
            return found == null ? Controller.NONE : ControllerCodec.decode(found.data());
        } catch (PeerFormatException e) {
            throw new CallFailedException(
                    ErrorCode.CORRUPT_OBJECT,
                    "the controller's record in ZooKeeper is damaged: " + e.getMessage());
        }
    }

    /** Who announces itself in a format this version does not know is not there for it. */
    private void addDecoded(List<Announcement> announced, byte[] bytes) {
        try {
            announced.add(AnnouncementCodec.decode(bytes));
        } catch (PeerFormatException e) {
            tracer.event(Tracer.Level.WARN, "an announcement is unreadable: " + e.getMessage());
        }
    }

    private SwapOutcome swap(List<Op> changes) throws KeeperException, InterruptedException {
        try {
            List<OpResult> results = session.transaction(changes);
            Invariant.check(
                    results.size() == changes.size(),
                    "a transaction answers for each change",
                    results.size());
            return SwapOutcome.SWAPPED;
        } catch (KeeperException e) {
            return switch (e.code()) {
                case BADVERSION, NODEEXISTS, NONODE -> SwapOutcome.CONFLICT;
                default -> {
                    if (!ZooKeeperSession.isUnknown(e)) {
                        throw e;
                    }
                    yield SwapOutcome.UNKNOWN;
                }
            };
        }
    }

    private static Op change(String path, byte[] bytes, int expectedVersion) {
        return expectedVersion < 0
                ? Op.create(path, bytes, ZooDefs.Ids.OPEN_ACL_UNSAFE, CreateMode.PERSISTENT)
                : Op.setData(path, bytes, expectedVersion);
    }

    /** Without the groups: a transaction is no larger than a value. */
    private Op epochChange(ClusterMap next) throws KeeperException, InterruptedException {
        byte[] bytes = ClusterMapCodec.encode(new ClusterMap(
                next.version(),
                next.epoch(),
                next.eventsIndex(),
                next.status(),
                next.flags(),
                next.settings(),
                next.members(),
                List.of()));
        String path = config.root() + "/epochs/" + next.epoch();
        Stat there = session.stat(path);
        return change(path, bytes, there == null ? -1 : there.getVersion());
    }

    private void changed(String path) {
        if (path.equals(mapPath)) {
            news.tellMap();
        } else if (path.startsWith(config.root() + "/events")) {
            news.tellEvents();
        } else {
            news.tellAnnounced();
        }
    }

    private void connectionChanged(Connection connection) {
        isReady = false;
        seenMap = null;
        if (connection == Connection.CONNECTED) {
            becomeReady();
        } else {
            tell(connection);
        }
    }

    private void tick() {
        ticks++;
        if (!session.isConnected()) {
            long nowNanos = System.nanoTime();
            if (nowNanos - saidWaitingNanos >= WAITING_NANOS) {
                saidWaitingNanos = nowNanos;
                tracer.event(
                        Tracer.Level.WARN, "waiting for ZooKeeper at " + config.connectString());
            }
        } else if (!isReady) {
            becomeReady();
        } else if (ticks % TICKS_BETWEEN_NEWS == 0) {
            attempt(this::makeKnown);
            news.tellAll();
        }
    }

    /** After each connection: what should be there is there, and everything may have changed. */
    private void becomeReady() {
        isReady = attempt(() -> {
            for (int slash = config.root().indexOf('/', 1);
                    slash > 0;
                    slash = config.root().indexOf('/', slash + 1)) {
                session.ensure(config.root().substring(0, slash));
            }
            session.ensure(config.root());
            session.ensure(config.root() + "/epochs");
            session.ensure(config.root() + "/alive");
            events.prepare();
            session.watch(config.root());
            makeKnown();
        });
        if (isReady) {
            saidWaitingNanos = System.nanoTime();
            tell(Connection.CONNECTED);
            news.tellAll();
        }
    }

    private boolean attempt(Exchange exchange) {
        try {
            carryOut(exchange);
            return true;
        } catch (CallFailedException e) {
            tracer.event(Tracer.Level.DEBUG, String.valueOf(e.getMessage()));
            return false;
        }
    }

    private void tell(Connection connection) {
        if (connection != told) {
            told = connection;
            Tracer.Level level =
                    connection == Connection.CONNECTED ? Tracer.Level.INFO : Tracer.Level.WARN;
            tracer.event(level, "ZooKeeper at " + config.connectString() + ": " + connection);
            news.tellConnection(connection);
        }
    }

    /** Sees to it that the announcement is there, as it should be, and this session's. */
    private void makeKnown() throws KeeperException, InterruptedException {
        Announcement mine = self;
        if (mine == null) {
            return;
        }
        byte[] bytes = AnnouncementCodec.encode(mine);
        ZooKeeperSession.Znode there = session.read(alive(mine));
        if (there != null && there.stat().getEphemeralOwner() != session.id()) {
            // Of the session before: it would vanish when the ensemble notices that that is over.
            session.delete(alive(mine));
            there = null;
        }
        if (there == null) {
            session.create(alive(mine), bytes, CreateMode.EPHEMERAL);
        } else if (!Arrays.equals(there.data(), bytes)) {
            session.write(alive(mine), bytes, -1);
        }
    }

    private String alive(Announcement announcement) {
        return config.root() + "/alive/" + announcement.id().node() + "-"
                + announcement.id().incarnation();
    }
}
