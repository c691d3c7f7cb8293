package io.kelpie.cluster.volume;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.vdi.Inode;
import io.kelpie.cluster.volume.VolumeData.Piece;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads a range of a volume: one object read for each extent that is not a hole. Core loop only.
 */
final class VolumeRead {
    private final Inode inode;
    private final Gateway gateway;
    private final Completion<VolumeData> completion;
    private final List<@Nullable Piece> pieces = new ArrayList<>();
    private int open = 1;
    private @Nullable ErrorCode failure;

    VolumeRead(Inode inode, Gateway gateway, Completion<VolumeData> completion) {
        this.inode = inode;
        this.gateway = gateway;
        this.completion = completion;
    }

    void start(long offset, int length) {
        // A closed volume's inode must not be loaded a second time while this still looks at it.
        inode.retain();
        long objectBytes = inode.objectBytes();
        long at = offset;
        long end = offset + length;
        while (at < end) {
            long inObject = at % objectBytes;
            int part = (int) Math.min(objectBytes - inObject, end - at);
            readExtent((int) (at / objectBytes), inObject, part);
            at += part;
        }
        close();
    }

    private void readExtent(int index, long offset, int length) {
        int owner = inode.owner(index);
        int position = pieces.size();
        pieces.add(owner == 0 ? new Piece(length, null) : null);
        if (owner == 0) {
            return;
        }
        open++;
        gateway.read(ObjectId.data(new VdiId(owner), index), offset, length, new Completion<>() {
            @Override
            public void done(Payload payload) {
                pieces.set(position, new Piece(length, payload));
                close();
            }

            @Override
            public void failed(ErrorCode error) {
                if (error == ErrorCode.NO_SUCH_OBJECT && inode.owner(index) == 0) {
                    // Discarded while the read was on its way.
                    pieces.set(position, new Piece(length, null));
                } else {
                    failure = error == ErrorCode.NO_SUCH_OBJECT ? missing() : error;
                }
                close();
            }
        });
    }

    /** The index names an object that is not there: damage, not a hole. */
    private ErrorCode missing() {
        return inode.isDeleted() ? ErrorCode.NO_SUCH_VDI : ErrorCode.CORRUPT_OBJECT;
    }

    private void close() {
        open--;
        if (open > 0) {
            return;
        }
        List<Piece> complete = new ArrayList<>();
        for (Piece piece : pieces) {
            if (piece != null) {
                complete.add(piece);
            }
        }
        VolumeData data = new VolumeData(complete);
        ErrorCode error = failure;
        if (error == null) {
            completion.done(data);
        } else {
            data.release();
            completion.failed(error);
        }
        inode.release();
    }
}
