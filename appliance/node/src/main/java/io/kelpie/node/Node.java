package io.kelpie.node;

import io.kelpie.cluster.engine.ClusterConfig;
import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.engine.EngineConfig;
import io.kelpie.cluster.membership.ClusterTimes;
import io.kelpie.cluster.membership.NodeNews;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Tracer;
import io.kelpie.fuse.FuseConfig;
import io.kelpie.fuse.FuseException;
import io.kelpie.fuse.FuseMount;
import io.kelpie.nbd.NbdServer;
import io.kelpie.nbd.NbdServerConfig;
import io.kelpie.nbd.NbdServerException;
import io.kelpie.nbd.TlsConfig;
import io.kelpie.node.config.CoordinatorConfig;
import io.kelpie.node.config.LogConfig;
import io.kelpie.node.config.NodeConfig;
import io.kelpie.node.coordinator.LocalCoordinator;
import io.kelpie.node.coordinator.MapDamagedException;
import io.kelpie.node.coordinator.SingleCoordinator;
import io.kelpie.node.coordinator.ZooKeeperCoordinator;
import io.kelpie.node.export.VolumeDirectory;
import io.kelpie.node.export.VolumeExports;
import io.kelpie.node.peer.NettyPeers;
import io.kelpie.node.peer.PeerSettings;
import io.kelpie.node.runtime.BufferPayloads;
import io.kelpie.node.runtime.Closer;
import io.kelpie.node.runtime.CoreCall;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.IoThreads;
import io.kelpie.node.runtime.SecureEntropy;
import io.kelpie.node.runtime.SystemClock;
import io.kelpie.node.sheep.SheepNode;
import io.kelpie.node.sheep.SheepServer;
import io.kelpie.node.store.NodeIdentity;
import io.kelpie.node.store.RocksLocalStore;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.StoreConfig;
import io.kelpie.store.StoreException;
import io.kelpie.store.StoreListener;
import io.kelpie.store.rocks.RocksObjectStore;
import io.netty.buffer.PooledByteBufAllocator;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.net.BindException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * One running node: the store, the cluster logic over it and the doors in front. Any thread may
 * start and close it.
 */
public final class Node implements AutoCloseable {
    /** Name of the Unix socket of the Sheepdog protocol in the store directory. */
    static final String SOCKET_NAME = "sock";

    private static final int STORE_THREADS = 4;

    /** Requests that the engine lets in, each with its post and its store completion, and room. */
    private static final int CORE_QUEUE_BOUND = 1 << 18;

    /** 256 placement groups, for up to five nodes (cluster.md 6.3). */
    private static final int PART_BITS = 8;

    private static final long SHEEP_BUDGET_BYTES = 256L << 20;
    private static final long MAX_WRITE_BYTES = 64L << 20;
    private static final Duration FUSE_TIMEOUT = Duration.ofSeconds(45);
    private static final long ENGINE_START_NANOS = TimeUnit.SECONDS.toNanos(120);
    private static final long ENGINE_STOP_NANOS = TimeUnit.SECONDS.toNanos(30);
    /** How long a start waits for what can be known at once. */
    private static final long JOIN_NANOS = TimeUnit.SECONDS.toNanos(3);

    /** A start waits at most for so many times the grace after an arrival (cluster.md 8.5). */
    private static final int START_LIMIT_GRACES = 6;

    private static final int CACHE_TO_WRITE_BUFFER = 4;
    private static final int GIB_SHIFT = 30;

    private final NodeConfig config;
    private final Surroundings around;
    private final Tracer tracer;
    private final Closer closer = new Closer();
    private final PooledByteBufAllocator allocator = PooledByteBufAllocator.DEFAULT;
    /** Whether the engine ended in order, so that the store may be marked clean. */
    private boolean stoppedInOrder;

    /** Null until it is composed. */
    private volatile @Nullable Engine engine;

    /**
     * What a node needs of the process it runs in.
     *
     * @param tracer takes log lines, from any thread
     * @param onBroken ends the process on a broken invariant
     * @param onStoreOpened called once the store is locked and read, before anything listens
     * @param stopAction begins a clean stop of the process, from any thread; returns at once
     */
    public record Surroundings(
            Tracer tracer,
            Consumer<Throwable> onBroken,
            StoreOpened onStoreOpened,
            Runnable stopAction) {}

