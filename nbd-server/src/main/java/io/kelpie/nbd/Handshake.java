// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.kelpie.nbd.wire.ExportQuery;
import io.kelpie.nbd.wire.Greeting;
import io.kelpie.nbd.wire.MetaQuery;
import io.kelpie.nbd.wire.NbdConstants;
import io.kelpie.nbd.wire.OptionFormatException;
import io.kelpie.nbd.wire.OptionHeader;
import io.kelpie.nbd.wire.OptionReply;
import io.kelpie.nbd.wire.WireText;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.ScheduledFuture;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * The fixed newstyle handshake of one connection: greeting, options, and the hand-over to
 * {@link Transmission}.
 *
 * <pre>
 *                 4 bytes             16 bytes, known            all bytes
 *   CLIENT_FLAGS ---------> OPTION ---------------------> DATA ------------> OPTION, or
 *                             ^  |                                           WAITING (LIST, INFO, GO, EXPORT_NAME)
 *                             |  | unknown or too long
 *                             |  +---------> SKIP --> OPTION
 *                             +--- provider answered, not serving --- WAITING --- serving ---> ENDED (hand-over)
 *   OPTION, STARTTLS acknowledged ------> OPTION, with TLS under it and nothing agreed any more
 *   any state: wrong magic, ABORT, time limit, TLS failed, client gone, server draining ------> ENDED
 * </pre>
 *
 * <p>Everything runs on the connection's I/O thread; answers of the provider are brought there.
 */
final class Handshake extends ChannelInboundHandlerAdapter {

    /** More options than any client has reason to send; beyond it the handshake is abuse. */
    static final int MAX_OPTIONS = 1024;

    /**
     * Data of an option that is refused is read and dropped up to this length; beyond it the
     * connection is closed.
     */
    static final int MAX_SKIPPED_BYTES = 1 << 20;

    /** A list longer than this is cut: about 80 MiB of names at their longest would help nobody. */
    static final int MAX_LISTED_EXPORTS = 10_000;

    private static final Logger LOG = LoggerFactory.getLogger(NbdServer.class);

    private enum State {
        CLIENT_FLAGS,
        OPTION,
        DATA,
        SKIP,
        WAITING,
        ENDED
    }

    private final ServerState server;

    // Set in handlerAdded, before anything else can happen.
    private @Nullable ChannelHandlerContext context;
    private @Nullable ScheduledFuture<?> limit;
    private @Nullable ByteBuf unread;

    private State state = State.CLIENT_FLAGS;
    private boolean wantsZeroes = true;
    private @Nullable SslHandler tls;
    private Terms.Replies replies = Terms.Replies.SIMPLE;
    /** The export whose {@code base:allocation} is selected, under the name the client used. */
    private @Nullable String allocationExport;

    private @Nullable OptionHeader current;
    private long skipBytes;
    private int optionCount;
    private boolean isClogged;

    Handshake(ServerState server) {
        this.server = server;
    }

    // Inputs from the channel.

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        context = ctx;
        if (ctx.channel().isActive()) {
            greet();
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        greet();
        ctx.fireChannelActive();
    }

