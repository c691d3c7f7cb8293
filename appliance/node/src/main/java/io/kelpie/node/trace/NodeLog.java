package io.kelpie.node.trace;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.Appender;
import ch.qos.logback.core.AppenderBase;

import io.kelpie.node.config.LogConfig;

import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * The log of the process. Before {@link #open} lines are kept back, because where they belong is
 * known only once the store directory turned out to be ours. One for each process; any thread.
 */
public final class NodeLog {
    /** Lines kept back at most; a start that fails says less than that. */
    private static final int MAX_HELD = 256;

    private final LoggerContext context;
    private final Held held;
    private @Nullable LogFile file;

    private NodeLog(LoggerContext context, Held held) {
        this.context = context;
        this.held = held;
    }

    /**
     * Takes the logging library over from its own defaults, which print to stdout.
     *
     * @return the log, holding lines back
     */
    public static NodeLog hold() {
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        // Where its jar lies is nobody's business.
        context.getLogger("net.openhft").setLevel(Level.WARN);
        // Page after page while the ensemble is away; the coordinator says in a line what matters.
        context.getLogger("org.apache.zookeeper").setLevel(Level.OFF);
        context.getLogger("org.apache.curator").setLevel(Level.OFF);
        Held held = new Held();
        NodeLog log = new NodeLog(context, held);
        log.attach(held);
        return log;
    }

    /**
     * Opens the log as configured and writes the lines held back.
     *
     * @param config level, place and format
     * @param directory where the file lies unless the configuration names another
     * @param port shown by the json format
     * @throws IOException if the file cannot be opened
     */
    public void open(LogConfig config, Path directory, int port) throws IOException {
        Appender<ILoggingEvent> appender = appender(config, directory, port);
        Logger root = context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
        root.detachAppender(held);
        root.setLevel(level(config.level()));
        attach(appender);
        for (ILoggingEvent event : held.events) {
            if (event.getLevel().isGreaterOrEqual(root.getLevel())) {
                appender.doAppend(event);
            }
        }
        held.events.clear();
    }

    /** Begins a new file with the next line; does nothing when the log is no file. */
    public void rotate() {
        LogFile current = file;
        if (current != null) {
            current.rotate();
        }
    }

    /** Writes what is buffered and closes the file. */
    public void close() {
        context.stop();
    }

    /**
     * A line as the {@code server} format shows it, for a failed start that has no log yet.
     *
     * @param text what went wrong
     * @return the line, without an end of line
     */
    public static String errorLine(String text) {
        return LogFormat.startPrefix(Instant.now(), "ERROR", "start(0)") + text;
    }

    private Appender<ILoggingEvent> appender(LogConfig config, Path directory, int port)
            throws IOException {
        LogFormat format = new LogFormat(kind(config.format()), port);
        format.setContext(context);
        format.start();
        if (config.destination() == LogConfig.Destination.STDOUT) {
            // Upstream's "stdout" is the standard error stream.
            return new Console(format);
        }
        Path logDirectory = config.directory() == null ? directory : config.directory();
        LogFile opened = new LogFile(logDirectory.resolve(LogConfig.FILE_NAME), format);
        file = opened;
        return opened;
    }

    private void attach(Appender<ILoggingEvent> appender) {
        appender.setContext(context);
        appender.start();
        context.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME).addAppender(appender);
    }

    private static LogFormat.Kind kind(LogConfig.Format format) {
        return switch (format) {
            case SERVER -> LogFormat.Kind.SERVER;
            case DEFAULT -> LogFormat.Kind.DEFAULT;
            case JSON -> LogFormat.Kind.JSON;
        };
    }

    private static Level level(LogConfig.Level level) {
        return switch (level) {
            case EMERG, ALERT, CRIT, ERR -> Level.ERROR;
            case WARNING -> Level.WARN;
            case NOTICE, INFO -> Level.INFO;
            case DEBUG -> Level.DEBUG;
        };
    }

    private static final class Held extends AppenderBase<ILoggingEvent> {
        private final List<ILoggingEvent> events = new ArrayList<>();

        @Override
        protected void append(ILoggingEvent event) {
            if (events.size() < MAX_HELD) {
                event.prepareForDeferredProcessing();
                // Found now or never: the stack is gone later.
                event.getCallerData();
                events.add(event);
            }
        }
    }

    private static final class Console extends AppenderBase<ILoggingEvent> {
        private final LogFormat format;

        private Console(LogFormat format) {
            this.format = format;
        }

        @Override
        protected void append(ILoggingEvent event) {
            byte[] line = format.doLayout(event).getBytes(StandardCharsets.UTF_8);
            System.err.write(line, 0, line.length);
            System.err.flush();
        }
    }
}