    /** Told that the store directory is this process's own. */
    public interface StoreOpened {
        /**
         * The store is open.
         *
         * @throws StartException if the node must not go on
         */
        void run() throws StartException;
    }

    private Node(NodeConfig config, Surroundings around) {
        this.config = config;
        this.around = around;
        this.tracer = around.tracer();
    }

    /**
     * Starts a node; on return all doors are open. Blocks.
     *
     * @param config what it shall be
     * @param around the process
     * @return the node; the caller closes it
     * @throws StartException if it cannot start; everything that was opened is closed again
     */
    public static Node start(NodeConfig config, Surroundings around) throws StartException {
        Node node = new Node(config, around);
        boolean started = false;
        try {
            node.open();
            started = true;
            return node;
        } catch (StoreException | NbdServerException | FuseException e) {
            throw new StartException(String.valueOf(e.getMessage()), e);
        } finally {
            if (!started) {
                node.closeQuietly();
            }
        }
    }

    private void open() throws StartException {
        Stopwatch watch = new Stopwatch();
        ObjectStore store = closer.add("store", openStore());
        around.onStoreOpened().run();
        watch.lap("store " + config.store() + " open, left by "
                + store.openReport().previousEnd());
        NodeIdentity identity =
                NodeIdentity.begin(store, new SecureEntropy(), NodeIdentity.bootIdOfHost());
        closer.add("clean mark", () -> markClean(identity, store));
        watch.lap("node " + identity.node() + ", lifetime " + identity.incarnation());

        IoThreads io = closer.add("io threads", IoThreads.start());
        CoreLoop loop = closer.add(
                "core loop",
                CoreLoop.start(new SystemClock(), CORE_QUEUE_BOUND, around.onBroken()));
        RocksLocalStore localStore = closer.add(
                "local store", new RocksLocalStore(store, loop, allocator, STORE_THREADS, tracer));
        Coordinator coordinator = openCoordinator(store, loop);
        boolean alone = config.coordinator() instanceof CoordinatorConfig.Single;
        NettyPeers peers = alone ? null : closer.add("peers", openPeers(identity, io, loop));
        EngineConfig self = engineConfig(identity, localStore);
        Ports ports = ports(loop, localStore, coordinator, peers == null ? Peers.NONE : peers);
        Engine composed = new Engine(self, ports, this::onStopWanted);
        engine = composed;
        closer.add("engine", () -> stopEngine(composed, loop));
        if (alone) {
            startEngine(composed, loop);
            watch.lap("cluster logic at map version " + composed.map().version());
        }
        openSheepDoor(io, loop, composed, localStore, self, peers);
        watch.lap("listening to Sheepdog clients on " + config.sheep().listenAddress());
        if (!alone) {
            joinCluster(loop);
            watch.lap("cluster logic " + composed.state());
        }
        NodeConfig.NbdDoor nbd = config.nbd();
        if (nbd != null) {
            openNbdDoor(nbd, io, loop, composed);
            watch.lap("listening to NBD clients");
        }
        NodeConfig.FuseDoor fuse = config.fuse();
        if (fuse != null) {
            openFuseDoor(fuse, loop, composed, localStore);
            watch.lap("VDIs mounted on " + fuse.mountPoint());
        }
    }

    /**
     * Stops in order: doors first, then requests in flight, the store last. Blocks, for about a
     * minute at most. A second call does nothing.
     */
    @Override
    public void close() {
        closer.close();
    }

    private void closeQuietly() {
        try {
            closer.close();
        } catch (IllegalStateException e) {
            // The reason why the start failed is what people must see.
            tracer.event(Tracer.Level.WARN, "after a failed start: " + e.getMessage());
        }
    }

    /**
     * A node alone goes on and serves what it can read. One among several is in the way: its copies
     * stay in sync by the map while no write can be done on them, and only its death takes them
     * out. Before the engine is there the start fails by itself, with a better word.
     */
    private void endWithStore(StoreException failure) {
        if (engine != null && !(config.coordinator() instanceof CoordinatorConfig.Single)) {
            around.onBroken().accept(failure);
        }
    }

