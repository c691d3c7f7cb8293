package io.kelpie.cluster.model;

/**
 * Address and port of a node as the Sheepdog wire shows them.
 *
 * @param high bytes 0 to 7 of the 16-byte address, big endian; 0 for IPv4
 * @param low bytes 8 to 15, big endian; an IPv4 address is the low 32 bits
 * @param port TCP port, 1 to 65535
 */
public record Endpoint(long high, long low, int port) implements Comparable<Endpoint> {
    /** Checks the port. */
    public Endpoint {
        if (port < 1 || port > 0xFFFF) {
            throw new IllegalArgumentException("port must be 1 to 65535, not " + port);
        }
    }

    /**
     * True for an IPv4 address: twelve zero bytes, then a byte that is not zero.
     *
     * @return whether the address is IPv4
     */
    public boolean isIpv4() {
        return high == 0 && (low >>> 32) == 0 && (low >>> 24 & 0xFF) != 0;
    }

    /**
     * The zone a node has when none was configured: address bytes 12 to 15 as a little-endian
     * number.
     *
     * @return zone number, unsigned 32 bits
     */
    public int defaultZone() {
        return Integer.reverseBytes((int) low);
    }

    @Override
    public int compareTo(Endpoint other) {
        int order = Long.compareUnsigned(high, other.high);
        if (order == 0) {
            order = Long.compareUnsigned(low, other.low);
        }
        return order != 0 ? order : Integer.compare(port, other.port);
    }
}
