package io.kelpie.node.coordinator;

import io.kelpie.cluster.port.Coordinator.Connection;
import io.kelpie.node.config.CoordinatorConfig;
import io.kelpie.node.runtime.NamedThreads;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.RetryNTimes;
import org.apache.zookeeper.AddWatchMode;
import org.apache.zookeeper.CreateMode;
import org.apache.zookeeper.KeeperException;
import org.apache.zookeeper.Op;
import org.apache.zookeeper.OpResult;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.ZooKeeper;
import org.apache.zookeeper.data.Stat;
import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;

/**
 * A session with the ensemble, made again by Curator when it was lost. Requests block and are made
 * by one thread; each is tried once, because only its caller knows what a lost answer means. While
 * there is no connection they fail at once.
 */
final class ZooKeeperSession implements AutoCloseable {
    private static final int MAX_CONNECT_MILLIS = 5_000;
    private static final int CLOSE_MILLIS = 2_000;
    /** Requests under way at once, where there are many. */
    private static final int PIPELINED = 256;

    private final CuratorFramework client;
    private final Consumer<String> onChange;
    private final Consumer<Connection> onConnection;
    private volatile boolean connected;
    /** Session in which the watch was set; the requesting thread only. */
    private long watchedSession;

    /** A node of the tree. */
    @SuppressWarnings("ArrayRecordComponent") // A plain carrier; nobody compares records.
    record Znode(byte[] data, Stat stat) {}

    /** Something asked of the ensemble. */
    private interface Request<T> {
        void send(ZooKeeper zooKeeper, String path, CompletableFuture<@Nullable T> answer);
    }

    /**
     * @param onConnection told on a thread of Curator, in order
     * @param onChange told of the path of what changed, on a thread of ZooKeeper
     */
    ZooKeeperSession(
            CoordinatorConfig.ZooKeeper config,
            Consumer<Connection> onConnection,
            Consumer<String> onChange) {
        this.onConnection = onConnection;
        this.onChange = onChange;
        this.client = CuratorFrameworkFactory.builder()
                .connectString(config.connectString())
                .sessionTimeoutMs(config.sessionTimeoutMillis())
                .connectionTimeoutMs(Math.min(config.sessionTimeoutMillis(), MAX_CONNECT_MILLIS))
                .retryPolicy(new RetryNTimes(0, 0))
                .threadFactory(NamedThreads.numbered("kelpie-zookeeper"))
                .maxCloseWaitMs(CLOSE_MILLIS)
                .ensembleTracker(false)
                .dontUseContainerParents()
                .build();
        client.getConnectionStateListenable().addListener((c, state) -> changed(state));
    }

    void start() {
        client.start();
    }

    boolean isConnected() {
        return connected;
    }

    private void changed(ConnectionState state) {
        connected = state.isConnected();
        onConnection.accept(
                switch (state) {
                    case CONNECTED, RECONNECTED, READ_ONLY -> Connection.CONNECTED;
                    case SUSPENDED -> Connection.SUSPENDED;
                    case LOST -> Connection.LOST;
                });
    }

    /** Whether a failure leaves open if the request took effect. */
    static boolean isUnknown(KeeperException failure) {
        return switch (failure.code()) {
            case CONNECTIONLOSS, OPERATIONTIMEOUT, REQUESTTIMEOUT, SESSIONEXPIRED, SESSIONMOVED ->
                true;
            default -> false;
        };
    }

    /** Lets the server catch up, so that what is read next is the newest there is. */
    void sync(String path) throws KeeperException, InterruptedException {
        CompletableFuture<@Nullable Boolean> answer = new CompletableFuture<>();
        zooKeeper().sync(path, (code, p, c) -> complete(answer, code, p, true), null);
        await(answer);
    }

    /** Null if there is none. */
    @Nullable
    Znode read(String path) throws KeeperException, InterruptedException {
        try {
            Stat stat = new Stat();
            return new Znode(zooKeeper().getData(path, false, stat), stat);
        } catch (KeeperException.NoNodeException e) {
            return null;
        }
    }

    /** The data of many; null for those that are not there. */
    List<byte @Nullable []> readAll(List<String> paths)
            throws KeeperException, InterruptedException {
        return all(
                paths,
                (zooKeeper, path, answer) -> zooKeeper.getData(
                        path,
                        false,
                        (code, p, c, data, stat) -> complete(answer, code, p, data),
                        null));
    }

