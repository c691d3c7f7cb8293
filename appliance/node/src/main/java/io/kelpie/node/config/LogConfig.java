package io.kelpie.node.config;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;

/**
 * The log.
 *
 * @param level least important lines shown
 * @param directory where {@value #FILE_NAME} lies, or null for the store directory
 * @param destination file or standard error stream
 * @param format form of a line
 */
public record LogConfig(
        Level level, @Nullable Path directory, Destination destination, Format format) {
    /** Name of the log file. */
    public static final String FILE_NAME = "sheep.log";

    /** Levels as upstream names them, most important first; numbered from 0. */
    public enum Level {
        /** The system is unusable. */
        EMERG,
        /** Something must be done at once. */
        ALERT,
        /** Critical conditions. */
        CRIT,
        /** Errors. */
        ERR,
        /** Warnings. */
        WARNING,
        /** Normal but worth a look. */
        NOTICE,
        /** A node's normal life. */
        INFO,
        /** For those who look for a cause. */
        DEBUG
    }

    /** Where lines go. */
    public enum Destination {
        /** The log file. */
        FILE,
        /** The standard error stream, as upstream's "stdout" does; implies the foreground. */
        STDOUT
    }

    /** Form of a line. */
    public enum Format {
        /** Time, level, thread, function, message. */
        SERVER,
        /** Message only. */
        DEFAULT,
        /** One object for each line. */
        JSON
    }
}
