package io.kelpie.cluster.recovery;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.replication.ActiveGroup;

import java.util.List;

/** Counts what a group holds at the primary, so that people see how much is left. */
final class Census implements Completion<List<HeldObject>> {
    private static final int PAGE = 4096;

    private final ActiveGroup group;
    private long objects;
    private long bytes;
    private boolean cancelled;

    Census(ActiveGroup group) {
        this.group = group;
    }

    void start() {
        group.listHeld(new ObjectId(0), PAGE, this);
    }

    void cancel() {
        cancelled = true;
    }

    long objects() {
        return objects;
    }

    long bytes() {
        return bytes;
    }

    @Override
    public void done(List<HeldObject> page) {
        for (HeldObject each : page) {
            objects++;
            bytes += each.sizeBytes();
        }
        long last = page.isEmpty() ? -1 : page.get(page.size() - 1).object().value();
        if (!cancelled && page.size() == PAGE && last != -1) {
            group.listHeld(new ObjectId(last + 1), PAGE, this);
        }
    }

    @Override
    public void failed(ErrorCode error) {
        // Whoever copies meets the error too, and says so.
    }
}
