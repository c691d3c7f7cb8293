package io.kelpie.dog;

import io.kelpie.wire.sheep.HeaderWords;
import io.kelpie.wire.sheep.ObjectArguments;
import io.kelpie.wire.sheep.RequestHeader;
import io.kelpie.wire.sheep.ResponseHeader;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepProtocol;
import io.kelpie.wire.sheep.SheepResult;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * A daemon on a loopback port that answers as it did in a recorded run. Objects are served from
 * what the recording read, in any pieces; writes change them and are compared by their effect;
 * everything else must be asked with the very bytes recorded, in the recorded order per opcode.
 */
final class RecordedCluster implements AutoCloseable {
    private static final HeaderWords SUCCESS = HeaderWords.ZERO;

    private final ServerSocket listener = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
    private final Map<Integer, Deque<Transcript.Exchange>> recorded = new HashMap<>();
    private final Map<Long, SparseObject> objects = new TreeMap<>();
    private final Map<Long, SparseObject> expected = new TreeMap<>();
    private final Map<Long, HeaderWords> failures = new HashMap<>();
    private final List<String> surprises = new ArrayList<>();

    RecordedCluster(Transcript transcript) throws IOException {
        transcript.exchanges().forEach(this::learn);
        expected.putAll(objects);
        expected.replaceAll((oid, object) -> object.copy());
        transcript.exchanges().forEach(this::expect);
        Thread acceptor = new Thread(this::accept, "recorded-cluster");
        acceptor.setDaemon(true);
        acceptor.start();
    }

    /** Connects to this cluster whatever address is asked for. */
    Socket dial(InetAddress address, int port) throws IOException {
        return new Socket(listener.getInetAddress(), listener.getLocalPort());
    }

    /** Returns what was asked that the recording does not know; empty if all was well. */
    synchronized List<String> surprises() {
        List<String> all = new ArrayList<>(surprises);
        expected.forEach((oid, object) -> {
            if (!objects.containsKey(oid) || !object.sameAs(objects.get(oid))) {
                all.add("object " + Long.toHexString(oid) + " differs");
            }
        });
        return all;
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }

    private void learn(Transcript.Exchange exchange) {
        SheepOpcode opcode = opcode(exchange.request());
        ObjectArguments at = ObjectArguments.decode(exchange.request().words());
        switch (opcode) {
            case READ_OBJ -> {
                if (exchange.response().isSuccess()) {
                    object(objects, at.oid()).put(at.offset(), exchange.received());
                } else {
                    failures.put(at.oid(), exchange.response().words());
                }
            }
            case WRITE_OBJ, CREATE_AND_WRITE_OBJ -> {
                if (!exchange.response().isSuccess()) {
                    failures.put(at.oid(), exchange.response().words());
                }
            }
            default ->
                recorded.computeIfAbsent(exchange.request().opcode(), key -> new ArrayDeque<>())
                        .add(exchange);
        }
    }

    private void expect(Transcript.Exchange exchange) {
        SheepOpcode opcode = opcode(exchange.request());
        boolean writes =
                opcode == SheepOpcode.WRITE_OBJ || opcode == SheepOpcode.CREATE_AND_WRITE_OBJ;
        if (writes && exchange.response().isSuccess()) {
            ObjectArguments at = ObjectArguments.decode(exchange.request().words());
            object(expected, at.oid()).put(at.offset(), exchange.sent());
        }
    }

    private static SheepOpcode opcode(RequestHeader request) {
        return Objects.requireNonNull(SheepOpcode.of(request.opcode()), request::toString);
    }

    private static SparseObject object(Map<Long, SparseObject> in, long oid) {
        return in.computeIfAbsent(oid, key -> new SparseObject());
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                Thread server = new Thread(() -> serve(socket), "recorded-connection");
                server.setDaemon(true);
                server.start();
            } catch (IOException e) {
                return; // Closed at the end of the test.
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            InputStream in = socket.getInputStream();
            while (true) {
                RequestHeader request = RequestHeader.decode(
                        ByteBuffer.wrap(exactly(in, SheepProtocol.HEADER_BYTES)));
                byte[] payload = exactly(in, (int) request.payloadBytes());
                socket.getOutputStream().write(answer(request, payload));
            }
        } catch (IOException e) {
            return; // The client is gone.
        }
    }

    private static byte[] exactly(InputStream in, int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException();
        }
        return bytes;
    }

    private synchronized byte[] answer(RequestHeader request, byte[] payload) {
        SheepOpcode opcode = opcode(request);
        ObjectArguments at = ObjectArguments.decode(request.words());
        return switch (opcode) {
            case READ_OBJ -> read(request, at);
            case WRITE_OBJ, CREATE_AND_WRITE_OBJ -> write(request, at, payload);
            default -> replay(request, payload);
        };
    }

    private byte[] read(RequestHeader request, ObjectArguments at) {
        SparseObject object = objects.get(at.oid());
        if (object == null || failures.containsKey(at.oid())) {
            if (!failures.containsKey(at.oid())) {
                surprises.add("read of object " + Long.toHexString(at.oid()));
            }
            return bytes(
                    request,
                    failures.getOrDefault(at.oid(), result(SheepResult.NO_OBJ)),
                    new byte[0]);
        }
        return bytes(request, SUCCESS, object.read(at.offset(), (int) request.dataLength()));
    }

    private byte[] write(RequestHeader request, ObjectArguments at, byte[] payload) {
        if (failures.containsKey(at.oid())) {
            return bytes(request, failures.get(at.oid()), new byte[0]);
        }
        object(objects, at.oid()).put(at.offset(), payload);
        return bytes(request, SUCCESS, new byte[0]);
    }

    private byte[] replay(RequestHeader request, byte[] payload) {
        Deque<Transcript.Exchange> queue =
                recorded.getOrDefault(request.opcode(), new ArrayDeque<>());
        if (queue.isEmpty()) {
            surprises.add("unexpected " + request);
            return bytes(request, result(SheepResult.UNKNOWN), new byte[0]);
        }
        Transcript.Exchange exchange = queue.remove();
        boolean format =
                request.opcode() == SheepOpcode.MAKE_FS.number(); // Carries the time of day.
        HeaderWords words = format ? withoutTime(request.words()) : request.words();
        HeaderWords wanted = format
                ? withoutTime(exchange.request().words())
                : exchange.request().words();
        boolean same = words.equals(wanted)
                && request.version() == exchange.request().version()
                && request.flags() == exchange.request().flags()
                && Arrays.equals(payload, exchange.sent());
        if (!same) {
            surprises.add("asked " + request + " instead of " + exchange.request());
        }
        return bytes(request, exchange.response(), exchange.received());
    }

    private static HeaderWords withoutTime(HeaderWords words) {
        return words.with64(24, 0);
    }

    private static HeaderWords result(SheepResult result) {
        return HeaderWords.ZERO.with32(16, result.number());
    }

    private static byte[] bytes(RequestHeader request, HeaderWords words, byte[] payload) {
        return bytes(request, new ResponseHeader(0, 0, 0, 1, 0, 0, words), payload);
    }

    private static byte[] bytes(RequestHeader request, ResponseHeader response, byte[] payload) {
        ByteBuffer bytes = ByteBuffer.allocate(SheepProtocol.HEADER_BYTES + payload.length);
        new ResponseHeader(
                        0,
                        request.opcode(),
                        0,
                        response.epoch(),
                        request.id(),
                        payload.length,
                        response.words())
                .encode(bytes);
        return bytes.put(payload).array();
    }
}
