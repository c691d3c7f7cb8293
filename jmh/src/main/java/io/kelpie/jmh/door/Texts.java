package io.kelpie.jmh.door;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Small readings of text files. */
final class Texts {
    private static final int SHOWN_LINES = 3;

    private Texts() {}

    /** The end of a log for an error message, on one line. */
    static String lastLines(Path file) {
        try {
            List<String> lines = Files.readAllLines(file);
            return String.join(
                    " | ", lines.subList(Math.max(0, lines.size() - SHOWN_LINES), lines.size()));
        } catch (IOException e) {
            return "nothing that could be read (" + e.getMessage() + ")";
        }
    }

    /** Whether something is mounted on a directory. */
    static boolean isMounted(Path directory) {
        try {
            String needle = " " + directory + " ";
            return Files.readString(Path.of("/proc/self/mounts")).contains(needle);
        } catch (IOException e) {
            throw new DoorsException("cannot read the mount table: " + e.getMessage(), e);
        }
    }
}
