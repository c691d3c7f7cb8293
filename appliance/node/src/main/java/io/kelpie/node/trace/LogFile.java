package io.kelpie.node.trace;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import ch.qos.logback.core.Layout;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;

/**
 * Appends log lines to a file, each written at once. The file is renamed to
 * {@code NAME.YYYY-MM-DD-HH-MM} and a new one begun when it has {@value #ROTATE_BYTES} bytes or
 * when asked. Logback calls from one thread at a time.
 */
final class LogFile extends AppenderBase<ILoggingEvent> {
    private static final long ROTATE_BYTES = 500L << 20;
    private static final DateTimeFormatter SUFFIX = DateTimeFormatter.ofPattern("yyyy-MM-dd-HH-mm");

    private final Path file;
    private final Layout<ILoggingEvent> format;
    private @Nullable OutputStream out;
    private long lengthBytes;
    /** Set by any thread, taken back by the one that logs. */
    private volatile boolean rotateAsked;

    /** Opens the file; fails with the reason when that is not possible. */
    LogFile(Path file, Layout<ILoggingEvent> format) throws IOException {
        this.file = file;
        this.format = format;
        open();
    }

    void rotate() {
        rotateAsked = true;
    }

    @Override
    protected void append(ILoggingEvent event) {
        byte[] line = format.doLayout(event).getBytes(StandardCharsets.UTF_8);
        try {
            if (rotateAsked || lengthBytes + line.length > ROTATE_BYTES) {
                rotateAsked = false;
                reopen();
            }
            if (out != null) {
                out.write(line);
                lengthBytes += line.length;
            }
        } catch (IOException e) {
            addError("cannot write " + file, e);
        }
    }

    @Override
    public void stop() {
        super.stop();
        try {
            if (out != null) {
                out.close();
            }
        } catch (IOException e) {
            addError("cannot close " + file, e);
        }
    }

    private void reopen() throws IOException {
        if (out != null) {
            out.close();
            out = null;
        }
        Path rotated =
                file.resolveSibling(file.getFileName() + "." + SUFFIX.format(LocalDateTime.now()));
        if (!Files.exists(rotated)) {
            Files.move(file, rotated);
        }
        open();
    }

    private void open() throws IOException {
        out = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        lengthBytes = Files.size(file);
    }
}
