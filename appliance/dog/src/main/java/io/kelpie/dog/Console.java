package io.kelpie.dog;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The three standard streams. Output is held back until the program ends, as C's standard output is
 * when it is not a terminal: in a merged capture all error text comes first, and scripts compare
 * with that. On a terminal everything appears at once. Single-threaded.
 */
final class Console {
    private static final int OUTPUT_BUFFER_BYTES = 64 * 1024;
    private static final String OUTPUT_LINK = "/proc/self/fd/1";
    private static final int ANSWER_MAX_BYTES = 7;

    private final InputStream in;
    private final OutputStream out;
    private final OutputStream err;
    private final boolean terminal;

    Console(InputStream in, OutputStream out, OutputStream err, boolean terminal) {
        this.in = in;
        this.out = new BufferedOutputStream(out, OUTPUT_BUFFER_BYTES);
        this.err = err;
        this.terminal = terminal;
    }

    /** Returns the streams of this process, without the character coding of {@code System.out}. */
    static Console ofProcess() {
        return new Console(
                new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out),
                new FileOutputStream(FileDescriptor.err),
                isTerminal());
    }

    /** Returns whether standard output is a terminal. */
    boolean hasTerminal() {
        return terminal;
    }

    /** Returns standard input, unbuffered. */
    InputStream in() {
        return in;
    }

    /** Prints a byte string to standard output. */
    void print(String text) {
        try {
            write(text.getBytes(StandardCharsets.ISO_8859_1), 0, text.length());
        } catch (IOException e) {
            throw DogExit.immediately(
                    ExitStatus.SYSTEM_FAILURE); // Nobody reads; there is no one to tell.
        }
    }

    /** Prints a byte string and a newline to standard output. */
    void println(String text) {
        print(text + "\n");
    }

    /** Writes raw bytes to standard output. */
    void write(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
        if (terminal) {
            out.flush();
        }
    }

    /** Prints a byte string and a newline to standard error, at once. */
    void error(String text) {
        try {
            err.write((text + "\n").getBytes(StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            throw DogExit.immediately(
                    ExitStatus.SYSTEM_FAILURE); // Nobody reads; there is no one to tell.
        }
    }

    /** Sends what was held back so far, for a command that goes on for long. */
    void push() {
        try {
            out.flush();
        } catch (IOException e) {
            throw DogExit.immediately(ExitStatus.SYSTEM_FAILURE); // Nobody reads.
        }
    }

    /** Sends what was held back. */
    void flush() throws IOException {
        out.flush();
    }

    /**
     * Asks a question and ends the program with status 0 unless the answer begins with yes.
     *
     * @param question printed without a newline
     */
    void confirm(String question) {
        print(question);
        if (!answer().regionMatches(true, 0, "yes", 0, 3)) {
            throw DogExit.immediately(ExitStatus.SUCCESS);
        }
    }

    private String answer() {
        StringBuilder answer = new StringBuilder();
        try {
            while (answer.length() < ANSWER_MAX_BYTES) {
                int next = in.read();
                if (next < 0 || next == '\n') {
                    break;
                }
                answer.append((char) next);
            }
        } catch (IOException e) {
            return ""; // As good as no answer: not a yes.
        }
        return answer.toString();
    }

    private static boolean isTerminal() {
        try {
            String target = Files.readSymbolicLink(Path.of(OUTPUT_LINK)).toString();
            return target.startsWith("/dev/pts/")
                    || target.startsWith("/dev/tty")
                    || target.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            return false; // Closed, or no /proc: treat it as a pipe.
        }
    }
}
