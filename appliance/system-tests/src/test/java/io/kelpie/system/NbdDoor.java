package io.kelpie.system;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProtocolException;
import java.net.Socket;
import java.nio.ByteBuffer;

/** Blocks through NBD: fixed newstyle, EXPORT_NAME, simple replies. */
final class NbdDoor implements BlockDoor {
    private static final long OPTION_MAGIC = 0x49484156454f5054L;
    private static final int REQUEST_MAGIC = 0x25609513;
    private static final int REPLY_MAGIC = 0x67446698;
    private static final int REQUEST_LENGTH = 28;
    private static final int FIXED_NEWSTYLE_AND_NO_ZEROES = 3;
    private static final int OPTION_EXPORT_NAME = 1;
    private static final short COMMAND_READ = 0;
    private static final short COMMAND_WRITE = 1;

    private final Socket socket = new Socket();
    private final DataInputStream in;
    private final DataOutputStream out;
    private long cookie;

    NbdDoor(String host, String export) throws IOException {
        try {
            socket.connect(new InetSocketAddress(host, NodeProcess.NBD_PORT), CONNECT_MILLIS);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(ANSWER_MILLIS);
            in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), 1 << 14));
            out = new DataOutputStream(socket.getOutputStream());
            negotiate(export);
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    private void negotiate(String export) throws IOException {
        in.readLong();
        require(in.readLong() == OPTION_MAGIC, "greeting");
        in.readShort();
        byte[] name = export.getBytes(UTF_8);
        ByteBuffer answer = ByteBuffer.allocate(20 + name.length);
        answer.putInt(FIXED_NEWSTYLE_AND_NO_ZEROES).putLong(OPTION_MAGIC);
        answer.putInt(OPTION_EXPORT_NAME).putInt(name.length).put(name);
        out.write(answer.array());
        in.readLong();
        in.readShort();
    }

    @Override
    public byte[] read(int block) throws IOException {
        send(COMMAND_READ, block, new byte[0]);
        awaitReply();
        byte[] bytes = in.readNBytes(BlockRegisters.BLOCK);
        if (bytes.length < BlockRegisters.BLOCK) {
            throw new EOFException("a read ends in the middle");
        }
        return bytes;
    }

    @Override
    public void write(int block, byte[] bytes) throws IOException {
        send(COMMAND_WRITE, block, bytes);
        awaitReply();
    }

    private void send(short command, int block, byte[] payload) throws IOException {
        ByteBuffer request = ByteBuffer.allocate(REQUEST_LENGTH + payload.length);
        request.putInt(REQUEST_MAGIC).putShort((short) 0).putShort(command);
        request.putLong(++cookie).putLong((long) block * BlockRegisters.BLOCK);
        request.putInt(BlockRegisters.BLOCK).put(payload);
        out.write(request.array());
    }

    private void awaitReply() throws IOException {
        require(in.readInt() == REPLY_MAGIC, "magic of a reply");
        int error = in.readInt();
        require(in.readLong() == cookie, "cookie of the request");
        if (error != 0) {
            throw new RefusedException("NBD error " + error, false);
        }
    }

    private static void require(boolean condition, String what) throws ProtocolException {
        if (!condition) {
            throw new ProtocolException("expected " + what);
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // Nothing was buffered, nothing is lost.
            cookie = 0;
        }
    }
}
