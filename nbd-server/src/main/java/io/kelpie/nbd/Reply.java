// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.netty.buffer.ByteBuf;

import java.util.List;

/**
 * Where a device says how one call ended. The server implements it; a {@link BlockDevice} calls it.
 *
 * <p>Exactly one method is called exactly once per device call, from any thread, also before the
 * device's method has returned. None of them blocks. A second call throws
 * {@link IllegalStateException} (and releases the buffer it brought), because a device that answers
 * twice has lost track of what it confirmed. When the client has gone the call is accepted and its
 * result dropped, so a device need not care.
 */
public interface Reply {

    /**
     * Ends any call but a read with success. For a write with FUA the bytes must be durable by now.
     */
    void done();

    /**
     * Ends a read with success.
     *
     * @param data the bytes read, between reader and writer index, exactly as many as were asked
     *     for; any kind of buffer, direct or composite best. Ownership passes to the server, which
     *     releases it exactly once.
     */
    void data(ByteBuf data);

    /**
     * Ends a read with success, by pieces: for devices that know holes. A client that understands
     * holes is told of them, every other one gets zeroes.
     *
     * @param pieces consecutive pieces that together have exactly the length that was asked for.
     *     Ownership of every buffer passes to the server, which releases it exactly once. The
     *     default is for doubles of a server that know no holes: it gives all bytes to
     *     {@link #data}.
     */
    default void pieces(List<ReadPiece> pieces) {
        data(ReadPiece.join(pieces));
    }

    /**
     * Ends the call without success.
     *
     * @param error the number the client will see
     * @param why what was wrong, for the server's log and for the person at the client; never empty
     */
    void failed(NbdError error, String why);
}
