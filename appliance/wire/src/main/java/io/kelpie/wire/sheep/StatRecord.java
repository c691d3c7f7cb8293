package io.kelpie.wire.sheep;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Answer of STAT: fifteen u64 counters since the node started, in the order gateway active, peer
 * active, gateway total, peer total, gateway received, gateway sent, peer received, peer sent,
 * gateway remove, read, write, flush, peer remove, read, write.
 *
 * @param gateway requests of clients
 * @param peer requests of other nodes; its flush count is not on the wire and always 0
 */
public record StatRecord(Counters gateway, Counters peer) {
    /** Size on the wire. */
    public static final int BYTES = 15 * Long.BYTES;

    /**
     * Counters of one kind of request.
     *
     * @param active running now
     * @param total since start
     * @param receivedBytes payload of requests
     * @param sentBytes payload of answers
     * @param removes remove requests
     * @param reads read requests
     * @param writes write requests
     * @param flushes flush requests
     */
    public record Counters(
            long active,
            long total,
            long receivedBytes,
            long sentBytes,
            long removes,
            long reads,
            long writes,
            long flushes) {
        /** Nothing counted yet. */
        public static final Counters ZERO = new Counters(0, 0, 0, 0, 0, 0, 0, 0);
    }

    /**
     * Reads the counters.
     *
     * @throws SheepFormatException if fewer than 120 bytes are left
     */
    public static StatRecord decode(ByteBuffer buffer) {
        SheepProtocol.require(buffer, BYTES, "the request counters");
        long[] v = new long[BYTES / Long.BYTES];
        buffer.asLongBuffer().get(v);
        SheepProtocol.skip(buffer, BYTES);
        return new StatRecord(
                new Counters(v[0], v[2], v[4], v[5], v[8], v[9], v[10], v[11]),
                new Counters(v[1], v[3], v[6], v[7], v[12], v[13], v[14], 0));
    }

    /** Writes 120 bytes. */
    public void encode(ByteBuffer buffer) {
        buffer.order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(gateway.active).putLong(peer.active);
        buffer.putLong(gateway.total).putLong(peer.total);
        buffer.putLong(gateway.receivedBytes).putLong(gateway.sentBytes);
        buffer.putLong(peer.receivedBytes).putLong(peer.sentBytes);
        buffer.putLong(gateway.removes).putLong(gateway.reads);
        buffer.putLong(gateway.writes).putLong(gateway.flushes);
        buffer.putLong(peer.removes).putLong(peer.reads).putLong(peer.writes);
    }
}
