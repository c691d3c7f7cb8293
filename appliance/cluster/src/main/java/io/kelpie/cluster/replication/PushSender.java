package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.GroupMessage.Push;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.ObjectDigest;
import io.kelpie.cluster.port.ObjectSnapshot;
import io.kelpie.cluster.port.StoredPiece;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * Sends one object as a snapshot holds it, in parts of at most 1 MiB of payload, and closes the
 * snapshot. Of an object that is missing the removal is sent.
 */
final class PushSender implements Completion<List<StoredPiece>> {
    /** Bytes of the object behind one part: small beside the connections' bound. */
    private static final int PART_BYTES = 1 << 20;

    private final Group group;
    private final Target target;
    private final ObjectSnapshot snapshot;
    private final HeldObject held;
    private final BooleanSupplier goingOn;
    private final Completion<ObjectVersion> completion;
    private long offset;
    private long partEnd;
    private int parts;

    /**
     * Prepares a push.
     *
     * @param goingOn whether the epoch still is the one the push belongs to
     * @param completion gets the version when the last part is on its way; nothing if the epoch
     *     ends before
     */
    PushSender(
            Group group,
            Target target,
            ObjectSnapshot snapshot,
            BooleanSupplier goingOn,
            Completion<ObjectVersion> completion) {
        this.group = group;
        this.target = target;
        this.snapshot = snapshot;
        this.goingOn = goingOn;
        this.completion = completion;
        HeldObject found = snapshot.held();
        boolean missing = Group.worth(found).equals(ObjectVersion.NONE);
        this.held = missing
                ? new HeldObject(found.object(), group.known(found), PushReceiver.REMOVED)
                : found;
    }

    void start() {
        readNext();
    }

    private void readNext() {
        if (held.sizeBytes() <= 0) {
            send(List.of(), true);
            return;
        }
        skip();
        boolean[] wanted = target.chunks();
        partEnd = Math.min(held.sizeBytes(), offset + PART_BYTES);
        if (wanted != null) {
            long end = offset;
            while (end < partEnd && wanted[chunkOf(end)]) {
                end = (chunkOf(end) + 1L) * ObjectDigest.CHUNK_BYTES;
            }
            partEnd = Math.min(partEnd, end);
        }
        if (partEnd == offset) {
            send(List.of(), true);
        } else {
            snapshot.read(offset, (int) (partEnd - offset), this);
        }
    }

    /** Goes on to the next chunk that is wanted. */
    private void skip() {
        boolean[] wanted = target.chunks();
        while (wanted != null && offset < held.sizeBytes() && !wanted[chunkOf(offset)]) {
            offset = Math.min(held.sizeBytes(), (chunkOf(offset) + 1L) * ObjectDigest.CHUNK_BYTES);
        }
    }

    private static int chunkOf(long offset) {
        return (int) (offset / ObjectDigest.CHUNK_BYTES);
    }

    @Override
    public void done(List<StoredPiece> stored) {
        if (!goingOn.getAsBoolean()) {
            stored.forEach(piece -> piece.payload().release());
            snapshot.close();
            return;
        }
        // The holes of this part are counted before the next begins.
        List<Piece> pieces = target.chunks() == null ? piecesOf(stored) : withHoles(stored);
        offset = partEnd;
        skip();
        boolean last = offset >= held.sizeBytes();
        if (!pieces.isEmpty() || last) {
            send(pieces, last);
        }
        if (!last) {
            readNext();
        }
    }

    private static List<Piece> piecesOf(List<StoredPiece> stored) {
        List<Piece> pieces = new ArrayList<>(stored.size());
        stored.forEach(each -> pieces.add(Piece.of(each.offset(), each.payload())));
        return pieces;
    }

    /** What is laid over an older copy has to empty the holes too. */
    private List<Piece> withHoles(List<StoredPiece> stored) {
        List<Piece> pieces = new ArrayList<>();
        long at = offset;
        for (StoredPiece each : stored) {
            if (each.offset() > at) {
                pieces.add(Piece.zeros(at, each.offset() - at));
            }
            pieces.add(Piece.of(each.offset(), each.payload()));
            at = each.offset() + each.payload().length();
        }
        if (at < partEnd) {
            pieces.add(Piece.zeros(at, partEnd - at));
        }
        return pieces;
    }

    @Override
    public void failed(ErrorCode error) {
        snapshot.close();
        if (goingOn.getAsBoolean()) {
            completion.failed(error);
        }
    }

    private void send(List<Piece> pieces, boolean last) {
        group.send(
                target.member(),
                new Push(
                        group.pg,
                        group.epoch(),
                        target.session(),
                        target.expected(),
                        held,
                        parts++,
                        last,
                        target.chunks() == null,
                        pieces,
                        last ? operations() : List.of()));
        if (last) {
            snapshot.close();
            completion.done(held.version());
        }
    }

    private List<LogEntry> operations() {
        return group.around.has(Rule.LEVEL_OPERATIONS)
                ? group.log.linesOf(held.object())
                : List.of();
    }

    /**
     * Where a push goes.
     *
     * @param member the receiver
     * @param session its learning session, or 0
     * @param expected what it holds
     * @param chunks which chunks to send, or null for all
     */
    record Target(int member, long session, ObjectVersion expected, boolean @Nullable [] chunks) {}
}
