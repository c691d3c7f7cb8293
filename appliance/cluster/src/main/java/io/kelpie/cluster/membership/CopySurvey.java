package io.kelpie.cluster.membership;

import io.kelpie.cluster.message.ControlMessage.Copies;
import io.kelpie.cluster.message.ControlMessage.CopiesRequest;
import io.kelpie.cluster.message.ControlMessage.Copy;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Ports;

import java.util.ArrayList;
import java.util.List;

/**
 * Tells what this node holds of groups that nobody serves, whatever its part in them was. Group by
 * group, so that one answer at a time is made. A group whose copy cannot be read is left out. Core
 * loop only.
 */
final class CopySurvey {
    private static final int PAGE = 4096;

    private final Ports ports;
    private boolean busy;
    private boolean closed;

    CopySurvey(Ports ports) {
        this.ports = ports;
    }

    void close() {
        closed = true;
    }

    /** Answers; a question that comes while another is being answered is dropped and repeated. */
    void onRequest(NodeId from, CopiesRequest request) {
        if (!busy && !closed) {
            busy = true;
            new Answer(from, request).next();
        }
    }

    private final class Answer implements Completion<List<HeldObject>> {
        private final NodeId to;
        private final CopiesRequest request;
        private final List<Copy> copies = new ArrayList<>();
        private int group;
        private long objects;
        private ObjectVersion highest = ObjectVersion.NONE;

        Answer(NodeId to, CopiesRequest request) {
            this.to = to;
            this.request = request;
        }

        void next() {
            if (closed) {
                return;
            }
            if (group == request.groups().size()) {
                busy = false;
                ports.peers().send(to, new Copies(request.requestId(), copies));
                return;
            }
            objects = 0;
            highest = ObjectVersion.NONE;
            ports.store().listHeld(pg(), new ObjectId(0), PAGE, this);
        }

        private PgId pg() {
            return request.groups().get(group);
        }

        @Override
        public void done(List<HeldObject> held) {
            for (HeldObject each : held) {
                // What was being received when it was listed counts for nothing.
                if (!each.version().equals(ObjectVersion.PARTIAL)) {
                    objects++;
                    if (each.version().compareTo(highest) > 0) {
                        highest = each.version();
                    }
                }
            }
            long last = held.isEmpty() ? -1 : held.get(held.size() - 1).object().value();
            if (held.size() == PAGE && last != -1) {
                ports.store().listHeld(pg(), new ObjectId(last + 1), PAGE, this);
                return;
            }
            copies.add(new Copy(pg(), objects, highest));
            group++;
            next();
        }

        @Override
        public void failed(ErrorCode error) {
            group++;
            next();
        }
    }
}
