package io.kelpie.system;

import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.wire.sheep.ObjectArguments;
import io.kelpie.wire.sheep.RequestHeader;
import io.kelpie.wire.sheep.ResponseHeader;
import io.kelpie.wire.sheep.SheepFlags;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepProtocol;
import io.kelpie.wire.sheep.SheepResult;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProtocolException;
import java.net.Socket;
import java.nio.ByteBuffer;

/**
 * Blocks of a VDI through port 7000, object by object as QEMU does. It writes only what is
 * allocated.
 */
final class SheepdogDoor implements BlockDoor {
    static final int BLOCKS_AN_OBJECT = (4 << 20) / BlockRegisters.BLOCK;

    private static final int RESULT = 16;

    private final Socket socket = new Socket();
    private final VdiId vdi;
    private final DataInputStream in;
    private int lastId;

    SheepdogDoor(String host, VdiId vdi) throws IOException {
        this.vdi = vdi;
        try {
            socket.connect(new InetSocketAddress(host, NodeProcess.PORT), CONNECT_MILLIS);
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(ANSWER_MILLIS);
            in = new DataInputStream(socket.getInputStream());
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    @Override
    public byte[] read(int block) throws IOException {
        byte[] bytes = call(SheepOpcode.READ_OBJ, 0, block, new byte[0]);
        if (bytes.length != BlockRegisters.BLOCK) {
            throw new ProtocolException("a read of " + bytes.length + " bytes");
        }
        return bytes;
    }

    @Override
    public void write(int block, byte[] bytes) throws IOException {
        call(SheepOpcode.WRITE_OBJ, SheepFlags.WRITE, block, bytes);
    }

    private byte[] call(SheepOpcode opcode, int flags, int block, byte[] payload)
            throws IOException {
        ObjectId object = ObjectId.data(vdi, block / BLOCKS_AN_OBJECT);
        long offset = (long) (block % BLOCKS_AN_OBJECT) * BlockRegisters.BLOCK;
        ByteBuffer request = ByteBuffer.allocate(SheepProtocol.HEADER_BYTES + payload.length);
        new RequestHeader(
                        SheepProtocol.CLIENT_VERSION,
                        opcode.number(),
                        flags,
                        0,
                        ++lastId,
                        BlockRegisters.BLOCK,
                        new ObjectArguments(object.value(), 0, 0, 0, 0, 0, offset).encode())
                .encode(request);
        request.put(payload);
        socket.getOutputStream().write(request.array());
        ResponseHeader header =
                ResponseHeader.decode(ByteBuffer.wrap(exactly(SheepProtocol.HEADER_BYTES)));
        byte[] answer = exactly((int) header.dataLength());
        if (header.id() != lastId) {
            throw new ProtocolException("an answer to another request");
        }
        int result = header.words().i32(RESULT);
        if (opcode == SheepOpcode.READ_OBJ && result == SheepResult.NO_OBJ.number()) {
            // A hole; this client does not look into the index.
            return new byte[BlockRegisters.BLOCK];
        }
        if (result != SheepResult.SUCCESS.number()) {
            throw new RefusedException(
                    "Sheepdog result " + result, result == SheepResult.WAIT_FOR_JOIN.number());
        }
        return answer;
    }

    private byte[] exactly(int length) throws IOException {
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("the server closed the connection");
        }
        return bytes;
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // Nothing was buffered, nothing is lost.
            lastId = 0;
        }
    }
}
