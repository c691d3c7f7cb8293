package io.kelpie.wire.sheep;

import java.nio.ByteBuffer;

/**
 * An address and port as nodes store them: 16 address bytes (IPv4 in the last four, the first
 * twelve zero, <em>not</em> IPv4-mapped) and a little endian port. Ordered as node lists are: by
 * address bytes, then port.
 *
 * @param addressHigh address bytes 0..7, byte 0 most significant
 * @param addressLow address bytes 8..15, byte 8 most significant
 * @param port 0..65535
 */
public record NodeAddress(long addressHigh, long addressLow, int port)
        implements Comparable<NodeAddress> {
    /** No address: all zero. */
    public static final NodeAddress NONE = new NodeAddress(0, 0, 0);

    /** Size on the wire: address and port. */
    public static final int BYTES = 18;

    private static final int GROUPS = 8;

    /**
     * Makes an address of raw bytes.
     *
     * @param address 4 (IPv4) or 16 (IPv6) bytes
     * @param port 0..65535
     */
    public static NodeAddress of(byte[] address, int port) {
        ByteBuffer padded = ByteBuffer.allocate(2 * Long.BYTES);
        padded.position(padded.capacity() - address.length);
        padded.put(address);
        return new NodeAddress(padded.getLong(0), padded.getLong(Long.BYTES), port);
    }

    static NodeAddress decode(ByteBuffer buffer) {
        return new NodeAddress(
                Long.reverseBytes(buffer.getLong()),
                Long.reverseBytes(buffer.getLong()),
                buffer.getShort() & 0xFFFF);
    }

    void encode(ByteBuffer buffer) {
        buffer.putLong(Long.reverseBytes(addressHigh))
                .putLong(Long.reverseBytes(addressLow))
                .putShort((short) port);
    }

    /** Returns whether upstream reads this as IPv4: twelve zero bytes, then one that is not. */
    public boolean isIpv4() {
        return addressHigh == 0 && addressLow >>> 32 == 0 && ((addressLow >>> 24) & 0xFF) != 0;
    }

    /** Returns the raw address: 4 bytes for IPv4, else 16. */
    public byte[] addressBytes() {
        ByteBuffer all =
                ByteBuffer.allocate(2 * Long.BYTES).putLong(addressHigh).putLong(addressLow);
        byte[] bytes = new byte[isIpv4() ? Integer.BYTES : all.capacity()];
        all.get(all.capacity() - bytes.length, bytes);
        return bytes;
    }

    /** Returns the zone a node has unless told otherwise: bytes 12..15 as little endian u32. */
    public long defaultZone() {
        return Integer.reverseBytes((int) addressLow) & 0xFFFF_FFFFL;
    }

    /** Returns the numeric address, IPv6 in its shortest form and without brackets. */
    public String host() {
        return isIpv4() ? ipv4() : ipv6();
    }

    /** Returns {@code host:port}, without brackets around IPv6, as {@code dog node list} has it. */
    @Override
    public String toString() {
        return host() + ":" + port;
    }

    @Override
    public int compareTo(NodeAddress other) {
        int high = Long.compareUnsigned(addressHigh, other.addressHigh);
        int low = Long.compareUnsigned(addressLow, other.addressLow);
        return high != 0 ? high : low != 0 ? low : Integer.compare(port, other.port);
    }

    private String ipv4() {
        return ((addressLow >>> 24) & 0xFF) + "." + ((addressLow >>> 16) & 0xFF) + "."
                + ((addressLow >>> 8) & 0xFF) + "." + (addressLow & 0xFF);
    }

    private String ipv6() {
        int zerosStart = -1;
        int zerosCount = 1; // A single zero group is written out.
        for (int i = 0; i < GROUPS; i++) {
            int count = zeroGroupsFrom(i);
            if (count > zerosCount) {
                zerosStart = i;
                zerosCount = count;
            }
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < GROUPS; i++) {
            if (i == zerosStart) {
                text.append("::");
                i += zerosCount - 1;
                continue;
            }
            if (i > 0 && text.charAt(text.length() - 1) != ':') {
                text.append(':');
            }
            text.append(Integer.toHexString(group(i)));
        }
        return text.toString();
    }

    private int zeroGroupsFrom(int first) {
        int end = first;
        while (end < GROUPS && group(end) == 0) {
            end++;
        }
        return end - first;
    }

    private int group(int index) {
        long half = index < GROUPS / 2 ? addressHigh : addressLow;
        return (int) (half >>> (48 - 16 * (index % (GROUPS / 2)))) & 0xFFFF;
    }
}