    void deleteAll(List<String> paths) throws KeeperException, InterruptedException {
        this.<Boolean>all(
                paths,
                (zooKeeper, path, answer) -> zooKeeper.delete(
                        path, -1, (code, p, c) -> complete(answer, code, p, true), null));
    }

    /** Names, without order. */
    List<String> children(String path) throws KeeperException, InterruptedException {
        return zooKeeper().getChildren(path, false);
    }

    @Nullable
    Stat stat(String path) throws KeeperException, InterruptedException {
        return zooKeeper().exists(path, false);
    }

    /** Creates a node and returns its path. */
    String create(String path, byte[] data, CreateMode mode)
            throws KeeperException, InterruptedException {
        return zooKeeper().create(path, data, ZooDefs.Ids.OPEN_ACL_UNSAFE, mode);
    }

    /** Creates a node unless it is there. */
    void ensure(String path) throws KeeperException, InterruptedException {
        try {
            if (stat(path) == null) {
                create(path, new byte[0], CreateMode.PERSISTENT);
            }
        } catch (KeeperException.NodeExistsException e) {
            // Another node was faster.
        }
    }

    Stat write(String path, byte[] data, int version) throws KeeperException, InterruptedException {
        return zooKeeper().setData(path, data, version);
    }

    void delete(String path) throws KeeperException, InterruptedException {
        try {
            zooKeeper().delete(path, -1);
        } catch (KeeperException.NoNodeException e) {
            // That was the aim.
        }
    }

    List<OpResult> transaction(List<Op> operations) throws KeeperException, InterruptedException {
        return zooKeeper().multi(operations);
    }

    /** Has everything below a path watched for as long as the session lasts. */
    void watch(String path) throws KeeperException, InterruptedException {
        ZooKeeper zooKeeper = zooKeeper();
        if (zooKeeper.getSessionId() != watchedSession) {
            zooKeeper.addWatch(
                    path,
                    event -> {
                        if (event.getPath() != null) {
                            onChange.accept(event.getPath());
                        }
                    },
                    AddWatchMode.PERSISTENT_RECURSIVE);
            watchedSession = zooKeeper.getSessionId();
        }
    }

    long id() throws KeeperException {
        return zooKeeper().getSessionId();
    }

    /** Ends the session, and with it what it announced. */
    @Override
    public void close() {
        client.close();
    }

    private <T> List<@Nullable T> all(List<String> paths, Request<T> request)
            throws KeeperException, InterruptedException {
        List<@Nullable T> results = new ArrayList<>(paths.size());
        for (int from = 0; from < paths.size(); from += PIPELINED) {
            List<CompletableFuture<@Nullable T>> answers = new ArrayList<>();
            for (String path : paths.subList(from, Math.min(paths.size(), from + PIPELINED))) {
                CompletableFuture<@Nullable T> answer = new CompletableFuture<>();
                request.send(zooKeeper(), path, answer);
                answers.add(answer);
            }
            for (CompletableFuture<@Nullable T> answer : answers) {
                results.add(await(answer));
            }
        }
        return results;
    }

    private static <T> void complete(
            CompletableFuture<@Nullable T> answer, int code, String path, @Nullable T result) {
        KeeperException.Code known = KeeperException.Code.get(code);
        if (known == KeeperException.Code.OK) {
            answer.complete(result);
        } else if (known == KeeperException.Code.NONODE) {
            answer.complete(null);
        } else {
            answer.completeExceptionally(KeeperException.create(known, path));
        }
    }

    private static <T> @Nullable T await(CompletableFuture<@Nullable T> answer)
            throws KeeperException, InterruptedException {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof KeeperException failure) {
                throw failure;
            }
            throw new IllegalStateException("an answer of ZooKeeper", e);
        }
    }

    private ZooKeeper zooKeeper() throws KeeperException {
        if (!connected) {
            throw new KeeperException.ConnectionLossException();
        }
        try {
            return client.getZookeeperClient().getZooKeeper();
        } catch (KeeperException e) {
            throw e;
        } catch (Exception e) {
            // Declared by Curator; it means that there is no connection, for whatever reason.
            KeeperException lost = new KeeperException.ConnectionLossException();
            lost.initCause(e);
            throw lost;
        }
    }
}
