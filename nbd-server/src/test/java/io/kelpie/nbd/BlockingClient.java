// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.nbd.wire.Greeting;
import io.kelpie.nbd.wire.NbdConstants;
import io.kelpie.nbd.wire.SimpleReply;
import io.netty.buffer.Unpooled;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;

/** A client over a real socket, one thread. */
final class BlockingClient implements AutoCloseable {

    private final SocketChannel socket;
    private final DataInputStream in;

    BlockingClient(SocketAddress address) throws IOException {
        socket = SocketChannel.open(address);
        in = new DataInputStream(Channels.newInputStream(socket));
    }

    /** Goes through the handshake with EXPORT_NAME. */
    static BlockingClient serving(SocketAddress address, String export) throws IOException {
        var client = new BlockingClient(address);
        client.takeGreeting();
        client.send(new ClientBytes().flags().exportName(export));
        client.in.readLong();
        assertThat(client.in.readUnsignedShort() & NbdConstants.FLAG_HAS_FLAGS).isEqualTo(1);
        return client;
    }

    void takeGreeting() throws IOException {
        var greeting = in.readNBytes(Greeting.LENGTH_BYTES);
        assertThat(greeting).hasSize(Greeting.LENGTH_BYTES);
    }

    void send(ClientBytes bytes) throws IOException {
        var buffer = ByteBuffer.wrap(bytes.toArray());
        while (buffer.hasRemaining()) {
            socket.write(buffer);
        }
    }

    SimpleReply takeReply() throws IOException {
        var bytes = in.readNBytes(SimpleReply.LENGTH_BYTES);
        if (bytes.length < SimpleReply.LENGTH_BYTES) {
            throw new EOFException("the server closed the connection");
        }
        return SimpleReply.decode(Unpooled.wrappedBuffer(bytes));
    }

    byte[] takeBytes(int length) throws IOException {
        return in.readNBytes(length);
    }

    /** Blocks until the server has closed the connection. */
    void expectClosed() {
        try {
            assertThat(in.read()).isEqualTo(-1);
        } catch (IOException reset) {
            assertThat(reset).hasMessageContaining("reset");
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
