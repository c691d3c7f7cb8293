package io.kelpie.node.sheep;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A blocking client that sends and takes raw messages. */
final class SheepClient implements AutoCloseable {
    static final int HEADER_BYTES = 48;
    private static final int LIMIT_MILLIS = 60_000;
    private static final int DATA_LENGTH = 12;
    private static final int RESULT = 16;

    private final Socket socket = new Socket();
    private final DataInputStream in;

    SheepClient(InetSocketAddress address) throws IOException {
        socket.connect(address);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(LIMIT_MILLIS);
        in = new DataInputStream(socket.getInputStream());
    }

    void send(byte[] header, byte[] payload) throws IOException {
        socket.getOutputStream().write(header);
        socket.getOutputStream().write(payload);
    }

    Reply receive() throws IOException {
        byte[] header = in.readNBytes(HEADER_BYTES);
        if (header.length < HEADER_BYTES) {
            throw new IOException(
                    "the server closed the connection after " + header.length + " bytes");
        }
        int length = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getInt(DATA_LENGTH);
        return new Reply(header, in.readNBytes(length));
    }

    Reply call(byte[] header, byte[] payload) throws IOException {
        send(header, payload);
        return receive();
    }

    boolean isClosedByServer() throws IOException {
        return in.read() < 0;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    record Reply(byte[] header, byte[] payload) {
        int result() {
            return ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getInt(RESULT);
        }

        int u32(int offset) {
            return ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getInt(offset);
        }
    }
}
