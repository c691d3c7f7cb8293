// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.nbd.wire.Greeting;
import io.kelpie.nbd.wire.NbdConstants;
import io.kelpie.nbd.wire.OptionReply;
import io.kelpie.nbd.wire.SimpleReply;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;

import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** A client that begins in plain text and goes on inside TLS, one thread. */
final class TlsClient implements AutoCloseable {

    private static final int PATIENCE_MILLIS = 30_000;

    private final Socket plain;
    private Socket socket;
    private DataInputStream in;

    /** Connects and has sent its flags. */
    TlsClient(SocketAddress address) throws IOException {
        var where = (InetSocketAddress) address;
        plain = new Socket(where.getAddress(), where.getPort());
        plain.setSoTimeout(PATIENCE_MILLIS);
        socket = plain;
        in = new DataInputStream(socket.getInputStream());
        assertThat(in.readNBytes(Greeting.LENGTH_BYTES)).hasSize(Greeting.LENGTH_BYTES);
        send(new ClientBytes().flags());
    }

    /** Is acknowledged, and then still in plain text. */
    TlsClient askForTls() throws IOException {
        send(new ClientBytes().option(NbdConstants.OPT_STARTTLS));
        takeOptionReply(NbdConstants.OPT_STARTTLS, NbdConstants.REP_ACK);
        return this;
    }

    /** Goes on inside TLS. */
    TlsClient secure(SSLContext context, String... protocols) throws IOException {
        var secure = (SSLSocket)
                context.getSocketFactory().createSocket(plain, "localhost", plain.getPort(), true);
        if (protocols.length > 0) {
            secure.setEnabledProtocols(protocols);
        }
        secure.startHandshake();
        socket = secure;
        in = new DataInputStream(secure.getInputStream());
        return this;
    }

    /** Chooses an export. */
    TlsClient go(String export) throws IOException {
        send(new ClientBytes().go(export));
        takeOptionReply(NbdConstants.OPT_GO, NbdConstants.REP_INFO);
        takeOptionReply(NbdConstants.OPT_GO, NbdConstants.REP_ACK);
        return this;
    }

    void send(ClientBytes bytes) throws IOException {
        socket.getOutputStream().write(bytes.toArray());
        socket.getOutputStream().flush();
    }

    ByteBuf takeOptionReply(int option, int type) throws IOException {
        var header = Unpooled.wrappedBuffer(in.readNBytes(OptionReply.HEADER_BYTES));
        assertThat(header.readableBytes()).isEqualTo(OptionReply.HEADER_BYTES);
        assertThat(header.readLong()).isEqualTo(NbdConstants.OPTION_REPLY_MAGIC);
        assertThat(header.readInt()).isEqualTo(option);
        assertThat(header.readInt()).isEqualTo(type);
        return Unpooled.wrappedBuffer(in.readNBytes(header.readInt()));
    }

    SimpleReply takeReply() throws IOException {
        return SimpleReply.decode(Unpooled.wrappedBuffer(in.readNBytes(SimpleReply.LENGTH_BYTES)));
    }

    byte[] takeBytes(int length) throws IOException {
        return in.readNBytes(length);
    }

    /** Tells the server that nothing more comes, as TLS says it, and leaves the socket open. */
    void endTls() throws IOException {
        socket.shutdownOutput();
    }

    /** Blocks until the server has closed the connection, whatever it sends before. */
    void expectClosed() {
        try {
            assertThat(plain.getInputStream().readAllBytes().length).isLessThan(1 << 20);
        } catch (IOException reset) {
            assertThat(reset).hasMessageContaining("reset");
        }
    }

    @Override
    public void close() throws IOException {
        plain.close();
    }
}
