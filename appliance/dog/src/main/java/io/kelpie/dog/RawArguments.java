package io.kelpie.dog;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The command line as the bytes that were typed. Java decodes arguments with the locale's character
 * set and loses what does not fit it (in the C locale every UTF-8 name), so the kernel's copy is
 * read when there is anything beyond ASCII.
 */
final class RawArguments {
    private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");

    private RawArguments() {}

    /** Returns the arguments as byte strings. */
    static List<String> of(String[] args) {
        return isAscii(args) ? List.of(args) : raw(args);
    }

    private static boolean isAscii(String[] args) {
        for (String arg : args) {
            for (int i = 0; i < arg.length(); i++) {
                if (arg.charAt(i) >= 0x80) {
                    return false;
                }
            }
        }
        return true;
    }

    private static List<String> raw(String[] args) {
        try {
            String line = new String(Files.readAllBytes(COMMAND_LINE), StandardCharsets.ISO_8859_1);
            List<String> words = split(line);
            if (words.size() >= args.length) {
                return words.subList(words.size() - args.length, words.size());
            }
        } catch (IOException e) {
            // No /proc: what Java decoded is the best there is.
        }
        return utf8(args);
    }

    /** Every word of the line is followed by a NUL. */
    static List<String> split(String line) {
        List<String> words = new ArrayList<>();
        int start = 0;
        for (int end = line.indexOf('\0'); end >= 0; end = line.indexOf('\0', start)) {
            words.add(line.substring(start, end));
            start = end + 1;
        }
        return words;
    }

    private static List<String> utf8(String[] args) {
        List<String> words = new ArrayList<>();
        for (String arg : args) {
            words.add(
                    new String(arg.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
        }
        return words;
    }
}
