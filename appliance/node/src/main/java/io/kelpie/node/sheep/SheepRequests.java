package io.kelpie.node.sheep;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.LocalStore;
import io.kelpie.wire.frame.SheepReply;
import io.kelpie.wire.frame.SheepRequest;
import io.kelpie.wire.sheep.RequestHeader;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepProtocol;
import io.kelpie.wire.sheep.SheepResult;
import io.netty.buffer.ByteBufAllocator;

import org.jspecify.annotations.Nullable;

import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The one table from opcode to handler, behind the checks that every request passes in this order:
 * version, opcode, state of the cluster (Sheepdog protocol, sections 3 and 5). Core loop only.
 */
final class SheepRequests {
    private final Engine engine;
    private final RequestCounters counters = new RequestCounters();
    private final Map<SheepOpcode, Consumer<SheepExchange>> handlers =
            new EnumMap<>(SheepOpcode.class);

    SheepRequests(
            Engine engine,
            SheepNode node,
            LocalStore store,
            boolean alwaysDurable,
            ByteBufAllocator allocator) {
        this.engine = engine;
        ObjectRequests objects = new ObjectRequests(engine, alwaysDurable);
        handlers.put(SheepOpcode.READ_OBJ, objects::read);
        handlers.put(SheepOpcode.WRITE_OBJ, objects::write);
        handlers.put(SheepOpcode.CREATE_AND_WRITE_OBJ, objects::create);
        handlers.put(SheepOpcode.REMOVE_OBJ, objects::remove);
        handlers.put(SheepOpcode.DISCARD_OBJ, objects::discard);
        handlers.put(SheepOpcode.FLUSH_VDI, objects::flush);
        handlers.put(SheepOpcode.EXIST, objects::exist);

        VdiRequests vdis = new VdiRequests(engine, allocator);
        handlers.put(SheepOpcode.NEW_VDI, vdis::create);
        handlers.put(SheepOpcode.LOCK_VDI, vdis::find);
        handlers.put(SheepOpcode.GET_VDI_INFO, vdis::find);
        handlers.put(SheepOpcode.RELEASE_VDI, vdis::release);
        handlers.put(SheepOpcode.DEL_VDI, vdis::delete);
        handlers.put(SheepOpcode.GET_VDI_ATTR, vdis::attribute);
        handlers.put(SheepOpcode.READ_VDIS, vdis::readInUse);
        handlers.put(SheepOpcode.READ_DEL_VDIS, vdis::readDeleted);
        handlers.put(SheepOpcode.GET_VDI_COPIES, vdis::readStates);

        ClusterRequests cluster = new ClusterRequests(engine, node, store, counters, allocator);
        handlers.put(SheepOpcode.GET_CLUSTER_DEFAULT, cluster::readDefaults);
        handlers.put(SheepOpcode.GET_NODE_LIST, cluster::listNodes);
        handlers.put(SheepOpcode.STAT_SHEEP, cluster::readSpace);
        handlers.put(SheepOpcode.STAT_CLUSTER, cluster::readEpochs);
        handlers.put(SheepOpcode.CLUSTER_INFO, cluster::readCluster);
        handlers.put(SheepOpcode.MAKE_FS, cluster::format);
        handlers.put(SheepOpcode.SHUTDOWN, cluster::shutdown);
        handlers.put(SheepOpcode.KILL_NODE, cluster::kill);
        handlers.put(SheepOpcode.ENABLE_RECOVER, cluster::enableRecovery);
        handlers.put(SheepOpcode.DISABLE_RECOVER, cluster::disableRecovery);
        handlers.put(SheepOpcode.REWEIGHT, cluster::reweight);
        handlers.put(SheepOpcode.SET_RECOVERY, cluster::setThrottle);
        handlers.put(SheepOpcode.FORCE_RECOVER, cluster::forceRecover);
        handlers.put(SheepOpcode.GET_STORE_LIST, cluster::listStores);
        handlers.put(SheepOpcode.STAT, cluster::readCounters);
        handlers.put(SheepOpcode.MD_INFO, cluster::readDisks);
        handlers.put(SheepOpcode.STAT_RECOVERY, cluster::readRecovery);
        handlers.put(SheepOpcode.GET_RECOVERY, cluster::readThrottle);
        handlers.put(SheepOpcode.GET_LOGLEVEL, cluster::readLogLevel);
        handlers.put(SheepOpcode.GET_VNODES, cluster::readVnodes);
        handlers.put(SheepOpcode.SET_VNODES, cluster::setVnodes);
        handlers.put(SheepOpcode.CLEANUP, cluster::accept);
        handlers.put(SheepOpcode.FLUSH_DEL_CACHE, cluster::accept);
        handlers.put(SheepOpcode.DELETE_CACHE, cluster::accept);
        handlers.put(SheepOpcode.TRACE_STATUS, cluster::accept);
        handlers.put(SheepOpcode.TRACE_READ_BUF, cluster::accept);
        handlers.put(SheepOpcode.TRACE_ENABLE, cluster::accept);
        handlers.put(SheepOpcode.TRACE_DISABLE, cluster::accept);
    }

    /**
     * Answers a request.
     *
     * @param request the request, whose payload's ownership passes here
     * @param replies takes the one answer, which it then owns
     */
    void handle(SheepRequest request, Consumer<SheepReply> replies) {
        RequestHeader header = request.header();
        SheepOpcode opcode = SheepOpcode.of(header.opcode());
        boolean counted = opcode != null && RequestCounters.isCounted(opcode);
        SheepExchange exchange = new SheepExchange(request, () -> engine.map().epoch(), reply -> {
            if (counted) {
                counters.onReply();
            }
            replies.accept(reply);
        });
        if (opcode != null && counted) {
            counters.onRequest(opcode, header);
        }
        SheepResult refusal = refusal(header, opcode);
        Consumer<SheepExchange> handler = opcode == null ? null : handlers.get(opcode);
        if (refusal != SheepResult.SUCCESS) {
            exchange.reply(refusal);
        } else if (handler == null) {
            exchange.reply(SheepResult.NO_SUPPORT);
        } else {
            handler.accept(exchange);
        }
    }

    private SheepResult refusal(RequestHeader header, @Nullable SheepOpcode opcode) {
        boolean internal = header.opcode() >= SheepProtocol.INTERNAL_OPCODES;
        boolean versionFits = internal
                ? header.version() == SheepProtocol.SHEEP_VERSION
                : header.version() <= SheepProtocol.CLIENT_VERSION;
        if (!versionFits) {
            return SheepResult.VER_MISMATCH;
        }
        if (opcode == null) {
            return SheepResult.INVALID_PARMS;
        }
        ErrorCode state = engine.refusal();
        boolean waiting = state == ErrorCode.NOT_FORMATTED || state == ErrorCode.NOT_JOINED;
        if (state == null || (waiting && opcode.isForce())) {
            return SheepResult.SUCCESS;
        }
        return ResultCodes.of(state);
    }
}
