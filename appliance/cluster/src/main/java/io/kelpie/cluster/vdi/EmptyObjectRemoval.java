package io.kelpie.cluster.vdi;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;

/**
 * Takes a zeroed object and its entry away unless somebody has written it since: first the entry,
 * then the object if it is empty still; if it is there afterwards, the entry returns. Runs behind
 * the extent's gate. Core loop only.
 */
final class EmptyObjectRemoval {
    private final Inode inode;
    private final Gateway gateway;
    private final int extent;
    private final Completion<Outcome> completion;

    EmptyObjectRemoval(Inode inode, Gateway gateway, int extent, Completion<Outcome> completion) {
        this.inode = inode;
        this.gateway = gateway;
        this.extent = extent;
        this.completion = completion;
    }

    void start() {
        if (inode.owns(extent)) {
            inode.setEntry(extent, false, true, new Then() {
                @Override
                public void done(Outcome result) {
                    removeObject();
                }
            });
        } else {
            removeObject();
        }
    }

    /**
     * Not tried again once the home has moved: the next one may have entered the object by then.
     */
    private void removeObject() {
        inode.writeObject(ObjectChange.removeIfEmpty(object()), gateway.newOperation(), new Then() {
            @Override
            public void done(Outcome result) {
                look();
            }
        });
    }

    private void look() {
        gateway.read(object(), 0, 0, new Completion<>() {
            @Override
            public void done(Payload nothing) {
                nothing.release();
                if (inode.owner(extent) == 0) {
                    inode.setEntry(extent, true, true, completion);
                } else {
                    // A client has entered another VDI's object meanwhile.
                    completion.done(Outcome.DONE);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                if (error == ErrorCode.NO_SUCH_OBJECT) {
                    completion.done(Outcome.DONE);
                } else {
                    completion.failed(error);
                }
            }
        });
    }

    private ObjectId object() {
        return ObjectId.data(inode.id(), extent);
    }

    /** A step whose failure is the failure of the whole. */
    private abstract class Then implements Completion<Outcome> {
        @Override
        public void failed(ErrorCode error) {
            completion.failed(error);
        }
    }
}
