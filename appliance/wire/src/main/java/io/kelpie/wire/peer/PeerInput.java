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
import java.util.function.Supplier;
import java.util.zip.CRC32C;

/** A frame being read; whatever its bytes cannot be is a {@link PeerFormatException}. */
final class PeerInput {
    /** Offset of the body's length behind the header. */
    static final int BODY_LENGTH = 4;
    /** Checksum and length of the body. */
    static final int PREFIX_BYTES = 8;

    /** For frames without payloads. */
    static final PayloadSource NO_PAYLOADS = (offset, length) -> {
        throw new PeerFormatException("a payload where none may be");
    };

    private final PeerHeader header;
    private final ByteBuffer body;
    private final PayloadSource source;
    private final int end;
    private final List<Payload> taken = new ArrayList<>();
    private int nextData;

    /**
     * Checks the frame's checksum.
     *
     * @param header its header
     * @param frame position to limit are the bytes behind the header; left unchanged
     * @param source makes payloads
     */
    PeerInput(PeerHeader header, ByteBuffer frame, PayloadSource source) {
        if (frame.remaining() != header.length()) {
            throw new PeerFormatException("a " + header.type() + " has " + frame.remaining()
                    + " bytes, its header announced " + header.length());
        }
        ByteBuffer bytes = frame.slice().order(ByteOrder.LITTLE_ENDIAN);
        CRC32C checksum = new CRC32C();
        checksum.update(bytes.duplicate().position(BODY_LENGTH));
        if (bytes.getInt(0) != (int) checksum.getValue()) {
            throw new PeerFormatException("the checksum of " + header.type() + " does not hold");
        }
        int bodyBytes = bytes.getInt(BODY_LENGTH);
        if (bodyBytes < 0 || bodyBytes > header.length() - PREFIX_BYTES) {
            throw new PeerFormatException(
                    "the body of a " + header.type() + " has " + bodyBytes + " bytes");
        }
        this.header = header;
        this.source = source;
        this.end = header.length();
        this.nextData = PREFIX_BYTES + bodyBytes;
        this.body = bytes.position(PREFIX_BYTES).limit(nextData);
    }

    PeerHeader header() {
        return header;
    }

    PgId pg() {
        return new PgId(header.partition());
    }

    int u8() {
        return need(Byte.BYTES).get() & 0xFF;
    }

    int u16() {
        return need(Short.BYTES).getShort() & 0xFFFF;
    }

    int u32() {
        return need(Integer.BYTES).getInt();
    }

    long u64() {
        return need(Long.BYTES).getLong();
    }

    /** An offset, a length or a number of something: not negative. */
    long amount() {
        long value = u64();
        if (value < 0) {
            throw refused("a negative amount, " + value);
        }
        return value;
    }

    /** As {@link #amount}, of 32 bits. */
    int smallAmount() {
        int value = u32();
        if (value < 0) {
            throw refused("a negative amount, " + value);
        }
        return value;
    }

    boolean truth() {
        int value = u8();
        if (value > 1) {
            throw refused("a truth value of " + value);
        }
        return value == 1;
    }

    <E extends Enum<E>> E code(Codes<E> codes) {
        return codes.of(u8());
    }

    byte[] bytes(int max) {
        byte[] bytes = new byte[count(max, 1)];
        body.get(bytes);
        return bytes;
    }

    NodeId node() {
        return new NodeId(u64(), u64());
    }

    PeerId peer() {
        return new PeerId(node(), u64());
    }

    ObjectId object() {
        return new ObjectId(u64());
    }

    ObjectVersion version() {
        return new ObjectVersion(u64(), u64());
    }

    OperationId operation() {
        return new OperationId(peer(), u64());
    }

    @Nullable
    OperationId maybeOperation() {
        return truth() ? operation() : null;
    }

    HeldObject held() {
        return new HeldObject(object(), version(), u64());
    }

    LogEntry logEntry() {
        return new LogEntry(object(), version(), truth(), maybeOperation());
    }

    /** Reads a list; {@code minBytes} is the least that an element takes in the body. */
    <T> List<T> list(int max, int minBytes, Supplier<T> get) {
        int count = count(max, minBytes);
        List<T> elements = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            elements.add(get.get());
        }
        return elements;
    }

    int count(int max, int minBytes) {
        int count = u32();
        if (count < 0 || count > max || (long) count * minBytes > body.remaining()) {
            throw refused(Integer.toUnsignedString(count) + " elements, at most " + max
                    + " are allowed and " + body.remaining() + " bytes are left");
        }
        return count;
    }

    Payload payload() {
        int length = u32();
        if (length < 0 || length > end - nextData) {
            throw refused("a payload of " + Integer.toUnsignedString(length) + " bytes of which "
                    + (end - nextData) + " are there");
        }
        Payload payload = source.slice(nextData, length);
        nextData += length;
        taken.add(payload);
        return payload;
    }

    void requireEnd() {
        if (body.hasRemaining() || nextData != end) {
            throw refused(
                    body.remaining() + " bytes too much and " + (end - nextData) + " of data");
        }
    }

    /** Drops the payloads that were taken, after a refusal. */
    void releaseTaken() {
        taken.forEach(Payload::release);
        taken.clear();
    }

    PeerFormatException refused(String what) {
        return new PeerFormatException("in a " + header.type() + ": " + what);
    }

    private ByteBuffer need(int bytes) {
        if (body.remaining() < bytes) {
            throw refused("its body ends early");
        }
        return body;
    }
}
