package io.kelpie.node.sheep;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.membership.EpochLog.Epoch;
import io.kelpie.cluster.membership.Liveness.PeerStatus;
import io.kelpie.cluster.membership.UncleanLog.Unclean;
import io.kelpie.cluster.message.ControlMessage.OrderKind;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.port.LocalStore;
import io.kelpie.cluster.recovery.SessionProgress;
import io.kelpie.cluster.vdi.InodeLayout;
import io.kelpie.wire.sheep.ClusterArguments;
import io.kelpie.wire.sheep.ClusterDefaultAnswer;
import io.kelpie.wire.sheep.ClusterFlags;
import io.kelpie.wire.sheep.ClusterInfoRecord;
import io.kelpie.wire.sheep.EpochLogRecord;
import io.kelpie.wire.sheep.HeaderWords;
import io.kelpie.wire.sheep.MdInfoRecord;
import io.kelpie.wire.sheep.NodeAddress;
import io.kelpie.wire.sheep.NodeAnswer;
import io.kelpie.wire.sheep.NodeIdRecord;
import io.kelpie.wire.sheep.NodeRecord;
import io.kelpie.wire.sheep.RecoveryStateRecord;
import io.kelpie.wire.sheep.RecoveryThrottleRecord;
import io.kelpie.wire.sheep.SheepName;
import io.kelpie.wire.sheep.SheepResult;
import io.kelpie.wire.sheep.StatRecord;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/**
 * Requests about the node and the cluster (Sheepdog protocol, sections 7.1, 7.2). Core loop only.
 */
final class ClusterRequests {
    private static final int DEFAULT_COPIES = 3;
    private static final int VNODES = 128;
    private static final int LOG_LEVEL_INFO = 6;
    private static final long NANOS_PER_SECOND = 1_000_000_000L;
    private static final int RECOVERY_SESSIONS = 2;
    private static final List<String> STORES = List.of("plain", "tree");
    /** What a format may ask for; the other flags change rules that this version does not keep. */
    private static final int KNOWN_FLAGS =
            ClusterFlags.AUTO_VNODES | ClusterFlags.STRICT | ClusterFlags.AVOID_DISK_FULL;

    private final Engine engine;
    private final SheepNode node;
    private final LocalStore store;
    private final RequestCounters counters;
    private final ByteBufAllocator allocator;
    private RecoveryThrottleRecord throttle = new RecoveryThrottleRecord(0, 0, 0);

    ClusterRequests(
            Engine engine,
            SheepNode node,
            LocalStore store,
            RequestCounters counters,
            ByteBufAllocator allocator) {
        this.engine = engine;
        this.node = node;
        this.store = store;
        this.counters = counters;
        this.allocator = allocator;
    }

    void readDefaults(SheepExchange exchange) {
        ClusterSettings settings = engine.map().settings();
        exchange.reply(
                SheepResult.SUCCESS,
                new ClusterDefaultAnswer(settings.copies(), 0, settings.blockSizeShift()).encode());
    }

    void listNodes(SheepExchange exchange) {
        List<NodeRecord> nodes = present();
        HeaderWords words = new NodeAnswer(nodes.size(), 0, 0).encode();
        int length = nodes.size() * NodeRecord.BYTES;
        if (length > exchange.header().dataLength()) {
            exchange.reply(SheepResult.BUFFER_SMALL);
            return;
        }
        exchange.reply(
                SheepResult.SUCCESS,
                words,
                encoded(length, out -> nodes.forEach(each -> each.encode(out))));
    }

    void readSpace(SheepExchange exchange) {
        LocalStore.Space space = store.space();
        exchange.reply(
                SheepResult.SUCCESS,
                new NodeAnswer(0, space.totalBytes(), space.freeBytes()).encode());
    }

    void readEpochs(SheepExchange exchange) {
        long slots = ClusterArguments.decode(exchange.words()).nodeSlots();
        long recordBytes = EpochLogRecord.bytes(slots);
        List<Epoch> epochs = engine.epochs();
        long count = Math.min(exchange.header().dataLength() / recordBytes, epochs.size());
        List<EpochLogRecord> records = new ArrayList<>();
        boolean small = false;
        for (int i = 0; i < count && !small; i++) {
            Epoch epoch = epochs.get(epochs.size() - 1 - i);
            small = slots != 0 && epoch.members().size() > slots;
            if (!small) {
                records.add(record(epoch, i == 0, slots != 0));
            }
        }
        if (recordBytes * records.size() > SheepServer.MAX_READ_BYTES) {
            exchange.reply(SheepResult.INVALID_PARMS);
            return;
        }
        int length = (int) (recordBytes * records.size());
        ByteBuf data =
                encoded(length, out -> records.forEach(each -> each.encode(out, (int) slots)));
        exchange.reply(small ? SheepResult.BUFFER_SMALL : status(), HeaderWords.ZERO, data);
    }

