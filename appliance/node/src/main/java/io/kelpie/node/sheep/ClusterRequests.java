package io.kelpie.node.sheep;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.membership.EpochLog.Epoch;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.port.LocalStore;
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

import org.jspecify.annotations.Nullable;

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
    private static final List<String> STORES = List.of("plain", "tree");
    /** What a format may ask for; the other flags change rules that this version does not keep. */
    private static final int KNOWN_FLAGS =
            ClusterFlags.AUTO_VNODES | ClusterFlags.STRICT | ClusterFlags.AVOID_DISK_FULL;

    private final Engine engine;
    private final SheepNode node;
    private final LocalStore store;
    private final RequestCounters counters;
    private final ByteBufAllocator allocator;

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

    private SheepResult status() {
        ErrorCode refusal = engine.refusal();
        return refusal == null ? SheepResult.SUCCESS : ResultCodes.of(refusal);
    }

    private EpochLogRecord record(Epoch epoch, boolean newest, boolean withNodes) {
        ClusterSettings settings = engine.map().settings();
        List<NodeRecord> nodes =
                withNodes ? epoch.members().stream().map(this::nodeOf).toList() : List.of();
        long seconds = epoch.timeNanos() / NANOS_PER_SECOND;
        if (!newest) {
            return new EpochLogRecord(
                    0, seconds, epoch.epoch(), 0, 0, 0, 0, SheepName.EMPTY, nodes);
        }
        return new EpochLogRecord(
                InodeLayout.time(settings.createdNanos()),
                seconds,
                epoch.epoch(),
                0,
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
        ClusterInfoRecord record = new ClusterInfoRecord(
                0,
                map.epoch(),
                InodeLayout.time(settings.createdNanos()),
                settings.flags(),
                formatted ? settings.copies() : 0,
                0,
                status,
                formatted ? settings.blockSizeShift() : 0,
                SheepName.of(settings.store()),
                map.members().stream().map(this::nodeOf).toList());
        exchange.reply(
                SheepResult.SUCCESS,
                HeaderWords.ZERO,
                encoded(ClusterInfoRecord.BYTES, record::encode));
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

    void forceRecover(SheepExchange exchange) {
        exchange.reply(SheepResult.FORCE_RECOVER);
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

    void readRecovery(SheepExchange exchange) {
        replyRecord(
                exchange, RecoveryStateRecord.BYTES, new RecoveryStateRecord(0, 0, 0, 0)::encode);
    }

    void readThrottle(SheepExchange exchange) {
        replyRecord(
                exchange,
                RecoveryThrottleRecord.BYTES,
                new RecoveryThrottleRecord(0, 0, 0)::encode);
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

    /** The members, or before the first format this node alone, by address and port. */
    private List<NodeRecord> present() {
        List<Member> members = engine.map().members();
        @Nullable Member self = members.isEmpty() ? node.self() : null;
        List<Member> sorted = new ArrayList<>(self == null ? members : List.of(self));
        sorted.sort(Comparator.comparing(Member::endpoint));
        return sorted.stream().map(this::nodeOf).toList();
    }

    private NodeRecord nodeOf(Member member) {
        Endpoint endpoint = member.endpoint();
        NodeAddress address = new NodeAddress(endpoint.high(), endpoint.low(), endpoint.port());
        int vnodes = member.weightGib() == 0 ? 0 : VNODES;
        return new NodeRecord(
                new NodeIdRecord(address, NodeAddress.NONE),
                vnodes,
                Integer.toUnsignedLong(member.zone()),
                store.space().totalBytes());
    }
}
