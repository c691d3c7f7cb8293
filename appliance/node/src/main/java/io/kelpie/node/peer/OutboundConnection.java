package io.kelpie.node.peer;

import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.wire.peer.EncodedFrame;
import io.kelpie.wire.peer.PeerEncoder;
import io.netty.channel.Channel;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One connection that was dialled and greeted: gathers what the core sends in one turn and has the
 * event loop encode and write it. Core loop only, but for what says otherwise.
 */
// What a close or a write came to is told by the handlers; its future adds nothing.
@SuppressWarnings("FutureReturnValueIgnored")
final class OutboundConnection {
    private static final Logger LOG = LoggerFactory.getLogger(OutboundConnection.class);

    private final Channel channel;
    private final long maxBytes;
    /** Sent in this turn of the core; bounded by {@link #underWayBytes}. */
    private List<Outgoing> gathered = new ArrayList<>();
    /** Raised by the core, lowered by the event loop. */
    private final AtomicLong underWayBytes = new AtomicLong();

    private boolean closed;

    private record Outgoing(PeerMessage message, long bytes) {}

    OutboundConnection(Channel channel, long maxBytes) {
        this.channel = channel;
        this.maxBytes = maxBytes;
    }

    /** Returns false, and takes nothing, if too much is under way. */
    boolean offer(PeerMessage message, long bytes) {
        long before = underWayBytes.get();
        if (before > 0 && before + bytes > maxBytes) {
            return false;
        }
        underWayBytes.addAndGet(bytes);
        gathered.add(new Outgoing(message, bytes));
        return true;
    }

    void flush() {
        if (gathered.isEmpty()) {
            return;
        }
        List<Outgoing> batch = gathered;
        gathered = new ArrayList<>();
        try {
            channel.eventLoop().execute(() -> write(batch));
        } catch (RejectedExecutionException e) {
            // The event loops have ended: the node stops.
            batch.forEach(outgoing -> outgoing.message().release());
        }
    }

    void close() {
        if (!closed) {
            closed = true;
            gathered.forEach(outgoing -> outgoing.message().release());
            gathered = new ArrayList<>();
            channel.close();
        }
    }

    /** On the event loop. */
    private void write(List<Outgoing> batch) {
        for (Outgoing outgoing : batch) {
            write(outgoing);
        }
        channel.flush();
    }

    private void write(Outgoing outgoing) {
        EncodedFrame frame;
        try {
            frame = PeerEncoder.encode(outgoing.message());
        } catch (IllegalArgumentException e) {
            LOG.error("a message is dropped: {}", e.getMessage());
            outgoing.message().release();
            underWayBytes.addAndGet(-outgoing.bytes());
            return;
        }
        Frame.write(channel, frame).addListener(done -> underWayBytes.addAndGet(-outgoing.bytes()));
    }
}
