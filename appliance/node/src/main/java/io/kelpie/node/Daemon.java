package io.kelpie.node;

import io.kelpie.node.config.Failures;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Going into the background. A JVM cannot fork, so the process starts itself again, in a session of
 * its own and with {@code /} as its directory, and waits until that one has locked the store or has
 * failed. The child inherits the standard error stream until then, for its one line about a failed
 * start; what comes later is in its log only.
 *
 * <p>The child knows itself by the variable {@value #VARIABLE}: the directory of the caller,
 * against which relative paths are meant. It tells success by the line {@value #OPENED} on its
 * standard output.
 */
final class Daemon {
    private static final String VARIABLE = "SHEEP_DETACHED_FROM";
    private static final String OPENED = "opened";
    private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");
    private static final File NOTHING = new File("/dev/null");

    private Daemon() {}

    /** Whether this process is the one in the background. */
    static boolean isDetached(Map<String, String> environment) {
        return environment.containsKey(VARIABLE);
    }

    /** The directory against which relative paths are meant. */
    static Path callersDirectory(Map<String, String> environment) {
        return Path.of(environment.getOrDefault(VARIABLE, "")).toAbsolutePath();
    }

    /**
     * Starts the process in the background; its status for the caller: 0 once the store is open.
     */
    static int launch() {
        try {
            ProcessBuilder builder = new ProcessBuilder(ownCommand())
                    .directory(new File("/"))
                    .redirectInput(NOTHING)
                    .redirectError(ProcessBuilder.Redirect.INHERIT);
            builder.environment().put(VARIABLE, Path.of("").toAbsolutePath().toString());
            return statusOf(builder.start());
        } catch (IOException e) {
            System.err.println("sheep: cannot go into the background: " + Failures.reason(e)
                    + "; start with -f to stay in the foreground");
            return 1;
        }
    }

    /** In the background: tells the caller that the store is open, and lets go of its streams. */
    static void tellOpened() {
        System.out.println(OPENED);
        // Closing one of the three standard streams makes the JDK put /dev/null in its place.
        System.out.close();
        System.err.close();
    }

    private static int statusOf(Process child) throws IOException {
        try (BufferedReader said = new BufferedReader(
                new InputStreamReader(child.getInputStream(), StandardCharsets.UTF_8))) {
            if (OPENED.equals(said.readLine())) {
                return 0;
            }
            // It ended without a word: its own line on the standard error stream says why.
            child.waitFor();
            return 1;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        }
    }

    /** The words this process was started with, behind setsid. */
    private static List<String> ownCommand() throws IOException {
        List<String> command = new ArrayList<>();
        command.add("setsid");
        String words = Files.readString(COMMAND_LINE);
        // Each word ends with a zero byte; an empty word is a word, too.
        for (int from = 0; from < words.length(); ) {
            int end = words.indexOf('\0', from);
            int to = end < 0 ? words.length() : end;
            command.add(words.substring(from, to));
            from = to + 1;
        }
        return command;
    }
}
