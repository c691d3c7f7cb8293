package io.kelpie.wire.peer;

import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Action;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.port.Payload;

import java.util.List;

/**
 * Object changes and their pieces inside bodies. A change: u64 object, u8 action, u64 size, u8
 * durable, pieces; a piece: u64 offset, then u8 1 and the length of its payload, or u8 0 and the
 * u64 number of zeros.
 */
final class ChangeCodec {
    private static final int MAX_PIECES = 65_536;
    private static final int MIN_PIECE_BYTES = 13;

    private static final Codes<Action> ACTIONS = new Codes<>(
            "action",
            List.of(
                    Action.WRITE,
                    Action.CREATE,
                    Action.ENSURE,
                    Action.REMOVE,
                    Action.REMOVE_IF_EMPTY));

    private ChangeCodec() {}

    static PeerOutput put(PeerOutput out, ObjectChange change) {
        out.object(change.object())
                .code(ACTIONS, change.action())
                .u64(change.sizeBytes())
                .truth(change.durable());
        return putPieces(out, change.pieces());
    }

    static ObjectChange get(PeerInput in) {
        var object = in.object();
        Action action = in.code(ACTIONS);
        long sizeBytes = in.amount();
        boolean durable = in.truth();
        return new ObjectChange(object, action, sizeBytes, getPieces(in), durable);
    }

    static PeerOutput putPieces(PeerOutput out, List<Piece> pieces) {
        return out.list(pieces, MAX_PIECES, piece -> {
            Payload payload = piece.payload();
            out.u64(piece.offset()).truth(payload != null);
            if (payload == null) {
                out.u64(piece.length());
            } else {
                out.payload(payload);
            }
        });
    }

    static List<Piece> getPieces(PeerInput in) {
        return in.list(MAX_PIECES, MIN_PIECE_BYTES, () -> {
            long offset = in.amount();
            return in.truth() ? Piece.of(offset, in.payload()) : Piece.zeros(offset, in.amount());
        });
    }
}
