package io.kelpie.cluster.volume;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.message.GatewayMessage.Answer;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.message.PrimaryCall;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Extent;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectKind;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.vdi.Inode;
import io.kelpie.cluster.vdi.InodeHomes;
import io.kelpie.cluster.vdi.InodeLayout;
import io.kelpie.cluster.vdi.VdiEntry;
import io.kelpie.cluster.vdi.VdiTable;

import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntSupplier;

/**
 * Object requests of Sheepdog clients, which keep the data index themselves. Changes of an inode go
 * to the home of the VDI. On a node that is the whole cluster requests for data objects meet those
 * of the other doors at the gates of the inode; otherwise at the objects' primaries, where a
 * creation leaves what is there already. Core loop only.
 */
public final class ClientObjects {
    private static final long SMALL_OBJECT_BYTES = 4 << 20;
    /** Copying larger objects on behalf of a client would take too much memory at once. */
    private static final int MAX_COPY_BYTES = 64 << 20;

    private final VdiTable table;
    private final InodeHomes inodes;
    private final Gateway gateway;
    private final IntSupplier defaultShift;

    /**
     * Composes the machine.
     *
     * @param table the VDI table
     * @param inodes the inodes whose home is this node
     * @param gateway reaches the objects
     * @param defaultShift the cluster's object size, for objects of unknown VDIs
     */
    public ClientObjects(
            VdiTable table, InodeHomes inodes, Gateway gateway, IntSupplier defaultShift) {
        this.table = table;
        this.inodes = inodes;
        this.gateway = gateway;
        this.defaultShift = defaultShift;
    }

    /**
     * Reads a range.
     *
     * @param object the object
     * @param offset first byte
     * @param length bytes
     * @param completion gets the bytes, which it then owns; NO_SUCH_OBJECT, OUT_OF_RANGE
     */
    public void read(ObjectId object, long offset, int length, Completion<Payload> completion) {
        if (isOutside(object, offset, length)) {
            completion.failed(ErrorCode.OUT_OF_RANGE);
        } else if (object.kind() == ObjectKind.INODE && isShared(object)) {
            readInode(object, offset, length, completion);
        } else if (object.kind() == ObjectKind.DATA && isShared(object)) {
            gateway.read(
                    object,
                    offset,
                    length,
                    new Sought<>(
                            object,
                            again -> gateway.read(object, offset, length, again),
                            completion));
        } else {
            gateway.read(object, offset, length, completion);
        }
    }

    private boolean isShared(ObjectId object) {
        return !gateway.isAlone() && isInUse(object);
    }

