package io.kelpie.cluster.vdi;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.gateway.InFlight;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Action;
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
import java.util.TreeSet;

/**
 * Creates and deletes VDIs: an event takes the name, then objects follow, then an event ends it.
 * The node that was asked does all of it. What it leaves half done when it dies is finished at its
 * next start if it is alone, else by the home of the VDI after a while; both may be at it at the
 * same time. Core loop only.
 */
public final class VdiCatalog {
    private static final long NANOS_PER_MICRO = 1000;

    /** Who was asked is disturbed only if it takes longer than this, at most twice this. */
    private static final long WATCH_NANOS = 3_000_000_000L;

    private final Ports ports;
    private final EventLog events;
    private final VdiTable table;
    private final InodeHomes inodes;
    private final Gateway gateway;
    private final EventBarrier barrier;
    /** VDIs that this node is creating or deleting. */
    private final TreeSet<VdiId> inWork = new TreeSet<>();
    /** VDIs that were unfinished when this node last looked. */
    private TreeSet<VdiId> seen = new TreeSet<>();

    private boolean watching;
    private boolean closed;

    /**
     * Composes the catalogue.
     *
     * @param ports clock, payloads and tracer are used
     * @param events the event log
     * @param table the VDI table, registered with the log
     * @param inodes the inodes whose home is this node
     * @param gateway reaches the objects
     * @param barrier makes a deletion known to all nodes before objects are removed
     */
    public VdiCatalog(
            Ports ports,
            EventLog events,
            VdiTable table,
            InodeHomes inodes,
            Gateway gateway,
            EventBarrier barrier) {
        this.ports = ports;
        this.events = events;
        this.table = table;
        this.inodes = inodes;
        this.gateway = gateway;
        this.barrier = barrier;
    }

    /**
     * Finds a VDI by name as the Sheepdog protocol does (section 10.5), not missing what any node
     * was told is done.
     *
     * @param name the name
     * @param tag snapshot tag, or empty
     * @param snapshotId snapshot id, or 0
     * @param completion gets the row if it is ready; NO_SUCH_VDI or NO_SUCH_TAG
     */
    public void lookup(String name, String tag, int snapshotId, Completion<VdiEntry> completion) {
        if (gateway.isAlone()) {
            find(name, tag, snapshotId, completion);
            return;
        }
        events.catchUp(new Completion<>() {
            @Override
            public void done(Outcome result) {
                find(name, tag, snapshotId, completion);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    private void find(String name, String tag, int snapshotId, Completion<VdiEntry> completion) {
        VdiTable.Lookup found = table.lookup(name, tag, snapshotId);
        VdiEntry row = found.row();
        if (row != null && row.state() == VdiEntry.VdiState.READY) {
            completion.done(row);
        } else {
            ErrorCode error = found.error();
            completion.failed(error == null ? ErrorCode.NO_SUCH_VDI : error);
        }
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
                VdiEntry row = row(number);
                writeInode(row, working(row, completion));
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
                purge(row, working(row, completion));
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    /**
     * Finishes in the background what is half made or half deleted: at once what an earlier life of
     * this node left if it is alone; in a cluster, from now on and after a while, what belongs to
     * VDIs whose home is this node. Counted as requests, so that a format waits for it: it must not
     * remove objects of a VDI that gets the same id afterwards.
     *
     * @param inFlight counts it
     */
    public void finishUnfinished(InFlight inFlight) {
        if (gateway.isAlone()) {
            table.unfinished().forEach(row -> finish(row, inFlight));
        } else if (!watching) {
            watching = true;
            ports.timers().after(WATCH_NANOS, () -> watch(inFlight));
        }
    }

    /** Finishes nothing more in the background. */
    public void close() {
        closed = true;
    }

    private void watch(InFlight inFlight) {
        watching = false;
        if (closed) {
            return;
        }
        TreeSet<VdiId> unfinished = new TreeSet<>();
        for (VdiEntry row : table.unfinished()) {
            unfinished.add(row.id());
            boolean late = seen.contains(row.id());
            if (late && gateway.homeEpoch(row.id()) != Gateway.NOT_HOME) {
                finish(row, inFlight);
            }
        }
        seen = unfinished;
        finishUnfinished(inFlight);
    }

    private void finish(VdiEntry row, InFlight inFlight) {
        if (inFlight.refusal() != null || inWork.contains(row.id())) {
            return;
        }
        ports.tracer().event(Tracer.Level.INFO, "finishing " + row.state() + " of VDI " + row.id());
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
            writeInode(row, working(row, counted));
        } else if (counted != null) {
            purge(row, working(row, counted));
        }
    }

    private Completion<VdiEntry> working(VdiEntry row, Completion<VdiEntry> completion) {
        inWork.add(row.id());
        return new Completion<>() {
            @Override
            public void done(VdiEntry result) {
                inWork.remove(row.id());
                completion.done(result);
            }

            @Override
            public void failed(ErrorCode error) {
                inWork.remove(row.id());
                completion.failed(error);
            }
        };
    }

    private void writeInode(VdiEntry row, Completion<VdiEntry> completion) {
        // Of two that finish the same creation the later one must not wipe what is in use by then.
        Action action = gateway.isAlone() ? Action.CREATE : Action.ENSURE;
        writeInode(action, row, InodeLayout.header(row), new Completion<>() {
            @Override
            public void done(Outcome result) {
                finish(VdiTable.ready(row.id()), row, completion);
            }

            @Override
            public void failed(ErrorCode error) {
                VdiEntry current = table.find(row.id().value());
                if (current != null && current.state() == VdiEntry.VdiState.READY) {
                    // The home has finished it, and its primary refuses who comes later.
                    completion.done(current);
                } else {
                    undoCreate(row, error, completion);
                }
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
        if (gateway.isAlone()) {
            purgeHere(row, completion);
            return;
        }
        barrier.raise(events.appliedIndex(), new Completion<>() {
            @Override
            public void done(Outcome result) {
                // Nobody writes any more; the objects there are tell better than the index.
                sweep(row, completion);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    private void purgeHere(VdiEntry row, Completion<VdiEntry> completion) {
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
        writeInode(Action.CREATE, row, header, new Completion<>() {
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

    private void writeInode(
            Action action, VdiEntry row, ByteBuffer header, Completion<Outcome> completion) {
        Payload payload = ports.payloads().copyOf(header);
        ObjectChange change = new ObjectChange(
                ObjectId.inode(row.id()),
                action,
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
                end();
            }

            @Override
            public void failed(ErrorCode error) {
                VdiEntry row = table.find(before.id().value());
                boolean ended = row != null
                        && (row.state() == VdiEntry.VdiState.READY
                                || row.state() == VdiEntry.VdiState.DELETED);
                if (error == ErrorCode.NO_SUCH_VDI && ended) {
                    // Somebody else finished it at the same time.
                    end();
                } else {
                    completion.failed(error);
                }
            }

            private void end() {
                VdiEntry row = row(before.id().value());
                completion.done(row.state() == VdiEntry.VdiState.READY ? row : before);
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
