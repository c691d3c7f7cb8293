package io.kelpie.wire.sheep;

import java.util.HexFormat;

/**
 * Response field of GET_HASH: the SHA-1 of an object as stored, at bytes 24..43.
 *
 * @param digest 40 lower-case hexadecimal digits
 */
public record HashAnswer(String digest) {
    private static final int DIGEST = 24;
    private static final int DIGEST_BYTES = 20;

    /** Checks that the digest has 20 bytes. */
    public HashAnswer {
        if (digest.length() != 2 * DIGEST_BYTES) {
            throw new IllegalArgumentException("digest '" + digest + "' does not have 40 digits");
        }
    }

    /** Reads the digest from a header; every bit pattern is readable. */
    public static HashAnswer decode(HeaderWords words) {
        byte[] bytes = new byte[DIGEST_BYTES];
        for (int i = 0; i < DIGEST_BYTES; i++) {
            bytes[i] = (byte) words.u8(DIGEST + i);
        }
        return new HashAnswer(HexFormat.of().formatHex(bytes));
    }

    /** Returns bytes 16..47 with the digest set and all others, the result too, zero. */
    public HeaderWords encode() {
        byte[] bytes = HexFormat.of().parseHex(digest);
        HeaderWords words = HeaderWords.ZERO;
        for (int i = 0; i < DIGEST_BYTES; i++) {
            words = words.with8(DIGEST + i, bytes[i]);
        }
        return words;
    }
}
