package io.kelpie.dog;

import org.jspecify.annotations.Nullable;

/**
 * How often data is kept: N copies, or D data strips and P parity strips.
 *
 * @param copies 1..31: replicas, or data and parity strips together; 0 for the cluster's default
 * @param policy 0 for replication, else {@code (data / 2) << 4 | parity}
 */
record Redundancy(int copies, int policy) {
    /** Whatever the cluster was formatted with. */
    static final Redundancy DEFAULT = new Redundancy(0, 0);

    private static final int MAX_COPIES = 31;
    private static final int MAX_PARITY = 15;
    private static final int MAX_DIGITS = 4;

    /** What is printed, after a first line with the parameter, when {@link #parse} returns null. */
    static final String RULES = """
            To create replicated vdi, set -c x
              x(1 to 31)   - number of replicated copies
            To create erasure coded vdi, set -c x:y
              x(2,4,8,16)  - number of data strips
              y(1 to 15)   - number of parity strips""";

    /** Reads {@code N} or {@code D:P}; null if it is neither. */
    static @Nullable Redundancy parse(String text) {
        int colon = text.indexOf(':');
        if (colon < 0) {
            int copies = number(text);
            return copies >= 1 && copies <= MAX_COPIES ? new Redundancy(copies, 0) : null;
        }
        int data = number(text.substring(0, colon));
        int parity = number(text.substring(colon + 1));
        boolean validData = data == 2 || data == 4 || data == 8 || data == 16;
        if (!validData || parity < 1 || parity > MAX_PARITY) {
            return null;
        }
        return new Redundancy(data + parity, ((data / 2) << 4) | parity);
    }

    /** Returns {@code N} or {@code D:P}. */
    String text() {
        return policy == 0 ? Integer.toString(copies) : (policy >> 4) * 2 + ":" + (policy & 0xF);
    }

    private static int number(String text) {
        if (text.isEmpty() || text.length() > MAX_DIGITS) {
            return -1;
        }
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return -1;
            }
        }
        return Integer.parseInt(text);
    }
}
