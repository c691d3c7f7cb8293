package io.kelpie.dog;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;

/** Opens connections to nodes; tests stand a recorded cluster in for the addresses it speaks of. */
interface Dialer {
    /** Connects to a node, or throws with the reason. */
    Socket dial(InetAddress address, int port) throws IOException;

    /** The network. */
    final class Network implements Dialer {
        @Override
        public Socket dial(InetAddress address, int port) throws IOException {
            Socket socket = new Socket();
            try {
                socket.connect(new InetSocketAddress(address, port));
                socket.setTcpNoDelay(true);
            } catch (IOException e) {
                socket.close();
                throw e;
            }
            return socket;
        }
    }
}
