package io.kelpie.node.sheep;

import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.MemoryBudget;
import io.kelpie.wire.frame.SheepReply;
import io.kelpie.wire.frame.SheepRequest;
import io.kelpie.wire.sheep.RequestHeader;
import io.kelpie.wire.sheep.SheepFlags;
import io.kelpie.wire.sheep.SheepFormatException;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.util.ArrayDeque;

/**
 * One client's connection: hands its requests to the core and stops reading while too much is in
 * flight. A request that is running when the client goes ends anyway; its answer is dropped. Event
 * loop only, but for what the core posts back.
 */
final class SheepConnection extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(SheepConnection.class);
    /** A client that sends more without waiting is read again when some are answered. */
    private static final int MAX_IN_FLIGHT = 256;

    private final CoreLoop core;
    private final SheepRequests requests;
    private final MemoryBudget budget;
    /** At most what one read of the socket held. */
    private final ArrayDeque<SheepRequest> held = new ArrayDeque<>();

    private int inFlight;
    private boolean waitingForBudget;

    SheepConnection(CoreLoop core, SheepRequests requests, MemoryBudget budget) {
        this.core = core;
        this.requests = requests;
        this.budget = budget;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof SheepRequest request) {
            held.add(request);
            startHeld(context);
        } else {
            context.fireChannelRead(message);
        }
    }

    private void startHeld(ChannelHandlerContext context) {
        SheepRequest next = held.peek();
        while (next != null && inFlight < MAX_IN_FLIGHT && !waitingForBudget) {
            long cost = cost(next.header());
            if (budget.tryTake(cost)) {
                held.remove();
                start(context, next, cost);
            } else {
                waitingForBudget = true;
                budget.whenGivenBack(() -> context.executor().execute(() -> {
                    waitingForBudget = false;
                    startHeld(context);
                }));
            }
            next = held.peek();
        }
        context.channel().config().setAutoRead(held.isEmpty());
    }

    /** The payload of a write, or the room for the answer that the client announced. */
    private static long cost(RequestHeader header) {
        boolean write = header.hasFlag(SheepFlags.WRITE);
        return write
                ? header.payloadBytes()
                : Math.min(header.dataLength(), SheepServer.MAX_READ_BYTES);
    }

    private void start(ChannelHandlerContext context, SheepRequest request, long cost) {
        inFlight++;
        boolean posted = core.post(() -> requests.handle(
                request, reply -> context.executor().execute(() -> finish(context, reply, cost))));
        if (!posted) {
            request.payload().release();
            budget.giveBack(cost);
            context.close();
        }
    }

    private void finish(ChannelHandlerContext context, SheepReply reply, long cost) {
        inFlight--;
        if (!context.channel().isActive()) {
            reply.payload().release();
            budget.giveBack(cost);
            return;
        }
        // The room is free again when the socket took the answer, not before.
        context.writeAndFlush(reply).addListener(sent -> budget.giveBack(cost));
        startHeld(context);
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        held.forEach(request -> request.payload().release());
        held.clear();
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        if (cause instanceof SheepFormatException) {
            LOG.warn(
                    "closing the connection of {}: {}",
                    context.channel().remoteAddress(),
                    cause.getMessage());
        } else if (cause instanceof IOException) {
            LOG.debug(
                    "connection of {} broke: {}",
                    context.channel().remoteAddress(),
                    cause.getMessage());
        } else {
            LOG.error("closing the connection of {}", context.channel().remoteAddress(), cause);
        }
        context.close();
    }
}
