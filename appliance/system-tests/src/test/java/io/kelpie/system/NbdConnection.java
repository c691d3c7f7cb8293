package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.ProtocolException;
import java.net.Socket;
import java.nio.ByteBuffer;

/**
 * The few lines of NBD that a test needs which must know exactly which of its writes were answered:
 * fixed newstyle, EXPORT_NAME, simple replies. One thread.
 */
final class NbdConnection implements AutoCloseable {
    private static final long INIT_MAGIC = 0x4e42444d41474943L;
    private static final long OPTION_MAGIC = 0x49484156454f5054L;
    private static final int REQUEST_MAGIC = 0x25609513;
    private static final int REPLY_MAGIC = 0x67446698;
    private static final int REQUEST_LENGTH = 28;
    private static final int FIXED_NEWSTYLE_AND_NO_ZEROES = 3;
    private static final int OPTION_EXPORT_NAME = 1;
    private static final short COMMAND_READ = 0;
    private static final short COMMAND_WRITE = 1;
    private static final short FLAG_FUA = 1;

    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;

    private NbdConnection(Socket socket) throws IOException {
        this.socket = socket;
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 16));
        out = new DataOutputStream(socket.getOutputStream());
    }

    static NbdConnection open(SheepProcess sheep, String export) throws IOException {
        // A daemon that hangs must not hang the test.
        return open(sheep, export, 60_000);
    }

    static NbdConnection open(SheepProcess sheep, String export, int timeoutMillis)
            throws IOException {
        Socket socket = new Socket(sheep.host(), sheep.nbdPort());
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(timeoutMillis);
            NbdConnection connection = new NbdConnection(socket);
            connection.negotiate(export);
            return connection;
        } catch (IOException | RuntimeException | AssertionError e) {
            socket.close();
            throw e;
        }
    }

    private void negotiate(String export) throws IOException {
        require(in.readLong() == INIT_MAGIC && in.readLong() == OPTION_MAGIC, "greeting");
        in.readShort();
        byte[] name = export.getBytes(UTF_8);
        ByteBuffer answer = ByteBuffer.allocate(20 + name.length);
        answer.putInt(FIXED_NEWSTYLE_AND_NO_ZEROES);
        answer.putLong(OPTION_MAGIC);
        answer.putInt(OPTION_EXPORT_NAME);
        answer.putInt(name.length);
        answer.put(name);
        out.write(answer.array());
        in.readLong();
        in.readShort();
    }

    /** Sends a write and does not wait for its answer. */
    void write(long cookie, long offset, byte[] bytes, boolean durable) throws IOException {
        ByteBuffer request = ByteBuffer.allocate(REQUEST_LENGTH + bytes.length);
        putHeader(request, durable ? FLAG_FUA : 0, COMMAND_WRITE, cookie, offset, bytes.length);
        request.put(bytes);
        out.write(request.array());
    }

    /** Waits for the answer of any write; answers its cookie. */
    long awaitWritten() throws IOException {
        require(in.readInt() == REPLY_MAGIC, "magic of a reply");
        int error = in.readInt();
        long cookie = in.readLong();
        assertThat(error).as("error of request %d", cookie).isZero();
        return cookie;
    }

    /** Reads with nothing else in flight. */
    byte[] read(long offset, int length) throws IOException {
        ByteBuffer request = ByteBuffer.allocate(REQUEST_LENGTH);
        putHeader(request, (short) 0, COMMAND_READ, offset, offset, length);
        out.write(request.array());
        awaitWritten();
        return in.readNBytes(length);
    }

    private static void putHeader(
            ByteBuffer request, short flags, short command, long cookie, long offset, int length) {
        request.putInt(REQUEST_MAGIC);
        request.putShort(flags);
        request.putShort(command);
        request.putLong(cookie);
        request.putLong(offset);
        request.putInt(length);
    }

    private static void require(boolean condition, String what) throws ProtocolException {
        if (!condition) {
            throw new ProtocolException("expected " + what);
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
