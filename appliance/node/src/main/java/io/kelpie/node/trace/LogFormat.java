package io.kelpie.node.trace;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.LayoutBase;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/**
 * The lines of the log as upstream's three formats print them. Any thread.
 *
 * <pre>
 * server   Nov 22 12:56:55   INFO [core] install(112) text
 * default  text
 * json     { "user_info": {"program_name": "sheep", "port": 7000},"body": {...} }
 * </pre>
 */
final class LogFormat extends LayoutBase<ILoggingEvent> {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("MMM dd HH:mm:ss", Locale.ENGLISH);
    private static final String THREAD_PREFIX = "kelpie-";

    private final Kind kind;
    private final int port;

    /** Which format. */
    enum Kind {
        SERVER,
        DEFAULT,
        JSON
    }

    LogFormat(Kind kind, int port) {
        this.kind = kind;
        this.port = port;
    }

    @Override
    public String doLayout(ILoggingEvent event) {
        String line = switch (kind) {
            case SERVER -> serverPrefix(event) + event.getFormattedMessage();
            case DEFAULT -> event.getFormattedMessage();
            case JSON -> json(event);
        };
        IThrowableProxy failure = event.getThrowableProxy();
        return failure == null || kind == Kind.JSON
                ? line + "\n"
                : line + "\n" + ThrowableProxyUtil.asString(failure);
    }

    /** The prefix of a line that is written before there is a log. */
    static String startPrefix(Instant now, String level, String function) {
        return time(now) + " " + rightSix(level) + " [main] " + function + " ";
    }

    private static String serverPrefix(ILoggingEvent event) {
        StackTraceElement caller = callerOf(event);
        return time(event.getInstant()) + " " + rightSix(levelName(event.getLevel())) + " ["
                + threadOf(event) + "] " + caller.getMethodName() + "(" + caller.getLineNumber()
                + ") ";
    }

    private String json(ILoggingEvent event) {
        StackTraceElement caller = callerOf(event);
        Instant at = event.getInstant();
        return "{ \"user_info\": {\"program_name\": \"sheep\", \"port\": " + port
                + "},\"body\": {\"second\": " + at.getEpochSecond() + ", \"usecond\": "
                + at.getNano() / 1000 + ", \"worker_name\": " + quoted(threadOf(event))
                + ", \"worker_idx\": 0, \"func\": " + quoted(caller.getMethodName())
                + ", \"line\": " + caller.getLineNumber() + ", \"msg\": "
                + quoted(event.getFormattedMessage()) + "} }";
    }

    private static String time(Instant at) {
        return TIME.format(LocalDateTime.ofInstant(at, ZoneId.systemDefault()));
    }

    private static String rightSix(String level) {
        return String.format("%6s", level);
    }

    private static String levelName(Level level) {
        return level.toInt() < Level.INFO_INT ? "DEBUG" : level.toString();
    }

    private static String threadOf(ILoggingEvent event) {
        String name = event.getThreadName();
        return name.startsWith(THREAD_PREFIX) ? name.substring(THREAD_PREFIX.length()) : name;
    }

    private static StackTraceElement callerOf(ILoggingEvent event) {
        StackTraceElement[] callers = event.getCallerData();
        return callers.length > 0 ? callers[0] : new StackTraceElement("", "unknown", null, 0);
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                quoted.append('\\').append(c);
            } else if (c < ' ') {
                quoted.append(String.format("\\u%04x", (int) c));
            } else {
                quoted.append(c);
            }
        }
        return quoted.append('"').toString();
    }
}