    private List<NodeRecord> nodesOf(List<Member> members) {
        List<Member> sorted = new ArrayList<>(members);
        sorted.sort(Comparator.comparing(Member::endpoint));
        return sorted.stream().map(member -> nodeOf(member, sorted)).toList();
    }

    private SheepResult status() {
        ErrorCode refusal = engine.refusal();
        return refusal == null ? SheepResult.SUCCESS : ResultCodes.of(refusal);
    }

    private EpochLogRecord record(Epoch epoch, boolean newest, boolean withNodes) {
        ClusterSettings settings = engine.map().settings();
        List<NodeRecord> nodes = withNodes ? nodesOf(epoch.members()) : List.of();
        long seconds = epoch.timeNanos() / NANOS_PER_SECOND;
        if (!newest) {
            return new EpochLogRecord(
                    0, seconds, epoch.epoch(), 0, 0, 0, 0, SheepName.EMPTY, nodes);
        }
        return new EpochLogRecord(
                InodeLayout.time(settings.createdNanos()),
                seconds,
                epoch.epoch(),
                recoveryDisabled(),
                settings.copies(),
                0,
                settings.flags(),
                SheepName.of(settings.store()),
                nodes);
    }

    void readCluster(SheepExchange exchange) {
        if (exchange.header().dataLength() < ClusterInfoRecord.BYTES) {
            exchange.reply(SheepResult.BUFFER_SMALL);
            return;
        }
        ClusterMap map = engine.map();
        ClusterSettings settings = map.settings();
        int status = switch (map.status()) {
            case UNFORMATTED -> ClusterInfoRecord.STATUS_WAIT;
            case RUNNING -> ClusterInfoRecord.STATUS_OK;
            case SHUTDOWN -> ClusterInfoRecord.STATUS_SHUTDOWN;
        };
        boolean formatted = map.epoch() != 0;
        if (engine.refusal() == ErrorCode.NOT_JOINED) {
            status = ClusterInfoRecord.STATUS_WAIT;
        }
        ClusterInfoRecord record = new ClusterInfoRecord(
                recoveryDisabled(),
                map.epoch(),
                InodeLayout.time(settings.createdNanos()),
                settings.flags(),
                formatted ? settings.copies() : 0,
                0,
                status,
                formatted ? settings.blockSizeShift() : 0,
                SheepName.of(settings.store()),
                nodesOf(engine.nodes()));
        exchange.reply(
                SheepResult.SUCCESS,
                HeaderWords.ZERO,
                encoded(ClusterInfoRecord.BYTES, record::encode));
    }

    private int recoveryDisabled() {
        return (engine.map().flags() & ClusterMap.FLAG_NO_RECOVERY) == 0 ? 0 : 1;
    }

    void format(SheepExchange exchange) {
        ClusterArguments arguments = ClusterArguments.decode(exchange.words());
        String storeName = SheepName.decode(exchange.payloadView(), exchange.payloadBytes())
                .toString();
        if (!STORES.contains(storeName)) {
            exchange.reply(SheepResult.NO_STORE);
            return;
        }
        int copies = arguments.copies() == 0 ? DEFAULT_COPIES : arguments.copies();
        int shift = arguments.blockSizeShift() == 0
                ? ClusterSettings.DEFAULT_SHIFT
                : arguments.blockSizeShift();
        int flags = arguments.clusterFlags();
        boolean strictlyTooFew =
                (flags & ClusterFlags.STRICT) != 0 && copies > present().size();
        if ((flags & ~KNOWN_FLAGS) != 0 || arguments.copyPolicy() != 0 || strictlyTooFew) {
            exchange.reply(SheepResult.NO_SUPPORT);
            return;
        }
        boolean shiftFits =
                shift >= ClusterSettings.MIN_SHIFT && shift <= ClusterSettings.MAX_SHIFT;
        if (copies > ClusterSettings.MAX_COPIES || !shiftFits) {
            exchange.reply(SheepResult.INVALID_PARMS);
            return;
        }
        long time = arguments.creationTime();
        long createdNanos = (time >>> Integer.SIZE) * NANOS_PER_SECOND + (time & 0xFFFFFFFFL);
        engine.format(
                new ClusterSettings(createdNanos, flags, copies, shift, storeName),
                exchange.outcome());
    }

