// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.kelpie.nbd.wire.NbdConstants;
import io.kelpie.nbd.wire.RequestHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.util.concurrent.ScheduledFuture;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The transmission phase of one connection: bytes to requests, requests to the device, ends to
 * replies.
 *
 * <pre>
 *         28 or 32 bytes              admitted, WRITE             all bytes
 *   HEADER -----------> ADMISSION ---------------------> PAYLOAD -----------> HEADER
 *     ^                   |  |  refused, with payload                           ^
 *     |  admitted, other  |  +--------------------------> SKIP ---------------->+
 *     +-------------------+
 *   any state: DISC, wrong magic, client gone, TLS closed, server draining ------> ENDED
 * </pre>
 *
 * <p>Memory is bounded by admission: a request that finds its connection's count of requests, its
 * connection's budget or the server's budget spent waits in ADMISSION, and the connection stops
 * reading until something has ended. Bytes are held from admission until the device ended (writes)
 * or the socket took the reply (reads and block status).
 *
 * <p>Everything runs on the connection's I/O thread but {@link #onEnded} and {@link #onGranted}.
 */
final class Transmission extends ChannelInboundHandlerAdapter implements ByteBudget.Waiter {

    /**
     * A refused write is read and dropped up to this length, which every client may use; beyond it
     * is abuse.
     */
    static final long MAX_SKIPPED_BYTES = 64 << 20;

    private static final Logger LOG = LoggerFactory.getLogger(NbdServer.class);

    private enum State {
        HEADER,
        ADMISSION,
        PAYLOAD,
        SKIP,
        ENDED
    }

    private enum Grant {
        NONE,
        WAITING,
        GRANTED
    }

    private final ServerState server;
    private final OpenExport export;
    private final Terms terms;
    private final ReplyWriter replies;
    private final Queue<Operation> ended = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean replyScheduled = new AtomicBoolean();
    private final ArrayDeque<ByteBuf> unread = new ArrayDeque<>();
    private final int headerLengthBytes;
    private final ByteBuf headerBytes;

    // Set in handlerAdded, before anything else can happen.
    private @Nullable ChannelHandlerContext context;
    private @Nullable ScheduledFuture<?> watch;

    private State state = State.HEADER;
    private Grant grant = Grant.NONE;
    private @Nullable RequestHeader current;
    private @Nullable Refusal refusal;
    private @Nullable ByteBuf payload;
    private long admittedBytes;
    private long skipBytes;
    private int inFlight;
    private int deviceCalls;
    private long heldBytes;
    private boolean isPaused;
    private boolean isBatching;
    private boolean isResumeScheduled;
    private boolean isGone;
    private boolean isDeviceClosed;
    private boolean hasWarned;
    private long lastReceivedNanos;
    private long lastSentNanos;
    private long outboundMark;

    Transmission(ServerState server, OpenExport export, Terms terms) {
        this.server = server;
        this.export = export;
        this.terms = terms;
        this.replies = new ReplyWriter(terms);
        this.headerLengthBytes = RequestHeader.lengthBytes(terms.isExtended());
        this.headerBytes = Unpooled.buffer(headerLengthBytes, headerLengthBytes);
    }

