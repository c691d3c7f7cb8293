package io.kelpie.dog;

import io.kelpie.wire.sheep.HeaderWords;
import io.kelpie.wire.sheep.NodeAddress;
import io.kelpie.wire.sheep.RequestHeader;
import io.kelpie.wire.sheep.ResponseHeader;
import io.kelpie.wire.sheep.SheepFlags;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepProtocol;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * One blocking connection to a daemon. Several requests may be in flight; answers are matched by id
 * and may come in any order. What a caller has in flight bounds the memory held here, because an
 * answer is never longer than was asked for. Waits without limit, as upstream does.
 * Single-threaded.
 */
final class SheepConnection implements AutoCloseable {
    private static final int ATTEMPTS = 2; // Upstream's number; both failures are printed.
    private static final int INPUT_BUFFER_BYTES = 64 * 1024;
    private static final byte[] NOTHING = new byte[0];

    private final Console console;
    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private final Map<Integer, Long> capacities =
            new HashMap<>(); // Of the requests in flight, by id.
    private final Map<Integer, Reply> early = new HashMap<>(); // Answers nobody asked for yet.
    private int nextId;

    private SheepConnection(Console console, Socket socket) throws IOException {
        this.console = console;
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream(), INPUT_BUFFER_BYTES);
        this.out = socket.getOutputStream();
    }

    /**
     * Connects.
     *
     * @throws NoAnswerException if that fails twice; each failure has been printed
     */
    static SheepConnection open(Console console, Dialer dialer, InetAddress address, int port)
            throws NoAnswerException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                return new SheepConnection(console, dialer.dial(address, port));
            } catch (IOException e) {
                console.error(
                        "failed to connect to " + host(address) + ":" + port + ": " + reason(e));
            }
        }
        throw new NoAnswerException("no daemon at " + host(address) + ":" + port);
    }

    /**
     * Sends a request without waiting.
     *
     * @param flags flags besides WRITE, which is set when there is a payload to announce
     * @param payload what follows the header; empty for none
     * @param capacity the most bytes the answer may carry
     * @return its id, for {@link #receive}
     */
    int send(SheepOpcode opcode, int flags, HeaderWords words, byte[] payload, long capacity)
            throws NoAnswerException {
        int id = nextId++;
        boolean writes = (flags & SheepFlags.WRITE) != 0;
        RequestHeader header = new RequestHeader(
                opcode.isInternal() ? SheepProtocol.SHEEP_VERSION : SheepProtocol.CLIENT_VERSION,
                opcode.number(),
                flags,
                0,
                id,
                writes ? payload.length : capacity,
                words);
        byte[] headerBytes = new byte[SheepProtocol.HEADER_BYTES];
        header.encode(ByteBuffer.wrap(headerBytes));
        capacities.put(id, capacity);
        try {
            out.write(headerBytes);
            out.write(payload);
        } catch (IOException e) {
            throw broken("failed to send a request: " + reason(e));
        }
        return id;
    }

    /** Waits for the answer to a request that was sent before. */
    Reply receive(int id) throws NoAnswerException {
        Reply reply = early.remove(id);
        while (reply == null) {
            Reply next = read();
            if (next.header().id() == id) {
                reply = next;
            } else {
                early.put(next.header().id(), next);
            }
        }
        return reply;
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            return; // The program ends next; a socket that does not close cleanly harms nobody.
        }
    }

    private Reply read() throws NoAnswerException {
        try {
            ResponseHeader header =
                    ResponseHeader.decode(ByteBuffer.wrap(readExactly(SheepProtocol.HEADER_BYTES)));
            Long capacity = capacities.remove(header.id());
            if (capacity == null || header.dataLength() > capacity) {
                throw broken("failed to read a response: id " + header.id() + " with "
                        + header.dataLength() + " bytes was not asked for");
            }
            return new Reply(
                    header,
                    header.dataLength() == 0 ? NOTHING : readExactly((int) header.dataLength()));
        } catch (EOFException e) {
            throw broken("failed to read a response");
        } catch (NoAnswerException e) {
            throw e;
        } catch (IOException e) {
            console.error("failed to read from socket: -1, " + reason(e));
            throw broken("failed to read a response");
        }
    }

    private byte[] readExactly(int length) throws IOException {
        byte[] bytes = new byte[length];
        if (in.readNBytes(bytes, 0, length) < length) {
            throw new EOFException();
        }
        return bytes;
    }

    private NoAnswerException broken(String message) {
        console.error(message);
        return new NoAnswerException(message);
    }

    /** Java's texts, completed to those of the C library where they are shorter. */
    private static String reason(IOException e) {
        String message = String.valueOf(e.getMessage());
        return message.equals("Connection reset") ? "Connection reset by peer" : message;
    }

    private static String host(InetAddress address) {
        return NodeAddress.of(address.getAddress(), 0).host();
    }
}