    void shutdown(SheepExchange exchange) {
        engine.shutdownCluster(exchange.completion(done -> {
            exchange.reply(SheepResult.SUCCESS);
            node.stop();
        }));
    }

    void kill(SheepExchange exchange) {
        exchange.reply(SheepResult.SUCCESS);
        node.stop();
    }

    void enableRecovery(SheepExchange exchange) {
        order(exchange, OrderKind.RECOVERY_ON);
    }

    void disableRecovery(SheepExchange exchange) {
        order(exchange, OrderKind.RECOVERY_OFF);
    }

    private void order(SheepExchange exchange, OrderKind kind) {
        if (engine.map().status() == ClusterStatus.UNFORMATTED) {
            exchange.reply(SheepResult.WAIT_FOR_FORMAT);
        } else {
            engine.order(kind, null, exchange.outcome());
        }
    }

    /** Weights follow from what the nodes announce; there is nothing to measure again. */
    void reweight(SheepExchange exchange) {
        exchange.reply(
                engine.map().status() == ClusterStatus.UNFORMATTED
                        ? SheepResult.WAIT_FOR_FORMAT
                        : SheepResult.SUCCESS);
    }

    /** For a cluster that waits: as a whole for members, or some of its groups for theirs. */
    void forceRecover(SheepExchange exchange) {
        boolean waits = engine.refusal() == ErrorCode.NOT_JOINED || hasInactiveGroup();
        if (!waits || engine.epochs().isEmpty()) {
            exchange.reply(SheepResult.FORCE_RECOVER);
            return;
        }
        List<Epoch> epochs = engine.epochs();
        List<NodeRecord> last = nodesOf(epochs.get(epochs.size() - 1).members());
        int length = last.size() * NodeRecord.BYTES;
        if (length > exchange.header().dataLength()) {
            exchange.reply(SheepResult.INVALID_PARMS);
            return;
        }
        List<Unclean> before = engine.uncleanStarts();
        engine.order(
                OrderKind.START,
                null,
                exchange.completion(started -> engine.order(
                        OrderKind.FORCE_RECOVERY,
                        null,
                        exchange.completion(forced -> exchange.reply(
                                SheepResult.SUCCESS,
                                new NodeAnswer(startedSince(before), 0, 0).encode(),
                                encoded(length, out -> last.forEach(each -> each.encode(out))))))));
    }

    /** How many groups were started by force after those already known. */
    private int startedSince(List<Unclean> before) {
        List<Unclean> now = new ArrayList<>(engine.uncleanStarts());
        now.removeAll(before);
        return now.stream().mapToInt(each -> each.starts().size()).sum();
    }

    private boolean hasInactiveGroup() {
        return engine.map().groups().stream().anyMatch(group -> group.primary() == PgEntry.NONE);
    }

    void listStores(SheepExchange exchange) {
        ByteBuf names = Unpooled.copiedBuffer("tree plain \0", StandardCharsets.US_ASCII);
        if (names.readableBytes() > exchange.header().dataLength()) {
            exchange.reply(SheepResult.BUFFER_SMALL);
        } else {
            exchange.reply(SheepResult.SUCCESS, HeaderWords.ZERO, names);
        }
    }

    void readCounters(SheepExchange exchange) {
        replyRecord(exchange, StatRecord.BYTES, counters.snapshot()::encode);
    }

    void readDisks(SheepExchange exchange) {
        if (exchange.header().dataLength() != MdInfoRecord.BYTES) {
            exchange.reply(SheepResult.INVALID_PARMS);
            return;
        }
        LocalStore.Space space = store.space();
        MdInfoRecord.Disk disk = new MdInfoRecord.Disk(
                0,
                space.freeBytes(),
                space.totalBytes() - space.freeBytes(),
                SheepName.of(node.storePath()));
        replyRecord(exchange, MdInfoRecord.BYTES, new MdInfoRecord(List.of(disk))::encode);
    }

