package io.kelpie.cluster.model;

/**
 * Id of a virtual disk image: 24 bits, never 0.
 *
 * @param value 1 to {@link #MAX}
 */
public record VdiId(int value) implements Comparable<VdiId> {
    /** Largest id. */
    public static final int MAX = 0xFFFFFF;

    /** Checks the range. */
    public VdiId {
        if (value <= 0 || value > MAX) {
            throw new IllegalArgumentException(
                    "VDI id must be 1 to 0xffffff, not 0x" + Integer.toHexString(value));
        }
    }

    @Override
    public int compareTo(VdiId other) {
        return Integer.compare(value, other.value);
    }

    @Override
    public String toString() {
        return Integer.toHexString(value);
    }
}