    private ObjectStore openStore() throws StartException {
        StoreConfig storeConfig = StoreConfig.at(config.store())
                .withToleratedNames(namesBesideStore())
                .withListener(new StoreNews(tracer, this::endWithStore));
        if (config.cacheBytes() > 0) {
            storeConfig = storeConfig.withMemory(
                    config.cacheBytes(), config.cacheBytes() / CACHE_TO_WRITE_BUFFER);
        }
        try {
            return RocksObjectStore.open(storeConfig);
        } catch (StoreException e) {
            if (e.kind() == StoreException.Kind.LOCKED) {
                throw new StartException(
                        "another sheep daemon is using " + config.store() + ": " + e.getMessage(),
                        e);
            }
            throw e;
        }
    }

    /** Files of the node that may lie in the store directory before there is a store. */
    private Set<String> namesBesideStore() {
        Set<String> names =
                new HashSet<>(Set.of(LogConfig.FILE_NAME, SOCKET_NAME, CrashReport.FILE_NAME));
        NodeConfig.NbdDoor nbd = config.nbd();
        Path[] others = {
            config.pidFile(),
            nbd == null ? null : nbd.socket(),
            config.fuse() == null ? null : config.fuse().mountPoint()
        };
        for (Path other : others) {
            if (other != null && config.store().equals(other.getParent())) {
                names.add(String.valueOf(other.getFileName()));
            }
        }
        return names;
    }

    private Coordinator openCoordinator(ObjectStore store, CoreLoop loop) throws StartException {
        CoordinatorConfig kind = config.coordinator();
        if (kind instanceof CoordinatorConfig.ZooKeeper ensemble) {
            return closer.add("coordinator", ZooKeeperCoordinator.start(ensemble, loop, tracer));
        }
        try {
            if (kind instanceof CoordinatorConfig.Local local) {
                return closer.add("coordinator", LocalCoordinator.open(local, loop, tracer));
            }
            return closer.add("coordinator", SingleCoordinator.open(store, loop, tracer));
        } catch (IOException e) {
            throw new StartException(String.valueOf(e.getMessage()), e);
        } catch (MapDamagedException e) {
            throw new StartException(
                    "the cluster map in " + config.store() + " is damaged: " + e.getMessage()
                            + "; restore the store from a copy",
                    e);
        }
    }

    private NettyPeers openPeers(NodeIdentity identity, IoThreads io, CoreLoop loop) {
        PeerId self = new PeerId(identity.node(), identity.incarnation());
        return new NettyPeers(
                io.group(), loop, PeerSettings.of(self), this::clusterCreatedNanos, tracer);
    }

    /** Core loop only. */
    private long clusterCreatedNanos() {
        Engine composed = engine;
        return composed == null ? 0 : composed.map().settings().createdNanos();
    }

    private EngineConfig engineConfig(NodeIdentity identity, RocksLocalStore localStore) {
        long gib = localStore.space().totalBytes() >> GIB_SHIFT;
        return new EngineConfig(
                identity.node(),
                identity.incarnation(),
                config.sheep().endpoint(),
                config.zone(),
                config.gateway() ? 0 : (int) Math.max(1, Math.min(gib, Integer.MAX_VALUE)),
                PART_BITS,
                config.alwaysDurable(),
                clusterConfig());
    }

    /**
     * In a cluster every write is synced on every copy before it is acknowledged, so a store is as
     * good after a crash of its host as after a clean stop.
     */
    private @Nullable ClusterConfig clusterConfig() {
        return config.coordinator() instanceof CoordinatorConfig.Single
                ? null
                : ClusterConfig.of(peerEndpoint(), true, PART_BITS).withTimes(times());
    }

    /** Where other nodes reach this one. */
    private Endpoint peerEndpoint() {
        NodeConfig.PeerDoor own = config.sheep().peer();
        return own == null ? config.sheep().endpoint() : own.endpoint();
    }

