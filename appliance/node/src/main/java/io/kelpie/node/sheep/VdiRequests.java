package io.kelpie.node.sheep;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.vdi.AttributeRequest;
import io.kelpie.cluster.vdi.CreateRequest;
import io.kelpie.cluster.vdi.InodeLayout;
import io.kelpie.cluster.vdi.VdiEntry;
import io.kelpie.wire.sheep.HeaderWords;
import io.kelpie.wire.sheep.NamePayload;
import io.kelpie.wire.sheep.NodeIdRecord;
import io.kelpie.wire.sheep.SheepFlags;
import io.kelpie.wire.sheep.SheepFormatException;
import io.kelpie.wire.sheep.SheepName;
import io.kelpie.wire.sheep.SheepProtocol;
import io.kelpie.wire.sheep.SheepResult;
import io.kelpie.wire.sheep.VdiAnswer;
import io.kelpie.wire.sheep.VdiArguments;
import io.kelpie.wire.sheep.VdiStateRecord;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** VDI requests (Sheepdog protocol, sections 10 to 14). Core loop only. */
final class VdiRequests {
    private final Engine engine;
    private final ByteBufAllocator allocator;

    VdiRequests(Engine engine, ByteBufAllocator allocator) {
        this.engine = engine;
        this.allocator = allocator;
    }

    void create(SheepExchange exchange) {
        VdiArguments arguments = VdiArguments.decode(exchange.words());
        NamePayload name = name(exchange);
        if (name == null || exchange.payloadBytes() != NamePayload.NAME_ONLY_BYTES) {
            exchange.reply(SheepResult.INVALID_PARMS);
            return;
        }
        boolean derived = arguments.snapshotId() != 0 || arguments.baseVdiId() != 0;
        if (derived || arguments.copyPolicy() != 0 || arguments.storePolicy() != 0) {
            exchange.reply(SheepResult.NO_SUPPORT);
            return;
        }
        CreateRequest request = new CreateRequest(
                text(name.name()),
                arguments.vdiSizeBytes(),
                arguments.copies(),
                arguments.blockSizeShift());
        ClusterSettings defaults = engine.map().settings();
        int copies = request.copies() == 0 ? defaults.copies() : request.copies();
        int shift = request.blockSizeShift() == 0
                ? defaults.blockSizeShift()
                : request.blockSizeShift();
        engine.createVdi(request, new Completion<>() {
            @Override
            public void done(VdiEntry row) {
                replyRow(exchange, row);
            }

            @Override
            public void failed(ErrorCode error) {
                // As upstream: a refusal tells what the VDI would have been.
                exchange.reply(ResultCodes.of(error), new VdiAnswer(0, 0, copies, shift).encode());
            }
        });
    }

    /** Also LOCK_VDI: without the cluster's lock flag, locking is a lookup. */
    void find(SheepExchange exchange) {
        NamePayload name = name(exchange);
        if (name == null) {
            exchange.reply(SheepResult.INVALID_PARMS);
            return;
        }
        VdiArguments arguments = VdiArguments.decode(exchange.words());
        engine.lookup(
                text(name.name()),
                text(name.tag()),
                arguments.snapshotId(),
                exchange.completion(row -> replyRow(exchange, row)));
    }

    void delete(SheepExchange exchange) {
        NamePayload name = name(exchange);
        if (name == null) {
            exchange.reply(SheepResult.INVALID_PARMS);
            return;
        }
        VdiArguments arguments = VdiArguments.decode(exchange.words());
        engine.deleteVdi(
                text(name.name()),
                text(name.tag()),
                arguments.snapshotId(),
                exchange.completion(row -> exchange.reply(
                        SheepResult.SUCCESS, new VdiAnswer(row.id().value(), 0, 0, 0).encode())));
    }

    void release(SheepExchange exchange) {
        exchange.reply(SheepResult.SUCCESS);
    }

