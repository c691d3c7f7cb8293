package io.kelpie.node.peer;

import io.kelpie.cluster.message.GatewayMessage.Answer;
import io.kelpie.cluster.message.GatewayMessage.Request;
import io.kelpie.cluster.message.GatewayMessage.Response;
import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.LivenessMessage.EventsUpdate;
import io.kelpie.cluster.message.LivenessMessage.MapUpdate;
import io.kelpie.cluster.message.LivenessMessage.StateUpdate;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.message.PrimaryCall;
import io.kelpie.cluster.message.RecoveryMessage;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.PeerMessage;

import java.util.List;

/**
 * How a message travels: on which of a link's connections, and about how many bytes it holds until
 * the socket took it. What is about a group stays on one connection, and so in order.
 *
 * @param connection 0 for control, then those for data
 * @param bytes an estimate, to bound what is under way
 */
record Route(int connection, long bytes) {
    /** Connections for data (cluster.md 12). */
    static final int DATA_CONNECTIONS = 4;
    /** All connections of a link. */
    static final int CONNECTIONS = 1 + DATA_CONNECTIONS;

    /** Objects, frame and the smaller fields of a message. */
    private static final int BASE_BYTES = 512;
    /** An element of a list, with its objects on the heap. */
    private static final int ELEMENT_BYTES = 128;

    static Route of(PeerMessage message) {
        if (message instanceof GroupMessage group) {
            return new Route(connectionOf(group.pg()), BASE_BYTES + bytesOf(group));
        }
        if (message instanceof Request request) {
            return new Route(connectionOf(request.pg()), BASE_BYTES + bytesOf(request.call()));
        }
        if (message instanceof Response response) {
            // Answers are told apart by their number and need no order.
            int connection = 1 + Math.floorMod(response.requestId(), DATA_CONNECTIONS);
            return new Route(connection, BASE_BYTES + bytesOf(response.answer()));
        }
        if (message instanceof RecoveryMessage recovery) {
            return new Route(connectionOf(recovery.pg()), BASE_BYTES);
        }
        if (message instanceof MapUpdate update) {
            return new Route(0, BASE_BYTES + elements(update.map().groups()));
        }
        if (message instanceof StateUpdate update) {
            return new Route(0, BASE_BYTES + update.state().length);
        }
        if (message instanceof EventsUpdate update) {
            long bodies =
                    update.events().stream().mapToLong(e -> e.body().length).sum();
            return new Route(0, BASE_BYTES + elements(update.events()) + bodies);
        }
        return new Route(0, BASE_BYTES);
    }

    private static int connectionOf(PgId pg) {
        return 1 + pg.partition() % DATA_CONNECTIONS;
    }

    private static long bytesOf(GroupMessage message) {
        if (message instanceof GroupMessage.Replicate replicate) {
            return bytesOf(replicate.change().pieces());
        }
        if (message instanceof GroupMessage.Push push) {
            return bytesOf(push.pieces()) + elements(push.operations());
        }
        if (message instanceof GroupMessage.Info info) {
            return elements(info.entries());
        }
        if (message instanceof GroupMessage.VersionsRequest request) {
            return elements(request.objects());
        }
        if (message instanceof GroupMessage.Versions versions) {
            return elements(versions.held());
        }
        if (message instanceof GroupMessage.Listing listing) {
            return elements(listing.held());
        }
        return message instanceof GroupMessage.Digest digest
                ? (long) Integer.BYTES * digest.digest().sums().length
                : 0;
    }

    private static long bytesOf(PrimaryCall call) {
        if (call instanceof PrimaryCall.Change change) {
            return bytesOf(change.change().pieces());
        }
        if (call instanceof PrimaryCall.Allocate allocate) {
            return bytesOf(allocate.change().pieces());
        }
        if (call instanceof PrimaryCall.WriteInode write) {
            return write.payload().length();
        }
        return call instanceof PrimaryCall.Attribute attribute
                ? attribute.attribute().length()
                : 0;
    }

    private static long bytesOf(Answer answer) {
        if (answer instanceof Answer.Bytes bytes) {
            return bytes.payload().length();
        }
        if (answer instanceof Answer.Ranges ranges) {
            return elements(ranges.ranges());
        }
        return answer instanceof Answer.Objects objects ? elements(objects.ids()) : 0;
    }

    private static long bytesOf(List<Piece> pieces) {
        long bytes = elements(pieces);
        for (Piece piece : pieces) {
            Payload payload = piece.payload();
            bytes += payload == null ? 0 : payload.length();
        }
        return bytes;
    }

    private static long elements(List<?> list) {
        return (long) ELEMENT_BYTES * list.size();
    }
}