    private void greet() {
        if (limit != null) {
            return;
        }
        var limitMillis = server.config.handshakeLimit().toMillis();
        limit = context().executor().schedule(this::onLimit, limitMillis, TimeUnit.MILLISECONDS);
        var out = context().alloc().buffer(Greeting.LENGTH_BYTES);
        Greeting.encode(out);
        send(out);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        var in = (ByteBuf) message;
        if (state == State.ENDED) {
            in.release();
            return;
        }
        append(in);
        readOn();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        if (isClogged && ctx.channel().isWritable()) {
            isClogged = false;
            // Not here and now: this may be the middle of a flush.
            ctx.executor().execute(this::goOnReading);
        }
        ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        end();
        ctx.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        // Bytes that came behind GO belong to the transmission phase, whose handler is the next
        // one.
        var rest = takeUnread();
        if (rest != null) {
            ctx.fireChannelRead(rest);
            ctx.fireChannelReadComplete();
        }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
        if (event == ServerState.DRAIN) {
            close("the server is shutting down");
        } else if (event instanceof SslCloseCompletionEvent && state != State.ENDED) {
            close("the client ended TLS");
        } else {
            ctx.fireUserEventTriggered(event);
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (ServerState.isConnectionLost(cause)) {
            LOG.debug("{}: connection lost in the handshake: {}", client(), cause.toString());
        } else {
            LOG.error(
                    "{}: closing the connection after an internal error in the handshake",
                    client(),
                    cause);
        }
        end();
        closeChannel();
    }

    private void onLimit() {
        if (state != State.ENDED) {
            close("the handshake took longer than " + server.config.handshakeLimit());
        }
    }

    // Bytes to options: one method per state; each returns whether it got on.

    private void readOn() {
        var in = unread;
        while (in != null && takesReplies() && step(in)) {
            in = unread;
        }
    }

    /**
     * A client that sends options and takes no replies must not fill the memory with them: lists
     * can be long.
     */
    private boolean takesReplies() {
        if (context().channel().isWritable()) {
            return true;
        }
        if (state != State.ENDED) {
            isClogged = true;
            context().channel().config().setAutoRead(false);
        }
        return false;
    }

    private boolean step(ByteBuf in) {
        return switch (state) {
            case CLIENT_FLAGS -> readClientFlags(in);
            case OPTION -> readOption(in);
            case DATA -> readData(in);
            case SKIP -> skipData(in);
            case WAITING, ENDED -> false;
        };
    }

    private boolean readClientFlags(ByteBuf in) {
        if (in.readableBytes() < Greeting.CLIENT_FLAGS_BYTES) {
            return false;
        }
        var flags = in.readInt();
        if (!Greeting.isKnown(flags)) {
            close("unknown client flags 0x" + Integer.toHexString(flags));
            return false;
        }
        wantsZeroes = (flags & NbdConstants.FLAG_NO_ZEROES) == 0;
        state = State.OPTION;
        return true;
    }

    private boolean readOption(ByteBuf in) {
        if (in.readableBytes() < OptionHeader.LENGTH_BYTES) {
            return false;
        }
        if (!OptionHeader.hasMagic(in)) {
            close("an option does not begin with the magic number");
            return false;
        }
        if (++optionCount > MAX_OPTIONS) {
            close("more than " + MAX_OPTIONS + " options");
            return false;
        }
        var header = OptionHeader.decode(in);
        current = header;
        if (isTlsMissing(header.option())) {
            return refuseWithoutTls(header);
        }
        var limitBytes = maxLengthBytes(header.option());
        if (header.length() <= limitBytes) {
            state = State.DATA;
            return true;
        }
        return beginSkip(header, limitBytes);
    }

    /** Where TLS is required, nothing is said before it, not even which options are known. */
    private boolean isTlsMissing(int option) {
        return server.tls != null
                && server.tls.isRequired()
                && tls == null
                && option != NbdConstants.OPT_STARTTLS
                && option != NbdConstants.OPT_ABORT;
    }

    private boolean refuseWithoutTls(OptionHeader header) {
        var option = header.option();
        if (option == NbdConstants.OPT_EXPORT_NAME || header.length() > MAX_SKIPPED_BYTES) {
            close("option " + option + " with " + header.length() + " bytes of data before TLS");
            return false;
        }
        refuse(option, NbdConstants.REP_ERR_TLS_REQD, "this server wants TLS first");
        return skip(header);
    }

    private boolean skip(OptionHeader header) {
        skipBytes = header.length();
        state = State.SKIP;
        return true;
    }

    private boolean beginSkip(OptionHeader header, int limitBytes) {
        var option = header.option();
        if (option == NbdConstants.OPT_EXPORT_NAME) {
            // This option has no error reply.
            close("an export name of " + header.length() + " bytes");
            return false;
        }
        if (header.length() > MAX_SKIPPED_BYTES) {
            refuse(
                    option,
                    NbdConstants.REP_ERR_TOO_BIG,
                    header.length() + " bytes of option data are too many");
            closeAfterReply("option " + option + " with " + header.length() + " bytes of data");
            return false;
        }
        if (isKnown(option)) {
            refuse(
                    option,
                    NbdConstants.REP_ERR_TOO_BIG,
                    header.length() + " bytes of data, this option takes at most " + limitBytes);
        } else {
            refuse(option, NbdConstants.REP_ERR_UNSUP, "option " + option + " is not supported");
        }
        return skip(header);
    }

    private boolean skipData(ByteBuf in) {
        var length = (int) Math.min(in.readableBytes(), skipBytes);
        in.skipBytes(length);
        skipBytes -= length;
        if (skipBytes > 0) {
            return false;
        }
        state = State.OPTION;
        return true;
    }

    private boolean readData(ByteBuf in) {
        var header = required(current);
        if (in.readableBytes() < header.length()) {
            return false;
        }
        state = State.OPTION;
        var data = in.readSlice((int) header.length());
        onOption(header.option(), data);
        return true;
    }

    // Options.

    private static boolean isKnown(int option) {
        return switch (option) {
            case NbdConstants.OPT_EXPORT_NAME,
                    NbdConstants.OPT_ABORT,
                    NbdConstants.OPT_LIST,
                    NbdConstants.OPT_STARTTLS,
                    NbdConstants.OPT_INFO,
                    NbdConstants.OPT_GO,
                    NbdConstants.OPT_STRUCTURED_REPLY,
                    NbdConstants.OPT_LIST_META_CONTEXT,
                    NbdConstants.OPT_SET_META_CONTEXT,
                    NbdConstants.OPT_EXTENDED_HEADERS -> true;
            default -> false;
        };
    }

    /**
     * The data is collected up to this length; everything longer, and everything unknown, is
     * skipped instead.
     */
    private static int maxLengthBytes(int option) {
        return switch (option) {
            case NbdConstants.OPT_EXPORT_NAME -> NbdConstants.MAX_STRING_BYTES;
            case NbdConstants.OPT_INFO, NbdConstants.OPT_GO -> ExportQuery.MAX_LENGTH_BYTES;
            case NbdConstants.OPT_LIST_META_CONTEXT, NbdConstants.OPT_SET_META_CONTEXT ->
                MetaQuery.MAX_LENGTH_BYTES;
            // These have no data; what is sent nevertheless is refused or ignored, as the option
            // wants.
            case NbdConstants.OPT_LIST,
                    NbdConstants.OPT_ABORT,
                    NbdConstants.OPT_STARTTLS,
                    NbdConstants.OPT_STRUCTURED_REPLY,
                    NbdConstants.OPT_EXTENDED_HEADERS -> NbdConstants.MAX_STRING_BYTES;
            default -> -1;
        };
    }

    private void onOption(int option, ByteBuf data) {
        try {
            switch (option) {
                case NbdConstants.OPT_EXPORT_NAME -> onExportName(data);
                case NbdConstants.OPT_ABORT -> onAbort();
                case NbdConstants.OPT_LIST -> onList(data);
                case NbdConstants.OPT_INFO, NbdConstants.OPT_GO ->
                    onQuery(option, ExportQuery.decode(data));
                case NbdConstants.OPT_STARTTLS -> onStartTls(data);
                case NbdConstants.OPT_STRUCTURED_REPLY -> onStructuredReply(data);
                case NbdConstants.OPT_EXTENDED_HEADERS -> onExtendedHeaders(data);
                case NbdConstants.OPT_LIST_META_CONTEXT -> onListMeta(MetaQuery.decode(data));
                case NbdConstants.OPT_SET_META_CONTEXT -> onSetMeta(data);
                default -> throw new IllegalStateException("option " + option + " has no handler");
            }
        } catch (OptionFormatException e) {
            if (option == NbdConstants.OPT_EXPORT_NAME) {
                close("a malformed export name: " + e.why());
            } else {
                refuse(option, NbdConstants.REP_ERR_INVALID, e.why());
            }
        }
    }

    private void onExportName(ByteBuf data) throws OptionFormatException {
        if (replies == Terms.Replies.EXTENDED) {
            close("EXPORT_NAME does not go with extended headers");
            return;
        }
        var name = WireText.decode(data, data.readableBytes());
        open(
                NbdConstants.OPT_EXPORT_NAME,
                name,
                ExportRequest.Purpose.SERVE,
                export -> onExportNamed(name, export));
    }

    private void onAbort() {
        var out = context().alloc().buffer(OptionReply.HEADER_BYTES);
        OptionReply.encodeAck(out, NbdConstants.OPT_ABORT);
        queue(out);
        closeAfterReply("the client aborted");
    }

    private void onList(ByteBuf data) {
        if (data.isReadable()) {
            refuse(NbdConstants.OPT_LIST, NbdConstants.REP_ERR_INVALID, "LIST takes no data");
            return;
        }
        waitForProvider();
        var pending = new PendingList();
        try {
            server.exports.list(pending);
        } catch (RuntimeException e) {
            // A provider is the user's code: whatever it throws is one failed option.
            LOG.error("the export provider threw on a list", e);
            pending.failIfOpen("the list of exports is not available");
        }
    }

    private void onQuery(int option, ExportQuery query) {
        if (option == NbdConstants.OPT_GO) {
            open(option, query.name(), ExportRequest.Purpose.SERVE, export -> {
                describe(option, query, export);
                serve(query.name(), export);
            });
        } else {
            open(option, query.name(), ExportRequest.Purpose.DESCRIBE, export -> {
                describe(option, query, export);
                closeAndGoOn(export);
            });
        }
    }

    private void onStructuredReply(ByteBuf data) throws OptionFormatException {
        requireNoData("STRUCTURED_REPLY", data);
        if (replies == Terms.Replies.EXTENDED) {
            refuse(
                    NbdConstants.OPT_STRUCTURED_REPLY,
                    NbdConstants.REP_ERR_EXT_HEADER_REQD,
                    "extended headers are negotiated already");
            return;
        }
        replies = Terms.Replies.STRUCTURED;
        acknowledge(NbdConstants.OPT_STRUCTURED_REPLY);
    }

    private void onExtendedHeaders(ByteBuf data) throws OptionFormatException {
        requireNoData("EXTENDED_HEADERS", data);
        if (replies == Terms.Replies.EXTENDED) {
            throw new OptionFormatException("extended headers are negotiated already");
        }
        replies = Terms.Replies.EXTENDED;
        acknowledge(NbdConstants.OPT_EXTENDED_HEADERS);
    }

    private static void requireNoData(String option, ByteBuf data) throws OptionFormatException {
        if (data.isReadable()) {
            throw new OptionFormatException(option + " takes no data");
        }
    }

    private void acknowledge(int option) {
        var out = context().alloc().buffer(OptionReply.HEADER_BYTES);
        OptionReply.encodeAck(out, option);
        send(out);
    }

    // Metadata contexts. There is one, and every export has it.

    private void onListMeta(MetaQuery query) throws OptionFormatException {
        requireChunks();
        openMeta(
                NbdConstants.OPT_LIST_META_CONTEXT,
                query,
                query.isEmpty() || query.namesAllocation() || query.namesNamespace(),
                0);
    }

    private void onSetMeta(ByteBuf data) throws OptionFormatException {
        // What was selected before goes, whatever comes of this option.
        allocationExport = null;
        var query = MetaQuery.decode(data);
        requireChunks();
        openMeta(
                NbdConstants.OPT_SET_META_CONTEXT,
                query,
                query.namesAllocation(),
                ReplyWriter.ALLOCATION_ID);
    }

    private void requireChunks() throws OptionFormatException {
        if (replies == Terms.Replies.SIMPLE) {
            throw new OptionFormatException("metadata contexts need structured replies first");
        }
    }

    private void openMeta(int option, MetaQuery query, boolean isFound, int contextId) {
        open(option, query.name(), ExportRequest.Purpose.DESCRIBE, export -> {
            if (isFound) {
                var out = context().alloc().buffer();
                OptionReply.encodeMetaContext(out, option, contextId, NbdConstants.BASE_ALLOCATION);
                queue(out);
            }
            if (isFound && option == NbdConstants.OPT_SET_META_CONTEXT) {
                allocationExport = query.name();
            }
            acknowledge(option);
            closeAndGoOn(export);
        });
    }

    // TLS.

    private void onStartTls(ByteBuf data) throws OptionFormatException {
        requireNoData("STARTTLS", data);
        if (server.tls == null) {
            refuse(
                    NbdConstants.OPT_STARTTLS,
                    NbdConstants.REP_ERR_POLICY,
                    "this server does not use TLS");
            return;
        }
        if (tls != null) {
            throw new OptionFormatException("this connection is inside TLS already");
        }
        if (unread != null && unread.isReadable()) {
            // Somebody between client and server could have put these bytes here, to be taken for
            // the client's own behind the upgrade.
            close("bytes in plain text behind STARTTLS");
            return;
        }
        startTls(server.tls);
    }

    private void startTls(TlsUpgrade upgrade) {
        // Nothing that was said in plain text counts any more.
        replies = Terms.Replies.SIMPLE;
        allocationExport = null;
        acknowledge(NbdConstants.OPT_STARTTLS);
        var ctx = context();
        var handler = upgrade.newHandler(ctx.channel(), server.config.handshakeLimit());
        tls = handler;
        ctx.pipeline().addBefore(ctx.name(), "tls", handler);
    }

    private void open(
            int option,
            String name,
            ExportRequest.Purpose purpose,
            Consumer<OpenExport> thenOnLoop) {
        var client = context().channel().remoteAddress();
        if (client == null) {
            // A socket that was reset before anybody asked for its address has none any more.
            close("the client has gone");
            return;
        }
        waitForProvider();
        var certificate = tls == null ? null : TlsUpgrade.clientCertificate(tls);
        var request = new ExportRequest(name, purpose, client, tls != null, certificate);
        var pending = new PendingOpen(option, thenOnLoop);
        try {
            server.exports.open(request, pending);
        } catch (RuntimeException e) {
            // As above.
            LOG.error("the export provider threw on {}", request, e);
            pending.failIfOpen("export '" + name + "' is not available");
        }
    }

    // Answers of the provider, back on the I/O thread.

    private void waitForProvider() {
        state = State.WAITING;
        context().channel().config().setAutoRead(false);
    }

    private void goOn() {
        state = State.OPTION;
        goOnReading();
    }

    private void goOnReading() {
        readOn();
        if (state != State.WAITING && state != State.ENDED && !isClogged) {
            context().channel().config().setAutoRead(true);
        }
    }

    private void onListed(List<ExportInfo> exports) {
        if (state != State.WAITING) {
            return;
        }
        var shown = exports.size() <= MAX_LISTED_EXPORTS
                ? exports
                : exports.subList(0, MAX_LISTED_EXPORTS);
        for (var export : shown) {
            var out = context().alloc().buffer();
            OptionReply.encodeServer(
                    out, NbdConstants.OPT_LIST, export.name(), export.description());
            queue(out);
        }
        var out = context().alloc().buffer(OptionReply.HEADER_BYTES);
        OptionReply.encodeAck(out, NbdConstants.OPT_LIST);
        send(out);
        goOn();
    }

    private void onRefused(int option, ExportRefusal refusal, String why) {
        if (state != State.WAITING) {
            return;
        }
        LOG.debug("{}: option {} refused: {}: {}", client(), option, refusal, why);
        if (option == NbdConstants.OPT_EXPORT_NAME) {
            close(why);
            return;
        }
        refuse(option, errorOf(refusal), why);
        goOn();
    }

    private static int errorOf(ExportRefusal refusal) {
        return switch (refusal) {
            case UNKNOWN, UNAVAILABLE -> NbdConstants.REP_ERR_UNKNOWN;
            case POLICY -> NbdConstants.REP_ERR_POLICY;
            case TLS_REQUIRED -> NbdConstants.REP_ERR_TLS_REQD;
            case SHUTDOWN -> NbdConstants.REP_ERR_SHUTDOWN;
        };
    }

    private void onOpened(PendingOpen pending, ExportInfo info, BlockDevice device) {
        if (state != State.WAITING) {
            server.closeDevice(info.name(), device);
            return;
        }
        OpenExport export;
        try {
            export = OpenExport.of(info, device, server.config);
        } catch (RuntimeException e) {
            LOG.error("export '{}' cannot be served", info.name(), e);
            server.closeDevice(info.name(), device);
            onRefused(
                    pending.option,
                    ExportRefusal.UNAVAILABLE,
                    "export '" + info.name() + "' cannot be served: " + e);
            return;
        }
        pending.thenOnLoop.accept(export);
    }

    private void onExportNamed(String name, OpenExport export) {
        var out = context().alloc().buffer();
        OptionReply.encodeExportName(
                out, export.sizeBytes(), export.transmissionFlags(isChunked()), wantsZeroes);
        send(out);
        serve(name, export);
    }

    private void closeAndGoOn(OpenExport export) {
        server.closeDevice(export.info().name(), export.device());
        goOn();
    }

    private void describe(int option, ExportQuery query, OpenExport export) {
        var out = context().alloc().buffer();
        OptionReply.encodeInfoExport(
                out, option, export.sizeBytes(), export.transmissionFlags(isChunked()));
        if (query.wantsName()) {
            OptionReply.encodeInfoText(
                    out, option, NbdConstants.INFO_NAME, export.info().name());
        }
        if (query.wantsDescription() && !export.info().description().isEmpty()) {
            OptionReply.encodeInfoText(
                    out, option, NbdConstants.INFO_DESCRIPTION, export.info().description());
        }
        if (query.wantsBlockSize()) {
            OptionReply.encodeInfoBlockSize(
                    out,
                    option,
                    export.limits().minBlockBytes(),
                    export.preferredBlockBytes(),
                    export.maxRequestBytes());
        }
        OptionReply.encodeAck(out, option);
        send(out);
    }

    private boolean isChunked() {
        return replies != Terms.Replies.SIMPLE;
    }

    private void serve(String name, OpenExport export) {
        LOG.debug("{}: serving export '{}'", client(), export.info().name());
        var rest = takeUnread();
        end();
        unread = rest;
        var ctx = context();
        ctx.pipeline()
                .addLast(new Transmission(
                        server, export, new Terms(replies, name.equals(allocationExport))));
        ctx.channel().config().setAutoRead(true);
        ctx.pipeline().remove(this);
    }

    // The end, and small things.

    private void refuse(int option, int error, String why) {
        var out = context().alloc().buffer();
        OptionReply.encodeError(out, option, error, why);
        send(out);
    }

    private void send(ByteBuf out) {
        queue(out);
        context().flush();
    }

    private void queue(ByteBuf out) {
        context().write(out).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
    }

    private void closeChannel() {
        // The end of closing is seen as channelInactive.
        var unused = context().close();
    }

    private void close(String why) {
        LOG.info("{}: closing the connection in the handshake: {}", client(), why);
        end();
        closeChannel();
    }

    private void closeAfterReply(String why) {
        LOG.debug("{}: closing the connection in the handshake: {}", client(), why);
        end();
        context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    private void end() {
        state = State.ENDED;
        if (limit != null) {
            limit.cancel(false);
        }
        var rest = takeUnread();
        if (rest != null) {
            rest.release();
        }
    }

    private void append(ByteBuf in) {
        if (unread == null) {
            unread = in;
            return;
        }
        // Only the piece of an option that is not complete yet is copied, into room that doubles:
        // a client that sends single bytes must not make this quadratic.
        if (unread.isReadOnly() || unread.writableBytes() < in.readableBytes()) {
            var needed = unread.readableBytes() + in.readableBytes();
            var roomier = context().alloc().buffer(2 * needed);
            roomier.writeBytes(unread);
            unread.release();
            unread = roomier;
        }
        unread.writeBytes(in);
        in.release();
    }

    private @Nullable ByteBuf takeUnread() {
        var rest = unread;
        unread = null;
        return rest;
    }

    /**
     * Brings an answer to the I/O thread, as a task also from there: never into the middle of the
     * parser.
     */
    private boolean onLoop(Runnable answer) {
        try {
            context().channel().eventLoop().execute(answer);
            return true;
        } catch (RejectedExecutionException e) {
            // The I/O threads are gone, and the client with them.
            return false;
        }
    }

    private Object client() {
        return context().channel();
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

    /** The answer to one list. */
    private final class PendingList implements ListReply {
        private final AtomicBoolean ended = new AtomicBoolean();

        @Override
        public void exports(List<ExportInfo> exports) {
            requireFirst(ended);
            var copy = List.copyOf(exports);
            onLoop(() -> onListed(copy));
        }

        @Override
        public void refused(ExportRefusal refusal, String why) {
            requireFirst(ended);
            onLoop(() -> onRefused(NbdConstants.OPT_LIST, refusal, why));
        }

        void failIfOpen(String why) {
            if (ended.compareAndSet(false, true)) {
                onLoop(() -> onRefused(NbdConstants.OPT_LIST, ExportRefusal.UNAVAILABLE, why));
            }
        }
    }

    /** The answer to one open. */
    private final class PendingOpen implements OpenReply {
        private final int option;
        private final Consumer<OpenExport> thenOnLoop;
        private final AtomicBoolean ended = new AtomicBoolean();

        PendingOpen(int option, Consumer<OpenExport> thenOnLoop) {
            this.option = option;
            this.thenOnLoop = thenOnLoop;
        }

        @Override
        public void opened(ExportInfo info, BlockDevice device) {
            requireFirst(ended);
            server.deviceOpened();
            if (!onLoop(() -> onOpened(this, info, device))) {
                server.closeDevice(info.name(), device);
            }
        }

        @Override
        public void refused(ExportRefusal refusal, String why) {
            requireFirst(ended);
            onLoop(() -> onRefused(option, refusal, why));
        }

        void failIfOpen(String why) {
            if (ended.compareAndSet(false, true)) {
                onLoop(() -> onRefused(option, ExportRefusal.UNAVAILABLE, why));
            }
        }
    }

    private static void requireFirst(AtomicBoolean ended) {
        if (!ended.compareAndSet(false, true)) {
            throw new IllegalStateException("the export provider answered twice");
        }
    }
}