    /** The learners that this node brings up to date, in objects. */
    void readRecovery(SheepExchange exchange) {
        if (engine.map().status() == ClusterStatus.UNFORMATTED) {
            exchange.reply(SheepResult.WAIT_FOR_FORMAT);
            return;
        }
        long done = 0;
        long left = 0;
        List<SessionProgress> sessions = engine.recovery();
        for (SessionProgress session : sessions) {
            done += session.objectsCompared();
            left += session.objectsLeft();
        }
        RecoveryStateRecord state = sessions.isEmpty()
                ? RecoveryStateRecord.IDLE
                : new RecoveryStateRecord(1, 1, done, done + left);
        replyRecord(exchange, RecoveryStateRecord.BYTES, state::encode);
    }

    void readThrottle(SheepExchange exchange) {
        replyRecord(exchange, RecoveryThrottleRecord.BYTES, throttle::encode);
    }

    /** So many objects per interval become so many bytes a second. */
    void setThrottle(SheepExchange exchange) {
        if (exchange.payloadBytes() != RecoveryThrottleRecord.BYTES) {
            exchange.reply(SheepResult.INVALID_PARMS);
            return;
        }
        RecoveryThrottleRecord asked = RecoveryThrottleRecord.decode(exchange.payloadView());
        long objects = asked.maxObjects();
        long millis = asked.intervalMillis();
        boolean limits = objects > 0 && millis > 0;
        throttle = new RecoveryThrottleRecord(objects, millis, limits ? 1 : 0);
        double perSecond =
                (double) objects * (1L << engine.map().settings().blockSizeShift()) * 1000 / millis;
        engine.limitRecovery(
                RECOVERY_SESSIONS, limits ? Math.max(1, (long) Math.min(1e15, perSecond)) : 0);
        exchange.reply(SheepResult.SUCCESS);
    }

    void readLogLevel(SheepExchange exchange) {
        replyRecord(
                exchange,
                Integer.BYTES,
                out -> out.order(ByteOrder.LITTLE_ENDIAN).putInt(LOG_LEVEL_INFO));
    }

    void readVnodes(SheepExchange exchange) {
        replyRecord(
                exchange,
                Integer.BYTES,
                out -> out.order(ByteOrder.LITTLE_ENDIAN).putInt(VNODES));
    }

    /** The number of virtual nodes follows the node's space here, always. */
    void setVnodes(SheepExchange exchange) {
        exchange.reply(SheepResult.INVALID_VNODES_STRATEGY);
    }

    /** For what has nothing to do here: caches that do not exist, tracing that is not built in. */
    void accept(SheepExchange exchange) {
        exchange.reply(SheepResult.SUCCESS);
    }

    private void replyRecord(SheepExchange exchange, int bytes, Consumer<ByteBuffer> record) {
        if (exchange.header().dataLength() < bytes) {
            exchange.reply(SheepResult.BUFFER_SMALL);
        } else {
            exchange.reply(SheepResult.SUCCESS, HeaderWords.ZERO, encoded(bytes, record));
        }
    }

    private ByteBuf encoded(int bytes, Consumer<ByteBuffer> record) {
        if (bytes == 0) {
            return Unpooled.EMPTY_BUFFER;
        }
        ByteBuf buffer = allocator.directBuffer(bytes, bytes);
        record.accept(buffer.nioBuffer(0, bytes));
        return buffer.writerIndex(bytes);
    }

    private List<NodeRecord> present() {
        List<Member> nodes = engine.nodes();
        return nodes.stream().map(member -> nodeOf(member, nodes)).toList();
    }

    /** Virtual nodes are shown in proportion to weight, as upstream's ring would have them. */
    private NodeRecord nodeOf(Member member, List<Member> among) {
        Endpoint endpoint = member.endpoint();
        NodeAddress address = new NodeAddress(endpoint.high(), endpoint.low(), endpoint.port());
        double mean = among.stream()
                .mapToInt(Member::weightGib)
                .filter(weight -> weight > 0)
                .average()
                .orElse(1);
        int vnodes = (int) Math.min(0xFFFF, Math.round(VNODES * member.weightGib() / mean));
        return new NodeRecord(
                new NodeIdRecord(address, NodeAddress.NONE),
                vnodes,
                Integer.toUnsignedLong(member.zone()),
                spaceOf(member));
    }

    private long spaceOf(Member member) {
        for (PeerStatus peer : engine.peers()) {
            if (peer.node().equals(member.node())) {
                return peer.totalBytes();
            }
        }
        return store.space().totalBytes();
    }
}
