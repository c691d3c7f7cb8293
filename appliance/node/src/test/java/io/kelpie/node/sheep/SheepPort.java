package io.kelpie.node.sheep;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.engine.EngineConfig;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Ports;
import io.kelpie.node.coordinator.SingleCoordinator;
import io.kelpie.node.runtime.BufferPayloads;
import io.kelpie.node.runtime.Closer;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.SecureEntropy;
import io.kelpie.node.runtime.SystemClock;
import io.kelpie.node.store.NodeIdentity;
import io.kelpie.node.store.RocksLocalStore;
import io.kelpie.node.trace.LogTracer;
import io.kelpie.node.trace.TraceRing;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.StoreConfig;
import io.kelpie.store.rocks.RocksObjectStore;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A node with nothing but the Sheepdog port, on a real store. */
final class SheepPort implements AutoCloseable {
    private static final long LIMIT_SECONDS = 60;
    private static final int QUEUE = 1 << 16;
    private static final long OBJECT_BYTES = 64 << 20;

    private final Closer closer = new Closer();
    private final CountDownLatch stopRequested = new CountDownLatch(1);
    private final CoreLoop loop;
    private final Engine engine;
    private final InetSocketAddress address;

    SheepPort(Path directory, boolean alwaysDurable) throws Exception {
        ObjectStore store = closer.add(
                "store",
                RocksObjectStore.open(StoreConfig.at(directory)
                        .withMemory(64L << 20, 16L << 20)
                        .withReserveBytes(16L << 20)));
        SystemClock clock = new SystemClock();
        SecureEntropy entropy = new SecureEntropy();
        LogTracer tracer = new LogTracer("test", new TraceRing());
        NodeIdentity identity = NodeIdentity.begin(store, entropy, NodeIdentity.bootIdOfHost());
        loop = closer.add(
                "loop", CoreLoop.start(clock, QUEUE, failure -> failure.printStackTrace()));
        PooledByteBufAllocator allocator = PooledByteBufAllocator.DEFAULT;
        RocksLocalStore local =
                closer.add("local", new RocksLocalStore(store, loop, allocator, 2, tracer));
        SingleCoordinator coordinator =
                closer.add("coordinator", SingleCoordinator.open(store, loop, tracer));
        Ports ports = new Ports(
                clock,
                loop.timers(),
                entropy,
                new BufferPayloads(allocator),
                local,
                coordinator,
                Peers.NONE,
                tracer);
        Endpoint endpoint = new Endpoint(0, 0x7F000002L, 17000);
        engine = new Engine(
                new EngineConfig(
                        identity.node(), identity.incarnation(), endpoint, 0, 1, 4, alwaysDurable),
                ports);
        await(engine::start);
        MultiThreadIoEventLoopGroup group =
                new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        closer.add(
                "group",
                () -> group.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly());
        Member self = new Member(0, identity.node(), identity.incarnation(), endpoint, 0, 1);
        SheepNode node = new SheepNode(self, directory.toString(), stopRequested::countDown);
        SheepServer server = closer.add(
                "server",
                new SheepServer(
                        group,
                        loop,
                        engine,
                        local,
                        node,
                        alwaysDurable,
                        4 * OBJECT_BYTES,
                        OBJECT_BYTES));
        address = server.listen(new InetSocketAddress("127.0.0.1", 0));
    }

    InetSocketAddress address() {
        return address;
    }

    boolean isStopRequested() {
        return stopRequested.getCount() == 0;
    }

    private void await(Consumer<Completion<Outcome>> call) {
        CompletableFuture<Outcome> future = new CompletableFuture<>();
        loop.post(() -> call.accept(new Completion<>() {
            @Override
            public void done(Outcome result) {
                future.complete(result);
            }

            @Override
            public void failed(ErrorCode error) {
                future.completeExceptionally(new IllegalStateException(error.toString()));
            }
        }));
        future.orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS).join();
    }

    @Override
    public void close() {
        await(engine::stop);
        closer.close();
    }
}
