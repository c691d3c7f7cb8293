package io.kelpie.dog;

import java.io.File;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;

/** A line that shows how far a long operation is; silent unless standard output is a terminal. */
final class ProgressBar {
    private static final int FIXED_COLUMNS = 30; // What stands around the bar.

    private final Console console;
    private final long total;
    private final int columns;
    private final boolean countsItems;

    /** Starts a bar that counts objects instead of bytes. */
    static ProgressBar ofItems(Console console, long total) {
        return new ProgressBar(console, total, console.hasTerminal() ? terminalColumns() : 0, true);
    }

    /**
     * Starts a bar.
     *
     * @param total bytes to do
     */
    ProgressBar(Console console, long total) {
        this(console, total, console.hasTerminal() ? terminalColumns() : 0);
    }

    /** Starts a bar of a known width; 0 switches it off. */
    ProgressBar(Console console, long total, int columns) {
        this(console, total, columns, false);
    }

    private ProgressBar(Console console, long total, int columns, boolean countsItems) {
        this.countsItems = countsItems;
        this.console = console;
        this.total = total;
        this.columns = columns;
    }

    /** Draws the state; the last call, with everything done, ends the line. */
    void show(long done) {
        if (columns <= FIXED_COLUMNS || total <= 0) {
            return;
        }
        int cells = columns - FIXED_COLUMNS;
        int full = (int) ((double) done / total * cells);
        StringBuilder bar = new StringBuilder("=".repeat(full));
        if (full < cells) {
            bar.append('>').append(" ".repeat(cells - full - 1));
        }
        String percent = new BigDecimal((double) done / total * 100)
                .setScale(1, RoundingMode.HALF_EVEN)
                .toPlainString();
        String line = Columns.right(percent, 5) + " % [" + bar + "] " + amount(done) + " / "
                + amount(total);
        console.print("\r" + Columns.left(line, columns) + (done == total ? "\n" : ""));
    }

    private String amount(long count) {
        return countsItems ? Long.toString(count) : Sizes.print(count, false);
    }

    /** Asks stty, because the JDK cannot ask the terminal itself; 0 if that fails. */
    private static int terminalColumns() {
        try {
            Process stty = new ProcessBuilder("stty", "size")
                    .redirectInput(new File("/proc/self/fd/1"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String size = new String(
                            stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
                    .trim();
            return Integer.parseInt(size.substring(size.indexOf(' ') + 1));
        } catch (IOException | NumberFormatException e) {
            return 0; // No bar then.
        }
    }
}
