package io.kelpie.cluster.message;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.LocalStore.DataRange;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.PeerMessage;

import java.util.List;

/** What a gateway asks of a primary, and the answer. */
public sealed interface GatewayMessage extends PeerMessage {
    /**
     * A request to the primary of a group.
     *
     * @param requestId chosen by the sender for this attempt, echoed in the answer
     * @param pg the group
     * @param epoch partition epoch in the sender's map
     * @param eventsIndex events the sender had applied: the primary must have them too
     * @param operation identity of the client's operation, the same in all attempts
     * @param call what to do
     */
    record Request(
            long requestId,
            PgId pg,
            long epoch,
            long eventsIndex,
            OperationId operation,
            PrimaryCall call)
            implements GatewayMessage {
        @Override
        public void release() {
            call.release();
        }
    }

    /**
     * The answer to a request.
     *
     * @param requestId as it came
     * @param answer the answer
     */
    record Response(long requestId, Answer answer) implements GatewayMessage {
        @Override
        public void release() {
            if (answer instanceof Answer.Bytes bytes) {
                bytes.payload().release();
            }
        }
    }

    /** How a request ended. */
    sealed interface Answer {
        /** It is done. */
        record Done() implements Answer {}

        /**
         * What was read.
         *
         * @param payload the bytes
         */
        record Bytes(Payload payload) implements Answer {}

        /**
         * Where data is.
         *
         * @param ranges ascending
         */
        record Ranges(List<DataRange> ranges) implements Answer {
            /** Copies the list. */
            public Ranges {
                ranges = List.copyOf(ranges);
            }
        }

        /**
         * Which objects there are.
         *
         * @param ids ascending
         */
        record Objects(List<ObjectId> ids) implements Answer {
            /** Copies the list. */
            public Objects {
                ids = List.copyOf(ids);
            }
        }

        /**
         * A number, by the call.
         *
         * @param value the number
         */
        record Number(long value) implements Answer {}

        /**
         * It failed for good, without effect.
         *
         * @param error why
         */
        record Failed(ErrorCode error) implements Answer {}

        /**
         * This node cannot serve it: look at the map, then try again.
         *
         * @param mapVersion the answering node's map
         */
        record Elsewhere(long mapVersion) implements Answer {}
    }
}