    /** At the home, where it finds what other doors have shown already. */
    private void readInode(
            ObjectId object, long offset, int length, Completion<Payload> completion) {
        PrimaryCall call = new PrimaryCall.ReadInode(object.vdi(), offset, length);
        gateway.askHome(object.vdi(), call, new Completion<>() {
            @Override
            public void done(Answer answer) {
                if (answer instanceof Answer.Bytes bytes) {
                    completion.done(bytes.payload());
                } else {
                    completion.failed(ErrorCode.IO_ERROR);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                if (error == ErrorCode.NO_SUCH_VDI) {
                    // Being deleted: the inode is read until it has gone.
                    gateway.read(object, offset, length, completion);
                } else {
                    completion.failed(error);
                }
            }
        });
    }

    /**
     * Writes into an existing object.
     *
     * @param object the object
     * @param offset first byte
     * @param payload the bytes; ownership passes here
     * @param durable whether to sync
     * @param completion gets DONE; NO_SUCH_OBJECT, OUT_OF_RANGE, READ_ONLY
     */
    public void write(
            ObjectId object,
            long offset,
            Payload payload,
            boolean durable,
            Completion<Outcome> completion) {
        Completion<Outcome> owning = new Owning<>(payload, completion);
        if (isOutside(object, offset, payload.length())) {
            owning.failed(ErrorCode.OUT_OF_RANGE);
        } else if (object.kind() == ObjectKind.INODE && isInUse(object)) {
            writeInode(object, offset, payload, durable, owning);
        } else if (object.kind() == ObjectKind.DATA && isInUse(object)) {
            if (isReadOnly(object)) {
                owning.failed(ErrorCode.READ_ONLY);
                return;
            }
            withInode(
                    object,
                    owning,
                    () -> writePieces(
                            object,
                            offset,
                            payload,
                            durable,
                            new Sought<>(
                                    object,
                                    again -> writePieces(object, offset, payload, durable, again),
                                    owning)),
                    inode -> writeData(inode, object, offset, payload, durable, owning));
        } else {
            writePieces(object, offset, payload, durable, owning);
        }
    }

    private void writeInode(
            ObjectId object,
            long offset,
            Payload payload,
            boolean durable,
            Completion<Outcome> completion) {
        askHome(
                new PrimaryCall.WriteInode(object.vdi(), offset, payload, durable),
                object.vdi(),
                completion);
    }

    private void askHome(PrimaryCall call, VdiId vdi, Completion<Outcome> completion) {
        gateway.askHome(vdi, call, new Completion<>() {
            @Override
            public void done(Answer answer) {
                completion.done(Outcome.DONE);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    /** A write of nothing has no pieces, so only a read tells whether the object exists. */
    private void writePieces(
            ObjectId object,
            long offset,
            Payload payload,
            boolean durable,
            Completion<Outcome> completion) {
        if (payload.length() > 0) {
            gateway.write(ObjectChange.write(object, pieces(offset, payload), durable), completion);
            return;
        }
        gateway.read(object, 0, 0, new Completion<>() {
            @Override
            public void done(Payload nothing) {
                nothing.release();
                completion.done(Outcome.DONE);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    /**
     * Creates an object, replacing one of that id unless the data index shows it as owned or it is
     * the inode of a VDI in use: those are written.
     *
     * @param object the object
     * @param source id of the object to copy first, or 0
     * @param offset first byte of the payload
     * @param payload the bytes, may be empty; ownership passes here
     * @param durable whether to sync
     * @param completion gets DONE; NO_SUCH_OBJECT (source), OUT_OF_RANGE, READ_ONLY
     */
    public void create(
            ObjectId object,
            long source,
            long offset,
            Payload payload,
            boolean durable,
            Completion<Outcome> completion) {
        Completion<Outcome> owning = new Owning<>(payload, completion);
        if (isOutside(object, offset, payload.length())) {
            owning.failed(ErrorCode.OUT_OF_RANGE);
            return;
        }
        Creation creation = new Creation(object, source, offset, payload, durable, owning);
        if (object.kind() == ObjectKind.DATA && isInUse(object)) {
            if (isReadOnly(object)) {
                owning.failed(ErrorCode.READ_ONLY);
                return;
            }
            withInode(
                    object,
                    owning,
                    () -> createShared(creation),
                    inode -> createData(inode, creation));
            return;
        }
        if (object.kind() == ObjectKind.INODE && isInUse(object)) {
            // As with an owned data object: what other doors keep in it must not be lost.
            writeInode(object, offset, payload, durable, owning);
            return;
        }
        createAnew(creation, owning);
    }

    /**
     * Removes an object without touching the data index.
     *
     * @param object the object
     * @param completion gets DONE; NO_SUCH_OBJECT
     */
    public void remove(ObjectId object, Completion<Outcome> completion) {
        if (object.kind() == ObjectKind.DATA && isInUse(object)) {
            if (isReadOnly(object)) {
                completion.failed(ErrorCode.READ_ONLY);
                return;
            }
            withInode(
                    object,
                    completion,
                    () -> gateway.write(ObjectChange.remove(object), completion),
                    inode -> removeData(inode, object, completion));
        } else {
            gateway.write(ObjectChange.remove(object), completion);
        }
    }

    private void removeData(Inode inode, ObjectId object, Completion<Outcome> completion) {
        int index = object.index();
        Completion<Outcome> gated = new Gated(inode, index, true, completion);
        inode.enter(
                index,
                true,
                () -> gateway.write(
                        ObjectChange.remove(object), new Forgotten(inode, index, gated)));
    }

    /**
     * Frees an extent: its entry leaves the data index and its object goes. DONE also if it was a
     * hole.
     *
     * @param object the data object
     * @param completion gets DONE; INVALID_ARGUMENT for other kinds
     */
    public void discard(ObjectId object, Completion<Outcome> completion) {
        if (object.kind() != ObjectKind.DATA || !isInUse(object)) {
            completion.failed(ErrorCode.INVALID_ARGUMENT);
        } else {
            if (isReadOnly(object)) {
                completion.failed(ErrorCode.READ_ONLY);
                return;
            }
            withInode(
                    object,
                    completion,
                    () -> discardShared(object, completion),
                    inode -> new ExtentDiscard(
                                    inode,
                                    gateway,
                                    new Extent(object.index(), 0, inode.objectBytes()),
                                    new Moved(() -> discardShared(object, completion), completion))
                            .start());
        }
    }

    private void discardShared(ObjectId object, Completion<Outcome> completion) {
        askHome(
                new PrimaryCall.Discard(object.vdi(), object.index(), 0, sizeOf(object), true),
                object.vdi(),
                completion);
    }

    /**
     * Another node may have made the object: it is written then, not made anew. The home enters it
     * in the index before it is there, so that the doors which go by the objects do not show what
     * those which go by the index would not find; the client enters it once more.
     */
    private void createShared(Creation creation) {
        ObjectId object = creation.object();
        long size = sizeOf(object);
        if (creation.source() != 0 && creation.payload().length() != size) {
            createAnew(creation, creation.completion());
            return;
        }
        ObjectChange change = ObjectChange.ensure(
                object, size, pieces(creation.offset(), creation.payload()), creation.durable());
        askHome(new PrimaryCall.Allocate(object.vdi(), change), object.vdi(), new Completion<>() {
            @Override
            public void done(Outcome result) {
                creation.completion().done(result);
            }

            @Override
            public void failed(ErrorCode error) {
                if (error == ErrorCode.OUT_OF_RANGE || error == ErrorCode.UNSUPPORTED) {
                    // Behind the end of the disk, or in place of another VDI's object: the client
                    // may still be about to grow the disk or to change the entry.
                    gateway.write(change, creation.completion());
                } else {
                    creation.completion().failed(error);
                }
            }
        });
    }

    /**
     * Size of an object of that id, whether it exists or not.
     *
     * @param object the object
     * @return bytes
     */
    public long sizeOf(ObjectId object) {
        return switch (object.kind()) {
            case INODE -> InodeLayout.OBJECT_BYTES;
            case ATTRIBUTE -> InodeLayout.ATTRIBUTE_BYTES;
            case BTREE, LEDGER -> SMALL_OBJECT_BYTES;
            case DATA, VMSTATE -> {
                VdiEntry row = table.find(object.vdiNumber());
                yield 1L << (row == null ? defaultShift.getAsInt() : row.blockSizeShift());
            }
        };
    }

    private boolean isOutside(ObjectId object, long offset, long length) {
        return offset < 0 || offset > sizeOf(object) - length;
    }

    private boolean isInUse(ObjectId object) {
        VdiEntry row = table.find(object.vdiNumber());
        boolean indexed = object.kind() != ObjectKind.DATA
                || Integer.compareUnsigned(object.index(), InodeLayout.INDEX_ENTRIES) < 0;
        return row != null && row.state() == VdiEntry.VdiState.READY && indexed;
    }

    private boolean isReadOnly(ObjectId object) {
        VdiEntry row = table.find(object.vdiNumber());
        return row != null && row.snapshot();
    }

    /** Works at the inode where that is the whole truth, or shares the VDI with other nodes. */
    private void withInode(
            ObjectId object,
            Completion<Outcome> completion,
            Runnable shared,
            Consumer<Inode> action) {
        if (!gateway.isAlone()) {
            shared.run();
            return;
        }
        inodes.get(object.vdi(), new Completion<>() {
            @Override
            public void done(Inode inode) {
                action.accept(inode);
            }

            @Override
            public void failed(ErrorCode error) {
                if (error == ErrorCode.NO_PRIMARY) {
                    shared.run();
                } else {
                    completion.failed(error);
                }
            }
        });
    }

    private void writeData(
            Inode inode,
            ObjectId object,
            long offset,
            Payload payload,
            boolean durable,
            Completion<Outcome> owning) {
        int index = object.index();
        inode.enter(
                index,
                false,
                () -> writePieces(
                        object, offset, payload, durable, new Gated(inode, index, false, owning)));
    }

    private void createData(Inode inode, Creation creation) {
        int index = creation.object().index();
        inode.enter(index, true, () -> {
            Completion<Outcome> gated = new Gated(inode, index, true, creation.completion());
            if (inode.isDeleted()) {
                gated.failed(ErrorCode.NO_SUCH_VDI);
            } else if (inode.owns(index) && creation.source() == 0) {
                writePieces(
                        creation.object(),
                        creation.offset(),
                        creation.payload(),
                        creation.durable(),
                        gated);
            } else {
                createAnew(creation, new Noted(inode, index, gated));
            }
        });
    }

    private void createAnew(Creation creation, Completion<Outcome> completion) {
        long size = sizeOf(creation.object());
        boolean covered = creation.payload().length() == size;
        if (creation.source() == 0 || covered) {
            gateway.write(
                    creation.change(size, pieces(creation.offset(), creation.payload())),
                    completion);
            return;
        }
        if (size > MAX_COPY_BYTES) {
            completion.failed(ErrorCode.UNSUPPORTED);
            return;
        }
        gateway.read(new ObjectId(creation.source()), 0, (int) size, new Completion<>() {
            @Override
            public void done(Payload base) {
                List<Piece> pieces = creation.payload().length() == 0
                        ? List.of(Piece.of(0, base))
                        : List.of(
                                Piece.of(0, base), Piece.of(creation.offset(), creation.payload()));
                gateway.write(creation.change(size, pieces), new Owning<>(base, completion));
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    private static List<Piece> pieces(long offset, Payload payload) {
        return payload.length() == 0 ? List.of() : List.of(Piece.of(offset, payload));
    }

    private record Creation(
            ObjectId object,
            long source,
            long offset,
            Payload payload,
            boolean durable,
            Completion<Outcome> completion) {
        ObjectChange change(long sizeBytes, List<Piece> pieces) {
            return ObjectChange.create(object, sizeBytes, pieces, durable);
        }
    }

    /** Goes another way if the home of the VDI moved meanwhile. */
    private record Moved(Runnable shared, Completion<Outcome> whole)
            implements Completion<Outcome> {
        @Override
        public void done(Outcome result) {
            whole.done(result);
        }

        @Override
        public void failed(ErrorCode error) {
            if (error == ErrorCode.NO_PRIMARY) {
                shared.run();
            } else {
                whole.failed(error);
            }
        }
    }

    /**
     * Tries once more if the object is missing while its entry is there: it was being made, or made
     * again. An entry that a dead home left is taken away by that. Missing it stays where the
     * client's copy of the index is old, as on one node.
     */
    private final class Sought<T> implements Completion<T> {
        private final ObjectId object;
        private final Consumer<Completion<T>> again;
        private final Completion<T> whole;

        Sought(ObjectId object, Consumer<Completion<T>> again, Completion<T> whole) {
            this.object = object;
            this.again = again;
            this.whole = whole;
        }

        @Override
        public void done(T result) {
            whole.done(result);
        }

        @Override
        public void failed(ErrorCode error) {
            if (error != ErrorCode.NO_SUCH_OBJECT) {
                whole.failed(error);
                return;
            }
            PrimaryCall call = new PrimaryCall.CheckEntry(object.vdi(), object.index());
            gateway.askHome(object.vdi(), call, new Completion<>() {
                @Override
                public void done(Answer answer) {
                    if (answer.equals(new Answer.Number(object.vdiNumber()))) {
                        again.accept(whole);
                    } else {
                        whole.failed(ErrorCode.NO_SUCH_OBJECT);
                    }
                }

                @Override
                public void failed(ErrorCode unknown) {
                    boolean gone = unknown == ErrorCode.NO_SUCH_VDI;
                    whole.failed(gone ? ErrorCode.NO_SUCH_OBJECT : unknown);
                }
            });
        }
    }

    /** Releases a payload when its request ends. */
    private record Owning<T>(Payload payload, Completion<T> whole) implements Completion<T> {
        @Override
        public void done(T result) {
            payload.release();
            whole.done(result);
        }

        @Override
        public void failed(ErrorCode error) {
            payload.release();
            whole.failed(error);
        }
    }

    /** Notes that the object exists while the client has not entered it in the index yet. */
    private record Noted(Inode inode, int index, Completion<Outcome> whole)
            implements Completion<Outcome> {
        @Override
        public void done(Outcome result) {
            inode.onCreatedByClient(index);
            whole.done(result);
        }

        @Override
        public void failed(ErrorCode error) {
            whole.failed(error);
        }
    }

    /** Notes that an object which the client had not entered in the index exists no more. */
    private record Forgotten(Inode inode, int index, Completion<Outcome> whole)
            implements Completion<Outcome> {
        @Override
        public void done(Outcome result) {
            inode.onRemovedByClient(index);
            whole.done(result);
        }

        @Override
        public void failed(ErrorCode error) {
            whole.failed(error);
        }
    }

    /** Leaves a gate when its request ends. */
    private record Gated(Inode inode, int index, boolean exclusive, Completion<Outcome> whole)
            implements Completion<Outcome> {
        @Override
        public void done(Outcome result) {
            inode.leave(index, exclusive);
            whole.done(result);
        }

        @Override
        public void failed(ErrorCode error) {
            inode.leave(index, exclusive);
            whole.failed(error);
        }
    }
}
