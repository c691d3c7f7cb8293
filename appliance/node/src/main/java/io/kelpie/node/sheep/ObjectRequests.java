package io.kelpie.node.sheep;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.node.runtime.BufferPayload;
import io.kelpie.wire.sheep.HeaderWords;
import io.kelpie.wire.sheep.ObjectArguments;
import io.kelpie.wire.sheep.SheepFlags;
import io.kelpie.wire.sheep.SheepResult;

/** Object requests (Sheepdog protocol, section 12.1). Core loop only. */
final class ObjectRequests {
    private final Engine engine;
    private final boolean alwaysDurable;

    ObjectRequests(Engine engine, boolean alwaysDurable) {
        this.engine = engine;
        this.alwaysDurable = alwaysDurable;
    }

    void read(SheepExchange exchange) {
        ObjectArguments arguments = ObjectArguments.decode(exchange.words());
        long length = exchange.header().dataLength();
        if (length > SheepServer.MAX_READ_BYTES) {
            exchange.reply(SheepResult.INVALID_PARMS);
            return;
        }
        engine.readObject(
                new ObjectId(arguments.oid()),
                arguments.offset(),
                (int) length,
                exchange.completion(data -> exchange.reply(
                        SheepResult.SUCCESS, HeaderWords.ZERO, BufferPayload.toBuffer(data))));
    }

    void write(SheepExchange exchange) {
        ObjectArguments arguments = ObjectArguments.decode(exchange.words());
        boolean durable = exchange.isDurable();
        engine.writeObject(
                new ObjectId(arguments.oid()),
                arguments.offset(),
                exchange.takePayload(),
                durable,
                exchange.outcome());
    }

    void create(SheepExchange exchange) {
        ObjectArguments arguments = ObjectArguments.decode(exchange.words());
        long source = exchange.hasFlag(SheepFlags.COW) ? arguments.cowOid() : 0;
        boolean durable = exchange.isDurable();
        engine.createObject(
                new ObjectId(arguments.oid()),
                source,
                arguments.offset(),
                exchange.takePayload(),
                durable,
                exchange.outcome());
    }

    void remove(SheepExchange exchange) {
        ObjectArguments arguments = ObjectArguments.decode(exchange.words());
        engine.removeObject(new ObjectId(arguments.oid()), exchange.outcome());
    }

    void discard(SheepExchange exchange) {
        ObjectArguments arguments = ObjectArguments.decode(exchange.words());
        engine.discardObject(new ObjectId(arguments.oid()), exchange.outcome());
    }

    /**
     * Answering "no cache" makes QEMU stop flushing, which is right only if every write is durable.
     */
    void flush(SheepExchange exchange) {
        if (alwaysDurable) {
            exchange.reply(SheepResult.INVALID_PARMS);
        } else {
            engine.flush(exchange.outcome());
        }
    }

    void exist(SheepExchange exchange) {
        ObjectArguments arguments = ObjectArguments.decode(exchange.words());
        engine.readObject(new ObjectId(arguments.oid()), 0, 0, exchange.completion(data -> {
            data.release();
            exchange.reply(SheepResult.SUCCESS);
        }));
    }
}
