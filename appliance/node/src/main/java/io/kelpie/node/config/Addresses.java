package io.kelpie.node.config;

import io.kelpie.cluster.model.Endpoint;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.regex.Pattern;

/** Parses addresses and ports of the configuration. */
final class Addresses {
    static final int MAX_PORT = 65535;

    private static final Pattern IPV4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
    private static final Pattern DIGITS = Pattern.compile("\\d{1,5}");

    private Addresses() {}

    static int port(String text) throws ConfigException {
        int port = DIGITS.matcher(text).matches() ? Integer.parseInt(text) : 0;
        if (port < 1 || port > MAX_PORT) {
            throw new ConfigException("Invalid port number '" + text + "'");
        }
        return port;
    }

    /** A numeric address; nothing is looked up. */
    static InetAddress numeric(String text) throws ConfigException {
        try {
            if (IPV4.matcher(text).matches() || text.indexOf(':') >= 0) {
                return InetAddress.getByName(text);
            }
        } catch (UnknownHostException e) {
            throw new ConfigException("Bad address '" + text + "'");
        }
        throw new ConfigException("Bad address '" + text + "'");
    }

    /** An address or the name of a host, which is looked up. */
    static InetAddress host(String text) throws ConfigException {
        try {
            if (!text.isEmpty()) {
                return InetAddress.getByName(text);
            }
        } catch (UnknownHostException e) {
            throw new ConfigException("Invalid address: '" + text + "'");
        }
        throw new ConfigException("Invalid address: '" + text + "'");
    }

    /** {@code ADDRESS}, {@code ADDRESS:PORT} or {@code [IPV6]:PORT}. */
    static InetSocketAddress listen(String text, int defaultPort) throws ConfigException {
        int bracket = text.indexOf(']');
        int colon = text.lastIndexOf(':');
        boolean hasPort = bracket >= 0 ? colon > bracket : colon >= 0 && text.indexOf(':') == colon;
        String address = hasPort ? text.substring(0, colon) : text;
        int port = hasPort ? port(text.substring(colon + 1)) : defaultPort;
        if (address.startsWith("[") && address.endsWith("]")) {
            address = address.substring(1, address.length() - 1);
        }
        return new InetSocketAddress(numeric(address), port);
    }

    static Endpoint endpoint(InetAddress address, int port) {
        byte[] bytes = address.getAddress();
        ByteBuffer wide = ByteBuffer.allocate(16);
        wide.position(16 - bytes.length);
        wide.put(bytes).flip();
        return new Endpoint(wide.getLong(), wide.getLong(), port);
    }
}
