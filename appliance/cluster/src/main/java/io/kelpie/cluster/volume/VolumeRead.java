package io.kelpie.cluster.volume;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.vdi.Inode;
import io.kelpie.cluster.vdi.InodeView;
import io.kelpie.cluster.volume.VolumeData.Piece;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * Reads a range of a volume: one object read for each extent that is not a hole. Where other nodes
 * may use the VDI too, a hole is read all the same: whether the object is there is the truth. Core
 * loop only.
 */
final class VolumeRead {
    /**
     * An object that its entry names is missing only while it is being made or freed, which the
     * home waits for. Who finds another VDI's missing so often in a row has found damage.
     */
    private static final int MAX_LOOKS = 8;

    private final InodeView view;
    private final @Nullable Inode certain;
    private final Gateway gateway;
    private final Completion<VolumeData> completion;
    private final List<@Nullable Piece> pieces = new ArrayList<>();
    private int open = 1;
    private @Nullable ErrorCode failure;

    VolumeRead(InodeView view, Gateway gateway, Completion<VolumeData> completion) {
        this.view = view;
        this.certain = view.certain();
        this.gateway = gateway;
        this.completion = completion;
    }

    void start(long offset, int length) {
        // A closed volume's inode must not be loaded a second time while this still looks at it.
        view.retain();
        long objectBytes = view.objectBytes();
        long at = offset;
        long end = offset + length;
        while (at < end) {
            long inObject = at % objectBytes;
            int part = (int) Math.min(objectBytes - inObject, end - at);
            Part piece = new Part(pieces.size(), (int) (at / objectBytes), inObject, part);
            pieces.add(null);
            piece.start();
            at += part;
        }
        close();
    }

    /** The index names an object that is not there: damage, not a hole. */
    private ErrorCode missing() {
        return view.isDeleted() ? ErrorCode.NO_SUCH_VDI : ErrorCode.CORRUPT_OBJECT;
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
        view.release();
    }

    /** The part of the range that lies in one extent. */
    private final class Part implements Completion<Payload> {
        private final int position;
        private final int index;
        private final long offset;
        private final int length;
        private int looks;

        Part(int position, int index, long offset, int length) {
            this.position = position;
            this.index = index;
            this.offset = offset;
            this.length = length;
        }

        void start() {
            int owner = view.owner(index);
            if (owner == 0 && certain != null) {
                pieces.set(position, new Piece(length, null));
            } else {
                open++;
                read(owner);
            }
        }

        private void read(int owner) {
            boolean own = owner == 0 || owner == InodeView.UNKNOWN;
            VdiId vdi = own ? view.id() : new VdiId(owner);
            gateway.read(ObjectId.data(vdi, index), offset, length, this);
        }

        @Override
        public void done(Payload payload) {
            pieces.set(position, new Piece(length, payload));
            close();
        }

        @Override
        public void failed(ErrorCode error) {
            if (error != ErrorCode.NO_SUCH_OBJECT) {
                end(error);
            } else if (view.owner(index) == 0) {
                // Discarded while the read was on its way, or never written.
                endAsHole();
            } else if (certain != null && !certain.isDropped()) {
                end(missing());
            } else {
                lookAgain();
            }
        }

        /** What was seen of the entry may be old, or a home died between object and entry. */
        private void lookAgain() {
            if (++looks > MAX_LOOKS) {
                onNeverFound();
                return;
            }
            view.check(index, new Completion<>() {
                @Override
                public void done(Integer owner) {
                    if (owner == 0) {
                        endAsHole();
                    } else {
                        read(owner);
                    }
                }

                @Override
                public void failed(ErrorCode error) {
                    end(error == ErrorCode.NO_SUCH_OBJECT ? missing() : error);
                }
            });
        }

        private void onNeverFound() {
            if (view.certain() == null && view.owns(index)) {
                // Freed and made again each time: when last looked for it was not there.
                endAsHole();
            } else {
                end(missing());
            }
        }

        private void endAsHole() {
            pieces.set(position, new Piece(length, null));
            close();
        }

        private void end(ErrorCode error) {
            failure = error;
            close();
        }
    }
}
