package io.kelpie.simulator;

import io.kelpie.cluster.message.GatewayMessage;
import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.message.PrimaryCall;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.PeerMessage;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/** Copies messages: records travel as they are, payloads by their bytes. */
final class CopyCarrier implements MessageCarrier {
    private static final int HEAD_BYTES = 96;

    /** Names by class name, so that no text is put together for each message. */
    private final TreeMap<String, String> names = new TreeMap<>();

    @Override
    public Packet pack(PeerMessage message) {
        int[] bytes = {HEAD_BYTES};
        PeerMessage frozen = mapped(message, payload -> {
            Frozen copy = new Frozen(payload);
            bytes[0] += copy.length();
            return copy;
        });
        message.release();
        return new Copied(nameOf(message), orderOf(message), bytes[0], frozen);
    }

    private String nameOf(PeerMessage message) {
        Class<?> type = message.getClass();
        if (message instanceof GatewayMessage.Request request) {
            type = request.call().getClass();
        } else if (message instanceof GatewayMessage.Response response) {
            type = response.answer().getClass();
        }
        String full = type.getName();
        return names.computeIfAbsent(full, name -> {
            String simple = name.substring(name.lastIndexOf('.') + 1);
            String prefix = message instanceof GatewayMessage.Request
                    ? "Request."
                    : message instanceof GatewayMessage.Response ? "Response." : "";
            return prefix + simple.substring(simple.lastIndexOf('$') + 1);
        });
    }

    private static int orderOf(PeerMessage message) {
        if (message instanceof GroupMessage group) {
            return group.pg().partition();
        }
        return message instanceof GatewayMessage.Request request ? request.pg().partition() : -1;
    }

    private static PeerMessage mapped(PeerMessage message, UnaryOperator<Payload> payloads) {
        if (message instanceof GroupMessage.Replicate m) {
            return new GroupMessage.Replicate(
                    m.pg(),
                    m.epoch(),
                    m.session(),
                    m.previous(),
                    m.version(),
                    m.operation(),
                    m.committed(),
                    mapped(m.change(), payloads));
        } else if (message instanceof GroupMessage.Push m) {
            return new GroupMessage.Push(
                    m.pg(),
                    m.epoch(),
                    m.session(),
                    m.expected(),
                    m.held(),
                    m.part(),
                    m.last(),
                    m.whole(),
                    mapped(m.pieces(), payloads),
                    m.operations());
        } else if (message instanceof GatewayMessage.Request m) {
            return new GatewayMessage.Request(
                    m.requestId(),
                    m.pg(),
                    m.epoch(),
                    m.eventsIndex(),
                    m.operation(),
                    mapped(m.call(), payloads));
        } else if (message instanceof GatewayMessage.Response m
                && m.answer() instanceof GatewayMessage.Answer.Bytes bytes) {
            return new GatewayMessage.Response(
                    m.requestId(),
                    new GatewayMessage.Answer.Bytes(payloads.apply(bytes.payload())));
        }
        return message;
    }

    private static PrimaryCall mapped(PrimaryCall call, UnaryOperator<Payload> payloads) {
        if (call instanceof PrimaryCall.Change change) {
            return new PrimaryCall.Change(mapped(change.change(), payloads));
        } else if (call instanceof PrimaryCall.Allocate allocate) {
            return new PrimaryCall.Allocate(allocate.vdi(), mapped(allocate.change(), payloads));
        } else if (call instanceof PrimaryCall.WriteInode write) {
            return new PrimaryCall.WriteInode(
                    write.vdi(), write.offset(), payloads.apply(write.payload()), write.durable());
        }
        return call;
    }

    private static ObjectChange mapped(ObjectChange change, UnaryOperator<Payload> payloads) {
        return new ObjectChange(
                change.object(),
                change.action(),
                change.sizeBytes(),
                mapped(change.pieces(), payloads),
                change.durable());
    }

    private static List<Piece> mapped(List<Piece> pieces, UnaryOperator<Payload> payloads) {
        List<Piece> mapped = new ArrayList<>(pieces.size());
        for (Piece piece : pieces) {
            Payload payload = piece.payload();
            mapped.add(
                    payload == null
                            ? piece
                            : new Piece(piece.offset(), piece.length(), payloads.apply(payload)));
        }
        return mapped;
    }

    private record Copied(String name, int order, int bytes, PeerMessage frozen) implements Packet {
        @Override
        public PeerMessage unpack(PayloadLedger receiver) {
            return mapped(frozen, payload -> receiver.adopt(((Frozen) payload).bytes(), name));
        }
    }

    /** Bytes on the wire: nobody counts references there. */
    private static final class Frozen implements Payload {
        private final byte[] content;

        private Frozen(Payload payload) {
            content = new byte[payload.length()];
            payload.view().get(content);
        }

        private byte[] bytes() {
            return content.clone();
        }

        @Override
        public int length() {
            return content.length;
        }

        @Override
        public Payload slice(int from, int length) {
            throw new IllegalStateException("a message on the wire is not looked at");
        }

        @Override
        public Payload retain() {
            throw new IllegalStateException("a message on the wire is not looked at");
        }

        @Override
        public void release() {
            throw new IllegalStateException("a message on the wire is not looked at");
        }

        @Override
        public ByteBuffer view() {
            throw new IllegalStateException("a message on the wire is not looked at");
        }
    }
}
