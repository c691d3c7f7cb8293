package io.kelpie.dog;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;

/**
 * Records every command line when {@code SHEEPDOG_DOG_LOG} is set: in the file that
 * {@code SHEEPDOG_DOG_LOG_PATH} names, else in the system log. A record that cannot be written is
 * no reason to refuse the command.
 */
final class InvocationLog {
    private static final String SWITCH = "SHEEPDOG_DOG_LOG";
    private static final String PATH = "SHEEPDOG_DOG_LOG_PATH";
    private static final String IDENT = "sheepdog admin operation";

    private InvocationLog() {}

    static void write(Map<String, String> environment, List<String> words, TimeZone zone) {
        if (!environment.containsKey(SWITCH)) {
            return;
        }
        String line = "dog " + String.join(" ", words);
        try {
            if (environment.containsKey(PATH)) {
                long now = System.currentTimeMillis() / 1000;
                append(
                        Path.of(environment.getOrDefault(PATH, "")),
                        new LocalTime(now, zone).logTime() + " :  " + line + "\n");
            } else {
                // The JDK cannot reach /dev/log, a datagram socket; logger can.
                new ProcessBuilder("logger", "-t", IDENT, "-p", "user.info", "--", line)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
            }
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return; // As documented: the command goes on.
        }
    }

    private static void append(Path file, String line) throws IOException {
        if (!Files.exists(file)) {
            Files.createFile(
                    file,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------")));
        }
        Files.write(file, line.getBytes(StandardCharsets.ISO_8859_1), StandardOpenOption.APPEND);
    }
}