    private ClusterTimes times() {
        NodeConfig.Absence absence = config.absence();
        long grace = TimeUnit.SECONDS.toNanos(absence.startGraceSeconds());
        return ClusterTimes.DEFAULT.withAbsence(
                TimeUnit.SECONDS.toNanos(absence.outSeconds()), grace, START_LIMIT_GRACES * grace);
    }

    private Ports ports(
            CoreLoop loop, RocksLocalStore localStore, Coordinator coordinator, Peers peers) {
        return new Ports(
                new SystemClock(),
                loop.timers(),
                new SecureEntropy(),
                new BufferPayloads(allocator),
                localStore,
                coordinator,
                peers,
                tracer);
    }

    private void startEngine(Engine engine, CoreLoop loop) throws StartException {
        CoreCall.Answer<Outcome> answer =
                CoreCall.await(loop, ENGINE_START_NANOS, engine::start, late -> {});
        if (answer instanceof CoreCall.Failed<Outcome> failed) {
            throw new StartException(whyNotStarted(failed.error()));
        }
        if (answer instanceof CoreCall.TimedOut<Outcome>) {
            throw new StartException("the cluster logic did not start within two minutes;"
                    + " the log in " + config.store() + " says how far it came");
        }
    }

    /**
     * Lets the node join; it may wait for the coordinator or for other nodes however long that
     * takes, and answers its doors meanwhile. A store that cannot belong to the cluster is found
     * out at once, usually.
     */
    private void joinCluster(CoreLoop loop) throws StartException {
        CoreCall.Answer<Outcome> answer =
                CoreCall.await(loop, JOIN_NANOS, this::joinLater, late -> {});
        if (answer instanceof CoreCall.Failed<Outcome> failed) {
            throw new StartException(whyNotStarted(failed.error()));
        }
    }

    private void joinLater(Completion<Outcome> first) {
        Engine joining = Objects.requireNonNull(engine, "composed before it joins");
        joining.start(new Completion<>() {
            @Override
            public void done(Outcome result) {
                first.done(result);
            }

            @Override
            public void failed(ErrorCode error) {
                tracer.event(Tracer.Level.ERROR, whyNotStarted(error));
                first.failed(error);
                around.stopAction().run();
            }
        });
    }

    private void onStopWanted(NodeNews.StopReason reason) {
        tracer.event(
                Tracer.Level.INFO,
                switch (reason) {
                    case KILLED -> "stopping: the cluster moves this node's groups away";
                    case CLUSTER_SHUTDOWN -> "stopping: the cluster was shut down";
                    case TAKEN_OVER -> "stopping: another process took over this node";
                });
        around.stopAction().run();
    }

    private String whyNotStarted(ErrorCode error) {
        return switch (error) {
            case NOT_JOINED ->
                "failed to join Sheepdog: the store " + config.store()
                        + " belongs to a cluster that does not name this node;"
                        + " name another directory";
            case CORRUPT_OBJECT ->
                "the cluster's records in " + config.store()
                        + " are damaged; restore the store from a copy";
            case NO_SPACE -> "no space to start in " + config.store() + "; free some first";
            default ->
                "failed to join Sheepdog: " + error + "; the log in " + config.store()
                        + " says more";
        };
    }

    private void stopEngine(Engine engine, CoreLoop loop) {
        Consumer<Completion<Outcome>> stop = engine::stop;
        CoreCall.Answer<Outcome> answer = CoreCall.await(loop, ENGINE_STOP_NANOS, stop, late -> {});
        stoppedInOrder = answer instanceof CoreCall.Done<Outcome>;
        if (!stoppedInOrder) {
            tracer.event(Tracer.Level.ERROR, "the cluster logic did not stop in order: " + answer);
        }
    }

    private void markClean(NodeIdentity identity, ObjectStore store) {
        if (stoppedInOrder) {
            identity.markClean(store);
        }
    }

