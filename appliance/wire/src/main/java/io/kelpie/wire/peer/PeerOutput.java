package io.kelpie.wire.peer;

import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Payload;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/** A frame being written. */
final class PeerOutput {
    private static final int FIRST_BYTES = 256;
    private static final int BODY = PeerHeader.BYTES + PeerInput.PREFIX_BYTES;

    private final PeerType type;
    private final List<Payload> data = new ArrayList<>();
    private ByteBuffer head =
            ByteBuffer.allocate(FIRST_BYTES).order(ByteOrder.LITTLE_ENDIAN).position(BODY);
    private long dataBytes;
    private long requestId;
    private long mapVersion;
    private int partition;
    private long epoch;

    PeerOutput(PeerType type) {
        this.type = type;
    }

    PeerOutput requestId(long id) {
        requestId = id;
        return this;
    }

    PeerOutput mapVersion(long version) {
        mapVersion = version;
        return this;
    }

    PeerOutput group(PgId pg, long partitionEpoch) {
        partition = pg.partition();
        epoch = partitionEpoch;
        return this;
    }

    PeerOutput u8(int value) {
        room(Byte.BYTES).put((byte) value);
        return this;
    }

    PeerOutput u16(int value) {
        room(Short.BYTES).putShort((short) value);
        return this;
    }

    PeerOutput u32(int value) {
        room(Integer.BYTES).putInt(value);
        return this;
    }

    PeerOutput u64(long value) {
        room(Long.BYTES).putLong(value);
        return this;
    }

    PeerOutput truth(boolean value) {
        return u8(value ? 1 : 0);
    }

    <E extends Enum<E>> PeerOutput code(Codes<E> codes, E constant) {
        return u8(codes.codeOf(constant));
    }

    PeerOutput bytes(byte[] bytes, int max) {
        u32(count(bytes.length, max));
        room(bytes.length).put(bytes);
        return this;
    }

    PeerOutput node(NodeId node) {
        return u64(node.high()).u64(node.low());
    }

    PeerOutput peer(PeerId peer) {
        return node(peer.node()).u64(peer.incarnation());
    }

    PeerOutput object(ObjectId object) {
        return u64(object.value());
    }

    PeerOutput version(ObjectVersion version) {
        return u64(version.epoch()).u64(version.sequence());
    }

    PeerOutput operation(OperationId operation) {
        return peer(operation.gateway()).u64(operation.counter());
    }

    PeerOutput maybeOperation(@Nullable OperationId operation) {
        truth(operation != null);
        return operation == null ? this : operation(operation);
    }

    PeerOutput held(HeldObject held) {
        return object(held.object()).version(held.version()).u64(held.sizeBytes());
    }

    PeerOutput logEntry(LogEntry entry) {
        return object(entry.object())
                .version(entry.version())
                .truth(entry.removed())
                .maybeOperation(entry.operation());
    }

    <T> PeerOutput list(List<T> elements, int max, Consumer<T> put) {
        u32(count(elements.size(), max));
        elements.forEach(put);
        return this;
    }

    PeerOutput payload(Payload payload) {
        u32(payload.length());
        data.add(payload);
        dataBytes += payload.length();
        return this;
    }

    EncodedFrame finish() {
        int bodyBytes = head.position() - BODY;
        long length = PeerInput.PREFIX_BYTES + bodyBytes + dataBytes;
        if (length > type.maxBytes()) {
            throw new IllegalArgumentException(
                    "a " + type + " of " + length + " bytes; at most " + type.maxBytes());
        }
        head.flip();
        head.putInt(PeerInput.BODY_LENGTH + PeerHeader.BYTES, bodyBytes);
        CRC32C checksum = new CRC32C();
        checksum.update(head.duplicate().position(PeerHeader.BYTES + PeerInput.BODY_LENGTH));
        for (Payload payload : data) {
            checksum.update(payload.view());
        }
        head.putInt(PeerHeader.BYTES, (int) checksum.getValue());
        new PeerHeader(type, (int) length, requestId, mapVersion, partition, epoch).encode(head);
        return new EncodedFrame(head, List.copyOf(data));
    }

    private int count(int count, int max) {
        if (count > max) {
            throw new IllegalArgumentException(
                    "a " + type + " with " + count + " elements where at most " + max + " may be");
        }
        return count;
    }

    private ByteBuffer room(int bytes) {
        if (head.remaining() < bytes) {
            int capacity = Math.max(head.capacity() * 2, head.position() + bytes);
            head = ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN).put(head.flip());
        }
        return head;
    }
}