    void attribute(SheepExchange exchange) {
        if (exchange.payloadBytes() != InodeLayout.ATTRIBUTE_BYTES) {
            exchange.reply(SheepResult.INVALID_PARMS);
            return;
        }
        VdiArguments arguments = VdiArguments.decode(exchange.words());
        AttributeRequest.Action action = action(exchange);
        Payload attribute = exchange.takePayload();
        engine.attribute(
                new AttributeRequest(action, arguments.snapshotId(), attribute),
                exchange.completion(location -> {
                    int copies = engine.map().settings().copies();
                    ErrorCode refusal = location.refusal();
                    exchange.reply(
                            refusal == null ? SheepResult.SUCCESS : ResultCodes.of(refusal),
                            new VdiAnswer(location.vdi(), location.attributeId(), copies, 0)
                                    .encode());
                }));
    }

    private static AttributeRequest.Action action(SheepExchange exchange) {
        if (exchange.hasFlag(SheepFlags.DELETE)) {
            return AttributeRequest.Action.DELETE;
        }
        if (!exchange.hasFlag(SheepFlags.CREATE)) {
            return AttributeRequest.Action.GET;
        }
        return exchange.hasFlag(SheepFlags.EXCLUSIVE)
                ? AttributeRequest.Action.PUT_NEW
                : AttributeRequest.Action.PUT;
    }

    /** One bit for each id that is in use; deleted VDIs stay in use, as clients probe past them. */
    void readInUse(SheepExchange exchange) {
        replyBitmap(exchange, false);
    }

    void readDeleted(SheepExchange exchange) {
        replyBitmap(exchange, true);
    }

    private void replyBitmap(SheepExchange exchange, boolean deletedOnly) {
        if (exchange.header().dataLength() != SheepProtocol.VDI_BITMAP_BYTES) {
            exchange.reply(SheepResult.INVALID_PARMS);
            return;
        }
        ByteBuf bitmap = allocator.directBuffer(
                SheepProtocol.VDI_BITMAP_BYTES, SheepProtocol.VDI_BITMAP_BYTES);
        bitmap.writeZero(SheepProtocol.VDI_BITMAP_BYTES);
        for (VdiEntry row : engine.vdis()) {
            if (!deletedOnly || isDeleted(row)) {
                int number = row.id().value();
                int at = number >>> 3;
                bitmap.setByte(at, bitmap.getByte(at) | 1 << (number & 7));
            }
        }
        exchange.reply(SheepResult.SUCCESS, HeaderWords.ZERO, bitmap);
    }

    void readStates(SheepExchange exchange) {
        List<VdiEntry> rows = engine.vdis();
        long length = (long) rows.size() * VdiStateRecord.BYTES;
        if (length > exchange.header().dataLength() || length > SheepServer.MAX_READ_BYTES) {
            exchange.reply(SheepResult.BUFFER_SMALL);
            return;
        }
        ByteBuf states = allocator.directBuffer((int) length, (int) length);
        states.writerIndex((int) length);
        ByteBuffer out = states.nioBuffer();
        for (VdiEntry row : rows) {
            new VdiStateRecord(
                            row.id().value(),
                            row.copies(),
                            row.snapshot() ? 1 : 0,
                            isDeleted(row) ? 1 : 0,
                            0,
                            row.blockSizeShift(),
                            row.parent(),
                            VdiStateRecord.LOCK_UNLOCKED,
                            NodeIdRecord.NONE,
                            List.of())
                    .encode(out);
        }
        exchange.reply(SheepResult.SUCCESS, HeaderWords.ZERO, states);
    }

    private static boolean isDeleted(VdiEntry row) {
        return row.state() == VdiEntry.VdiState.DELETED
                || row.state() == VdiEntry.VdiState.DELETING;
    }

    private static void replyRow(SheepExchange exchange, VdiEntry row) {
        exchange.reply(
                SheepResult.SUCCESS,
                new VdiAnswer(row.id().value(), 0, row.copies(), row.blockSizeShift()).encode());
    }

    private static @Nullable NamePayload name(SheepExchange exchange) {
        try {
            return NamePayload.decode(exchange.payloadView());
        } catch (SheepFormatException e) {
            return null; // The length says it all, and so does INVALID_PARMS.
        }
    }

    private static String text(SheepName name) {
        return new String(name.bytes(), StandardCharsets.ISO_8859_1);
    }
}
