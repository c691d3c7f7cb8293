package io.kelpie.cluster.testing;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore;
import io.kelpie.cluster.port.ObjectDigest;
import io.kelpie.cluster.port.ObjectSnapshot;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.StoreBatch;
import io.kelpie.cluster.port.StoreRead;

import java.util.List;

/** A store as one process sees it: nothing comes or goes after the process died. */
final class MortalStore implements LocalStore {
    private final LocalStore disk;
    private boolean dead;

    MortalStore(LocalStore disk) {
        this.disk = disk;
    }

    void die() {
        dead = true;
    }

    private <T> Completion<T> whileAlive(Completion<T> completion) {
        return new Completion<>() {
            @Override
            public void done(T result) {
                if (!dead) {
                    completion.done(result);
                } else if (result instanceof Payload payload) {
                    payload.release();
                } else if (result instanceof ObjectSnapshot snapshot) {
                    snapshot.close();
                }
            }

            @Override
            public void failed(ErrorCode error) {
                if (!dead) {
                    completion.failed(error);
                }
            }
        };
    }

    @Override
    public void write(StoreBatch batch, Completion<Outcome> completion) {
        if (!dead) {
            disk.write(batch, whileAlive(completion));
        }
    }

    @Override
    public void sync(Completion<Outcome> completion) {
        if (!dead) {
            disk.sync(whileAlive(completion));
        }
    }

    @Override
    public void read(StoreRead read, Completion<Payload> completion) {
        if (!dead) {
            disk.read(read, whileAlive(completion));
        }
    }

    @Override
    public void allocated(StoreRead read, Completion<List<DataRange>> completion) {
        if (!dead) {
            disk.allocated(read, whileAlive(completion));
        }
    }

    @Override
    public void list(PgId pg, ObjectId from, int max, Completion<List<ObjectId>> completion) {
        if (!dead) {
            disk.list(pg, from, max, whileAlive(completion));
        }
    }

    @Override
    public void held(PgId pg, ObjectId object, Completion<HeldObject> completion) {
        if (!dead) {
            disk.held(pg, object, whileAlive(completion));
        }
    }

    @Override
    public void listHeld(PgId pg, ObjectId from, int max, Completion<List<HeldObject>> completion) {
        if (!dead) {
            disk.listHeld(pg, from, max, whileAlive(completion));
        }
    }

    @Override
    public void openSnapshot(PgId pg, ObjectId object, Completion<ObjectSnapshot> completion) {
        if (!dead) {
            disk.openSnapshot(pg, object, whileAlive(completion));
        }
    }

    @Override
    public void digest(PgId pg, ObjectId object, Completion<ObjectDigest> completion) {
        if (!dead) {
            disk.digest(pg, object, whileAlive(completion));
        }
    }

    @Override
    public void readLog(PgId pg, Completion<List<LogEntry>> completion) {
        if (!dead) {
            disk.readLog(pg, whileAlive(completion));
        }
    }

    @Override
    public void groups(Completion<List<PgId>> completion) {
        if (!dead) {
            disk.groups(whileAlive(completion));
        }
    }

    @Override
    public void readRecord(String name, Completion<RecordValue> completion) {
        if (!dead) {
            disk.readRecord(name, whileAlive(completion));
        }
    }

    @Override
    public Space space() {
        return disk.space();
    }
}
