package io.kelpie.cluster.vdi;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.gateway.InFlight;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Tracer;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * Creates and deletes VDIs: an event takes the name, then objects follow, then an event ends it.
 * What a crash leaves half done is finished at the next start. Core loop only.
 */
public final class VdiCatalog {
    private static final long NANOS_PER_MICRO = 1000;

    private final Ports ports;
    private final EventLog events;
    private final VdiTable table;
    private final Inodes inodes;
    private final Gateway gateway;

    /**
     * Composes the catalogue.
     *
     * @param ports clock, payloads and tracer are used
     * @param events the event log
     * @param table the VDI table, registered with the log
     * @param inodes the inodes in memory
     * @param gateway reaches the objects
     */
    public VdiCatalog(
            Ports ports, EventLog events, VdiTable table, Inodes inodes, Gateway gateway) {
        this.ports = ports;
        this.events = events;
        this.table = table;
        this.inodes = inodes;
        this.gateway = gateway;
    }

    /**
     * Creates a VDI.
     *
     * @param request what it shall be, defaults filled in
     * @param completion gets its row once it is durable; VDI_EXISTS, VDI_SPACE_FULL,
     *     INVALID_ARGUMENT, or why the inode could not be written
     */
    public void create(CreateRequest request, Completion<VdiEntry> completion) {
        int nameBytes = request.name().length();
        boolean sizeFits = request.sizeBytes() >= 0
                && request.sizeBytes() <= InodeLayout.maxSizeBytes(request.blockSizeShift());
        if (nameBytes == 0 || nameBytes > VdiName.MAX_BYTES || !sizeFits) {
            completion.failed(ErrorCode.INVALID_ARGUMENT);
            return;
        }
        long wallNanos = ports.clock().wallNanos();
        ByteBuffer event = VdiTable.create(request, wallNanos - wallNanos % NANOS_PER_MICRO);
        events.submit(VdiTable.KIND, event, new Completion<>() {
            @Override
            public void done(Integer number) {
                writeInode(row(number), completion);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    /**
     * Deletes a VDI and every object only it refers to.
     *
     * @param row the VDI, as a lookup found it
     * @param completion gets the row as it was, once everything is gone; NO_SUCH_VDI if somebody
     *     else deletes it
     */
    public void delete(VdiEntry row, Completion<VdiEntry> completion) {
        events.submit(VdiTable.KIND, VdiTable.delete(row.id()), new Completion<>() {
            @Override
            public void done(Integer number) {
                purge(row, completion);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    /**
     * Finishes in the background what an earlier life of this node left half made or half deleted.
     * Counted as requests, so that a format waits for it: it must not remove objects of a VDI that
     * gets the same id afterwards.
     *
     * @param inFlight counts it
     */
    public void finishUnfinished(InFlight inFlight) {
        for (VdiEntry row : table.unfinished()) {
            ports.tracer()
                    .event(Tracer.Level.INFO, "finishing " + row.state() + " of VDI " + row.id());
            Completion<VdiEntry> traced = new Completion<>() {
                @Override
                public void done(VdiEntry result) {}

                @Override
                public void failed(ErrorCode error) {
                    ports.tracer()
                            .event(
                                    Tracer.Level.WARN,
                                    "VDI " + row.id() + " stays unfinished: " + error);
                }
            };
            Completion<VdiEntry> counted = inFlight.admit(traced);
            if (counted != null && row.state() == VdiEntry.VdiState.CREATING) {
                writeInode(row, counted);
            } else if (counted != null) {
                purge(row, counted);
            }
        }
    }

    private void writeInode(VdiEntry row, Completion<VdiEntry> completion) {
        replaceInode(row, InodeLayout.header(row), new Completion<>() {
            @Override
            public void done(Outcome result) {
                finish(VdiTable.ready(row.id()), row, completion);
            }

            @Override
            public void failed(ErrorCode error) {
                undoCreate(row, error, completion);
            }
        });
    }

    private void undoCreate(VdiEntry row, ErrorCode cause, Completion<VdiEntry> completion) {
        events.submit(VdiTable.KIND, VdiTable.purged(row.id()), new Completion<>() {
            @Override
            public void done(Integer number) {
                completion.failed(cause);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(cause);
            }
        });
    }

    private void purge(VdiEntry row, Completion<VdiEntry> completion) {
        inodes.get(row.id(), new Completion<>() {
            @Override
            public void done(Inode inode) {
                purge(row, inode, completion);
            }

            @Override
            public void failed(ErrorCode error) {
                boolean lost =
                        error == ErrorCode.NO_SUCH_OBJECT || error == ErrorCode.CORRUPT_OBJECT;
                if (lost) {
                    purge(row, inodes.withLostIndex(row), completion);
                } else {
                    completion.failed(error);
                }
            }
        });
    }

    private void purge(VdiEntry row, Inode inode, Completion<VdiEntry> completion) {
        new PurgeOperation(inode, new Completion<>() {
                    @Override
                    public void done(Outcome result) {
                        inodes.forget(row.id());
                        sweep(row, completion);
                    }

                    @Override
                    public void failed(ErrorCode error) {
                        completion.failed(error);
                    }
                })
                .start();
    }

    private void sweep(VdiEntry row, Completion<VdiEntry> completion) {
        new ObjectSweep(row.id(), gateway, new Completion<>() {
                    @Override
                    public void done(Outcome result) {
                        clearInode(row, completion);
                    }

                    @Override
                    public void failed(ErrorCode error) {
                        completion.failed(error);
                    }
                })
                .start();
    }

    /** The inode object stays, as clients probe for it, without name, size and index. */
    private void clearInode(VdiEntry row, Completion<VdiEntry> completion) {
        ByteBuffer header = InodeLayout.header(row.purged());
        replaceInode(row, header, new Completion<>() {
            @Override
            public void done(Outcome result) {
                finish(VdiTable.purged(row.id()), row, completion);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    private void replaceInode(VdiEntry row, ByteBuffer header, Completion<Outcome> completion) {
        Payload payload = ports.payloads().copyOf(header);
        ObjectChange change = ObjectChange.create(
                ObjectId.inode(row.id()),
                InodeLayout.OBJECT_BYTES,
                List.of(Piece.of(0, payload)),
                true);
        gateway.write(change, new Completion<>() {
            @Override
            public void done(Outcome result) {
                payload.release();
                completion.done(result);
            }

            @Override
            public void failed(ErrorCode error) {
                payload.release();
                completion.failed(error);
            }
        });
    }

    private void finish(ByteBuffer event, VdiEntry before, Completion<VdiEntry> completion) {
        events.submit(VdiTable.KIND, event, new Completion<>() {
            @Override
            public void done(Integer number) {
                VdiEntry row = row(number);
                completion.done(row.state() == VdiEntry.VdiState.READY ? row : before);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    private VdiEntry row(int number) {
        VdiEntry row = table.find(number);
        if (row == null) {
            throw new IllegalStateException(
                    "no row for VDI " + new VdiId(number) + " right after its event");
        }
        return row;
    }
}
