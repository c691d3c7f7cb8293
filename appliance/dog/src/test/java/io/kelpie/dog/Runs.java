package io.kelpie.dog;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Reads the run-length notation of the transcripts; see their README. */
final class Runs {
    private Runs() {}

    static String text(String runs) {
        return new String(decode(runs), StandardCharsets.ISO_8859_1);
    }

    static byte[] decode(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        if (text.equals("-")) {
            return new byte[0];
        }
        for (String run : text.split(",", -1)) {
            if (run.charAt(0) == 'h') {
                bytes.writeBytes(HexFormat.of().parseHex(run.substring(1)));
                continue;
            }
            int colon = run.indexOf(':');
            int count = Integer.parseInt(run.substring(1, colon < 0 ? run.length() : colon));
            byte[] pattern =
                    colon < 0 ? new byte[1] : HexFormat.of().parseHex(run.substring(colon + 1));
            byte[] repeated = new byte[count];
            for (int i = 0; i < count; i++) {
                repeated[i] = pattern[i % pattern.length];
            }
            bytes.writeBytes(repeated);
        }
        return bytes.toByteArray();
    }
}
