package io.kelpie.simulator;

/**
 * A stream of random numbers that is the same in every JVM (SplitMix64). Each purpose has a stream
 * of its own, forked by name, so that one more draw in one place does not shift another.
 */
final class RandomSource {
    /** The odd number nearest to 2^64 divided by the golden ratio: no short cycles. */
    private static final long STEP = 0x9E3779B97F4A7C15L;

    private final long seed;
    private long state;

    RandomSource(long seed) {
        this.seed = seed;
        this.state = seed;
    }

    /** A stream that depends on this one's seed and the name only, not on what was drawn. */
    RandomSource fork(String name) {
        long forked = mix(seed + STEP);
        for (int i = 0; i < name.length(); i++) {
            forked = mix(forked ^ name.charAt(i));
        }
        return new RandomSource(forked);
    }

    long next() {
        state += STEP;
        return mix(state);
    }

    /** A number from 0 to {@code bound - 1}; the bias of the remainder is far below notice. */
    long below(long bound) {
        return Long.remainderUnsigned(next(), bound);
    }

    int below(int bound) {
        return (int) below((long) bound);
    }

    /** A number from {@code lower} to {@code upper}, both possible. */
    long between(long lower, long upper) {
        return lower + below(upper - lower + 1);
    }

    /** True with the given probability, 0 to 1. */
    boolean chance(double probability) {
        return (next() >>> 11) * 0x1.0p-53 < probability;
    }

    /** Scrambles 64 bits so that each input bit changes half of the output bits. */
    static long mix(long value) {
        long z = value;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
