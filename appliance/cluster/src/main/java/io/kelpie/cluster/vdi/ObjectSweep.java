package io.kelpie.cluster.vdi;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectKind;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;

import java.util.ArrayDeque;
import java.util.List;

/**
 * Removes the data objects of a deleted VDI that no index entry names: a crash between an object
 * and its entry leaves such. Looks through every placement group, one object at a time, with
 * several nodes until nothing was found. Core loop only.
 */
final class ObjectSweep {
    private static final int BATCH = 256;
    /** A write that was in work when the deletion began may make an object behind the sweep. */
    private static final int MAX_PASSES = 8;

    private final VdiId vdi;
    private final Gateway gateway;
    private final Completion<Outcome> completion;
    private final ArrayDeque<ObjectId> found = new ArrayDeque<>();
    private int group;
    private int pass = 1;
    private boolean clean = true;
    private boolean groupEnded;
    private ObjectId next;

    ObjectSweep(VdiId vdi, Gateway gateway, Completion<Outcome> completion) {
        this.vdi = vdi;
        this.gateway = gateway;
        this.completion = completion;
        this.next = ObjectId.data(vdi, 0);
    }

    void start() {
        gateway.list(group, next, BATCH, new Completion<>() {
            @Override
            public void done(List<ObjectId> ids) {
                onListed(ids);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    private void onListed(List<ObjectId> ids) {
        for (ObjectId id : ids) {
            if (isOurs(id)) {
                found.add(id);
                clean = false;
            }
        }
        ObjectId last = ids.isEmpty() ? next : ids.get(ids.size() - 1);
        groupEnded = ids.size() < BATCH || !isOurs(last);
        next = new ObjectId(last.value() + 1);
        removeNext();
    }

    private boolean isOurs(ObjectId id) {
        return id.kind() == ObjectKind.DATA && id.vdiNumber() == vdi.value();
    }

    private void removeNext() {
        ObjectId id = found.poll();
        if (id == null) {
            goOn();
            return;
        }
        gateway.write(ObjectChange.remove(id), new Completion<>() {
            @Override
            public void done(Outcome result) {
                removeNext();
            }

            @Override
            public void failed(ErrorCode error) {
                if (error == ErrorCode.NO_SUCH_OBJECT) {
                    removeNext();
                } else {
                    completion.failed(error);
                }
            }
        });
    }

    private void goOn() {
        if (groupEnded) {
            group++;
            next = ObjectId.data(vdi, 0);
        }
        if (group < gateway.groupCount()) {
            start();
        } else if (!clean && !gateway.isAlone() && pass < MAX_PASSES) {
            pass++;
            clean = true;
            group = 0;
            start();
        } else {
            completion.done(Outcome.DONE);
        }
    }
}
