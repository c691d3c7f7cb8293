package io.kelpie.dog;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;

/** What a run of dog left behind; output and errors are byte strings. */
record Outcome(int status, String output, String errors) {
    /** Nobody listens here: every connection is refused. */
    static final Dialer NOBODY = (address, port) -> {
        throw new java.net.ConnectException("Connection refused");
    };

    static Outcome run(
            Dialer dialer, Map<String, String> environment, byte[] input, List<String> args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(new ByteArrayInputStream(input), out, err, false);
        int status =
                new DogMain(console, dialer, environment, TimeZone.getTimeZone("UTC")).run(args);
        return new Outcome(
                status,
                out.toString(StandardCharsets.ISO_8859_1),
                err.toString(StandardCharsets.ISO_8859_1));
    }

    static Outcome run(String... args) {
        return run(NOBODY, Map.of(), new byte[0], List.of(args));
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