    // Inputs from the channel.

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        lastReceivedNanos = nanoTime();
        lastSentNanos = lastReceivedNanos;
        scheduleWatch();
        if (server.isDraining()) {
            endSoftly("the server is shutting down");
        } else if (!ctx.channel().isActive()) {
            channelInactive(ctx);
        }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        var in = (ByteBuf) message;
        if (state == State.ENDED) {
            in.release();
            return;
        }
        lastReceivedNanos = nanoTime();
        isBatching = true;
        unread.add(in);
        readOn();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        isBatching = false;
        ctx.flush();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (isGone) {
            return;
        }
        isGone = true;
        if (state != State.ENDED) {
            LOG.debug(
                    "{}: client of export '{}' left without a disconnect request",
                    client(),
                    name());
        }
        enterEnded();
        if (watch != null) {
            watch.cancel(false);
        }
        closeDeviceIfUnused();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ServerState.DRAIN) {
            endSoftly("the server is shutting down");
        } else if (event instanceof SslCloseCompletionEvent && state != State.ENDED) {
            // The client will send nothing more, though its socket may stay open.
            LOG.debug("{}: the client ended TLS without a disconnect request", client());
            endHard();
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (ServerState.isConnectionLost(cause)) {
            LOG.debug("{}: connection lost: {}", client(), cause.toString());
        } else {
            LOG.error("{}: closing the connection after an internal error", client(), cause);
        }
        endHard();
    }

    // Bytes to requests: one method per state.

    private void readOn() {
        while (state != State.ENDED && state != State.ADMISSION) {
            var in = unread.peek();
            if (in == null) {
                return;
            }
            switch (state) {
                case HEADER -> readHeader(in);
                case PAYLOAD -> readPayload(in);
                case SKIP -> skipPayload(in);
                default -> throw new IllegalStateException("cannot read in state " + state);
            }
            if (!unread.isEmpty() && !in.isReadable()) {
                // Not empty: so it is still the first, because the end empties the queue.
                unread.remove().release();
            }
        }
    }

    private void readHeader(ByteBuf in) {
        if (!headerBytes.isReadable() && in.readableBytes() >= headerLengthBytes) {
            onHeader(in);
            return;
        }
        in.readBytes(headerBytes, Math.min(in.readableBytes(), headerBytes.writableBytes()));
        if (!headerBytes.isWritable()) {
            onHeader(headerBytes);
            headerBytes.clear();
        }
    }

    private void onHeader(ByteBuf bytes) {
        if (!RequestHeader.hasMagic(bytes, terms.isExtended())) {
            LOG.info(
                    "{}: closing the connection: a request does not begin with the magic number",
                    client());
            endHard();
            return;
        }
        var request = RequestHeader.decode(bytes, terms.isExtended());
        if (request.type() == NbdConstants.CMD_DISC) {
            endSoftly("disconnect request");
            return;
        }
        server.requests.increment();
        current = request;
        refusal = RequestCheck.check(request, export, terms);
        admittedBytes = refusal == null ? contentBytes(request) : 0;
        state = State.ADMISSION;
        admit(request);
    }

    private void admit(RequestHeader request) {
        var bytes = admittedBytes;
        if (!hasRoom(bytes)) {
            pause();
            return;
        }
        grant = Grant.NONE;
        heldBytes += bytes;
        inFlight++;
        server.requestsInFlight.incrementAndGet();
        begin(request, bytes);
    }

    /**
     * Whether the request may begin now. Once the server's bytes are granted nothing else can
     * refuse any more.
     */
    private boolean hasRoom(long bytes) {
        if (grant != Grant.NONE) {
            return grant == Grant.GRANTED;
        }
        var isOwnRoomSpent = inFlight >= server.config.maxRequestsInFlight()
                || heldBytes + bytes > server.config.connectionBudgetBytes();
        if (isOwnRoomSpent) {
            return false;
        }
        if (bytes > 0 && !server.budget.reserve(bytes, this)) {
            grant = Grant.WAITING;
            return false;
        }
        return true;
    }

    private void begin(RequestHeader request, long bytes) {
        if (refusal != null) {
            beginRefused(request, refusal);
        } else if (request.type() == NbdConstants.CMD_WRITE) {
            // The state first: if there is no memory, the end of this state gives the reserved
            // bytes back.
            state = State.PAYLOAD;
            payload = context().alloc().directBuffer((int) bytes, (int) bytes);
        } else {
            state = State.HEADER;
            dispatch(new Operation(this, request, bytes), null);
        }
    }

    private void beginRefused(RequestHeader request, Refusal because) {
        var payloadBytes = payloadBytes(request);
        if (payloadBytes < 0 || payloadBytes > MAX_SKIPPED_BYTES) {
            LOG.info(
                    "{}: closing the connection: {}, and what follows cannot be told apart",
                    client(),
                    because.why());
            refuse(request, because);
            endSoftly("protocol error");
        } else if (payloadBytes > 0) {
            skipBytes = payloadBytes;
            state = State.SKIP;
        } else {
            state = State.HEADER;
            refuse(request, because);
        }
    }

    /**
     * Returns the bytes that follow a header, negative if they cannot be known: too many, or a flag
     * that has no meaning under these terms.
     */
    private long payloadBytes(RequestHeader request) {
        var hasFlag = request.has(NbdConstants.CMD_FLAG_PAYLOAD_LEN);
        if (terms.isExtended()) {
            return hasFlag ? request.length() : 0;
        }
        if (request.type() == NbdConstants.CMD_WRITE) {
            return request.length();
        }
        return hasFlag ? -1 : 0;
    }

    private void readPayload(ByteBuf in) {
        var into = required(payload);
        in.readBytes(into, Math.min(in.readableBytes(), into.writableBytes()));
        if (into.isWritable()) {
            return;
        }
        payload = null;
        state = State.HEADER;
        var request = required(current);
        server.writtenBytes.add(request.length());
        dispatch(new Operation(this, request, request.length()), into);
    }

    private void skipPayload(ByteBuf in) {
        var length = (int) Math.min(in.readableBytes(), skipBytes);
        in.skipBytes(length);
        skipBytes -= length;
        if (skipBytes == 0) {
            state = State.HEADER;
            refuse(required(current), required(refusal));
        }
    }

    private void refuse(RequestHeader request, Refusal because) {
        var operation = new Operation(this, request, 0);
        deviceCalls++;
        operation.failed(because.error(), because.why());
    }

    // Requests to the device.

    private void dispatch(Operation operation, @Nullable ByteBuf data) {
        deviceCalls++;
        try {
            callDevice(operation, operation.request(), data);
        } catch (RuntimeException e) {
            // A device is the user's code: whatever it throws is one failed request.
            LOG.error("export '{}': the device threw on {}", name(), operation.request(), e);
            if (data != null) {
                data.release();
            }
            operation.failIfOpen(NbdError.EIO, "the device threw " + e);
        }
    }

    private void callDevice(Operation operation, RequestHeader request, @Nullable ByteBuf data) {
        var device = export.device();
        var offset = request.offset();
        var length = request.length();
        var fua = request.has(NbdConstants.CMD_FLAG_FUA);
        switch (request.type()) {
            case NbdConstants.CMD_READ -> device.read(offset, (int) length, operation);
            case NbdConstants.CMD_WRITE -> device.write(offset, required(data), fua, operation);
            case NbdConstants.CMD_FLUSH -> device.flush(operation);
            case NbdConstants.CMD_TRIM -> device.trim(offset, length, fua, operation);
            case NbdConstants.CMD_CACHE -> device.cache(offset, length, operation);
            case NbdConstants.CMD_BLOCK_STATUS ->
                device.blockStatus(offset, length, new ExtentList(operation));
            case NbdConstants.CMD_WRITE_ZEROES ->
                device.writeZeroes(offset, length, zeroFlags(request), operation);
            default ->
                throw new IllegalStateException("a command passed the check unknown: " + request);
        }
    }

    private static ZeroFlags zeroFlags(RequestHeader request) {
        return new ZeroFlags(
                request.has(NbdConstants.CMD_FLAG_FUA),
                request.has(NbdConstants.CMD_FLAG_NO_HOLE),
                request.has(NbdConstants.CMD_FLAG_FAST_ZERO));
    }

    // Ends to replies.

    /** The device, or the check, has ended an operation. Any thread. */
    void onEnded(Operation operation) {
        var loop = loop();
        if (loop.inEventLoop() && isBatching) {
            reply(operation);
            return;
        }
        ended.add(operation);
        if (!replyScheduled.compareAndSet(false, true)) {
            return;
        }
        try {
            loop.execute(this::replyToEnded);
        } catch (RejectedExecutionException e) {
            dropEnded();
        }
    }

    private void replyToEnded() {
        // Before the queue is looked at: an operation that comes later schedules again.
        replyScheduled.set(false);
        for (var operation = ended.poll(); operation != null; operation = ended.poll()) {
            reply(operation);
        }
        context().flush();
    }

    /**
     * The I/O threads are gone, so nobody can be answered; device threads may come here together.
     */
    private synchronized void dropEnded() {
        isGone = true;
        replyScheduled.set(false);
        for (var operation = ended.poll(); operation != null; operation = ended.poll()) {
            reply(operation);
        }
    }

    private void reply(Operation operation) {
        deviceCalls--;
        var error = operation.error();
        if (error != null) {
            server.requestsFailed.increment();
            logFailure(operation, error);
        }
        if (!operation.holdsContent()) {
            release(operation);
        }
        if (isGone) {
            drop(operation);
            return;
        }
        server.readBytes.add(replies.write(context(), operation));
    }

    private void drop(Operation operation) {
        Operation.release(operation.takePieces());
        if (operation.holdsContent()) {
            release(operation);
        }
        finish();
        closeDeviceIfUnused();
    }

    /** The socket took a reply, or will never take it. */
    void onSent(Operation operation) {
        if (operation.holdsContent()) {
            release(operation);
        }
        finish();
    }

    private void release(Operation operation) {
        heldBytes -= operation.reservedBytes();
        server.budget.release(operation.reservedBytes());
    }

    private void finish() {
        inFlight--;
        server.requestsInFlight.decrementAndGet();
        if (isPaused) {
            scheduleResume();
        }
        closeIfEnded();
    }

    // Back-pressure.

    private void pause() {
        isPaused = true;
        context().channel().config().setAutoRead(false);
    }

    @Override
    public void onGranted() {
        try {
            loop().execute(this::takeGrant);
        } catch (RejectedExecutionException e) {
            // The I/O threads are gone and this connection with them, so its bytes go to the next
            // in the queue.
            server.budget.release(admittedBytes);
        }
    }

    private void takeGrant() {
        if (state == State.ADMISSION) {
            grant = Grant.GRANTED;
            resume();
        } else {
            server.budget.release(admittedBytes);
        }
    }

    private void scheduleResume() {
        if (!isResumeScheduled) {
            isResumeScheduled = true;
            // Not here and now: this may be the middle of a flush.
            loop().execute(this::resume);
        }
    }

    private void resume() {
        isResumeScheduled = false;
        if (state != State.ADMISSION) {
            return;
        }
        isPaused = false;
        isBatching = true;
        admit(required(current));
        readOn();
        isBatching = false;
        context().flush();
        if (!isPaused && state != State.ENDED) {
            context().channel().config().setAutoRead(true);
        }
    }

    // The end.

    /** No further request is read; the connection closes when every reply has left. */
    private void endSoftly(String why) {
        if (state != State.ENDED) {
            LOG.debug("{}: ending the use of export '{}': {}", client(), name(), why);
            enterEnded();
        }
        closeIfEnded();
    }

    private void endHard() {
        enterEnded();
        closeChannel();
    }

    private void enterEnded() {
        if (state == State.ENDED) {
            return;
        }
        if (state == State.ADMISSION && grant == Grant.WAITING && server.budget.cancel(this)) {
            grant = Grant.NONE;
        } else if (grant == Grant.GRANTED) {
            server.budget.release(admittedBytes);
            grant = Grant.NONE;
        }
        abandonPayload();
        state = State.ENDED;
        context().channel().config().setAutoRead(false);
        unread.forEach(ByteBuf::release);
        unread.clear();
    }

    /**
     * A write whose bytes have not all come is not a request yet: its slot and bytes are given
     * back.
     */
    private void abandonPayload() {
        if (state == State.PAYLOAD) {
            heldBytes -= admittedBytes;
            server.budget.release(admittedBytes);
        }
        if (payload != null) {
            payload.release();
            payload = null;
        }
        if (state == State.PAYLOAD || state == State.SKIP) {
            inFlight--;
            server.requestsInFlight.decrementAndGet();
        }
    }

    private void closeIfEnded() {
        if (state == State.ENDED && inFlight == 0 && !isGone) {
            closeChannel();
        }
    }

    private void closeChannel() {
        // The end of closing is seen as channelInactive.
        var unused = context().close();
    }

    private void closeDeviceIfUnused() {
        if (deviceCalls == 0 && !isDeviceClosed) {
            isDeviceClosed = true;
            server.closeDevice(name(), export.device());
        }
    }

    // Clients that do nothing.

    private void scheduleWatch() {
        var config = server.config;
        var shortest = config.idleLimit().isZero()
                ? config.stallLimit()
                : (config.idleLimit().compareTo(config.stallLimit()) < 0
                        ? config.idleLimit()
                        : config.stallLimit());
        // A quarter, so that a limit is overrun by a quarter at most.
        var period = Math.max(1, shortest.toMillis() / 4);
        watch = context()
                .executor()
                .scheduleAtFixedRate(this::watchClient, period, period, TimeUnit.MILLISECONDS);
    }

    private void watchClient() {
        var now = nanoTime();
        var outbound = context().channel().unsafe().outboundBuffer();
        var pending = outbound == null
                ? 0
                : outbound.totalPendingWriteBytes() - outbound.currentProgress();
        if (pending == 0 || pending != outboundMark) {
            outboundMark = pending;
            lastSentNanos = now;
        }
        var stallNanos = server.config.stallLimit().toNanos();
        var idleNanos = server.config.idleLimit().toNanos();
        if (now - lastSentNanos >= stallNanos) {
            closeStalled("it takes no replies");
        } else if (isMidRequest() && now - lastReceivedNanos >= stallNanos) {
            closeStalled("it stopped in the middle of a request");
        } else if (idleNanos > 0 && inFlight == 0 && now - lastReceivedNanos >= idleNanos) {
            closeStalled("it was idle for " + server.config.idleLimit());
        }
    }

    private boolean isMidRequest() {
        return state == State.PAYLOAD
                || state == State.SKIP
                || (state == State.HEADER && headerBytes.isReadable());
    }

    private void closeStalled(String why) {
        LOG.info("{}: closing the connection to export '{}': {}", client(), name(), why);
        endHard();
    }

    // Small things.

    /** Returns what an admitted request takes of the budgets. */
    private long contentBytes(RequestHeader request) {
        return switch (request.type()) {
            case NbdConstants.CMD_READ, NbdConstants.CMD_WRITE -> request.length();
            case NbdConstants.CMD_BLOCK_STATUS ->
                Math.min(ExtentList.MAX_BYTES, server.config.connectionBudgetBytes());
            default -> 0;
        };
    }

    /**
     * One warning per connection; a broken disk under a busy client would fill the log otherwise.
     */
    private void logFailure(Operation operation, NbdError error) {
        if (error == NbdError.EIO && !hasWarned) {
            hasWarned = true;
            LOG.warn(
                    "{}: export '{}': {} failed with {}: {} (further failures of this connection are logged at debug)",
                    client(),
                    name(),
                    operation.request(),
                    error,
                    operation.why());
        } else {
            LOG.debug(
                    "{}: {} failed with {}: {}",
                    client(),
                    operation.request(),
                    error,
                    operation.why());
        }
    }

    private String name() {
        return export.info().name();
    }

    private Object client() {
        return context().channel();
    }

    private long nanoTime() {
        return context().executor().ticker().nanoTime();
    }

    private EventLoop loop() {
        return context().channel().eventLoop();
    }

    private ChannelHandlerContext context() {
        return required(context);
    }

    private static <T> T required(@Nullable T value) {
        if (value == null) {
            throw new IllegalStateException("a value that this state has is missing");
        }
        return value;
    }
}