    private void openSheepDoor(
            IoThreads io,
            CoreLoop loop,
            Engine engine,
            RocksLocalStore localStore,
            EngineConfig self,
            @Nullable NettyPeers peers)
            throws StartException {
        Member member = new Member(
                0, self.node(), self.incarnation(), self.endpoint(), self.zone(), self.weightGib());
        SheepNode node = new SheepNode(member, config.store().toString(), around.stopAction());
        SheepServer server = closer.add(
                "port " + config.sheep().endpoint().port(),
                new SheepServer(
                        io.group(),
                        loop,
                        engine,
                        localStore,
                        node,
                        config.alwaysDurable(),
                        SHEEP_BUDGET_BYTES,
                        MAX_WRITE_BYTES));
        try {
            if (peers == null) {
                server.listen(config.sheep().listenAddress());
            } else {
                server.listen(config.sheep().listenAddress(), peers::accept);
                NodeConfig.PeerDoor own = config.sheep().peer();
                if (own != null) {
                    peers.bind(own.listen());
                }
            }
            server.listen(config.store().resolve(SOCKET_NAME));
        } catch (IOException e) {
            boolean inUse = e.getCause() instanceof BindException;
            throw new StartException(
                    "failed to bind server socket: " + e.getMessage()
                            + (inUse
                                    ? "; stop who listens there or choose another port with -p"
                                            + " and address with -b"
                                    : ""),
                    e);
        }
    }

    private void openNbdDoor(NodeConfig.NbdDoor door, IoThreads io, CoreLoop loop, Engine engine) {
        NbdServerConfig.Builder nbd = NbdServerConfig.builder();
        if (door.address() != null) {
            nbd.tcp(door.address());
        }
        if (door.socket() != null) {
            nbd.unixSocket(door.socket());
        }
        NodeConfig.NbdTls tls = door.tls();
        if (tls != null) {
            nbd.tls(tlsConfig(tls));
        }
        closer.add(
                "NBD server",
                NbdServer.start(
                        nbd.build(),
                        new VolumeExports(engine, loop, door.defaultExport()),
                        io.group()));
    }

    private static TlsConfig tlsConfig(NodeConfig.NbdTls tls) {
        TlsConfig config = TlsConfig.of(tls.certificates(), tls.key())
                .withMode(tls.required() ? TlsConfig.Mode.REQUIRED : TlsConfig.Mode.OPTIONAL);
        Path authority = tls.clientAuthority();
        return authority == null
                ? config
                : config.withClientAuthority(
                        authority,
                        tls.clientsIdentified()
                                ? TlsConfig.ClientCertificate.REQUIRED
                                : TlsConfig.ClientCertificate.OPTIONAL);
    }

    private void openFuseDoor(
            NodeConfig.FuseDoor door, CoreLoop loop, Engine engine, RocksLocalStore localStore) {
        FuseConfig fuse = FuseConfig.at(door.mountPoint()).withAllowOther(door.allowOther());
        closer.add(
                "FUSE mount",
                FuseMount.mount(
                        fuse,
                        new VolumeDirectory(
                                engine, loop, allocator, localStore::space, FUSE_TIMEOUT)));
    }

    /** Logs each step of the start with what it took. */
    private final class Stopwatch {
        private long lastNanos = System.nanoTime();

        private void lap(String step) {
            long nowNanos = System.nanoTime();
            long millis = TimeUnit.NANOSECONDS.toMillis(nowNanos - lastNanos);
            lastNanos = nowNanos;
            tracer.event(Tracer.Level.INFO, step + " (" + millis + " ms)");
        }
    }

    /** What the store tells by itself becomes log lines. */
    private record StoreNews(Tracer tracer, Consumer<StoreException> afterwards)
            implements StoreListener {
        @Override
        public void onBroken(StoreException failure) {
            tracer.event(
                    Tracer.Level.ERROR,
                    "the store is broken and refuses writes until the next start: "
                            + failure.getMessage());
            afterwards.accept(failure);
        }

        @Override
        public void onSpaceExhausted(long freeBytes) {
            tracer.event(
                    Tracer.Level.ERROR,
                    "writes are refused: only " + freeBytes
                            + " bytes are free; delete VDIs or add space");
        }

        @Override
        public void onSpaceReturned(long freeBytes) {
            tracer.event(Tracer.Level.INFO, "writes are taken again: " + freeBytes + " bytes free");
        }
    }
}
