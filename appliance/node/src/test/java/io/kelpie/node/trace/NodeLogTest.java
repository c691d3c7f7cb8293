package io.kelpie.node.trace;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.port.Tracer.Level;
import io.kelpie.node.config.LogConfig;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Log lines, their formats, rotation, and the ring. */
class NodeLogTest {
    @TempDir
    private Path directory;

    private final NodeLog log = NodeLog.hold();
    private final TraceRing ring = new TraceRing();
    private final LogTracer tracer = new LogTracer("sheep", ring);

    @AfterEach
    void close() {
        log.close();
    }

    @Test
    void linesFromBeforeTheLogIsOpenAreNotLost() throws Exception {
        tracer.event(Level.INFO, "early");
        open(LogConfig.Format.DEFAULT, LogConfig.Level.INFO);

        tracer.event(Level.DEBUG, "too quiet");
        tracer.event(Level.WARN, "late");

        assertThat(lines()).containsExactly("early", "late");
    }

    @Test
    void aServerLineHasTimeLevelThreadAndFunction() throws Exception {
        open(LogConfig.Format.SERVER, LogConfig.Level.INFO);

        tracer.event(Level.WARN, "something");

        assertThat(lines()).hasSize(1);
        assertThat(lines().get(0))
                .matches("[A-Z][a-z]{2} \\d{2} \\d{2}:\\d{2}:\\d{2}   WARN \\[.*] "
                        + "aServerLineHasTimeLevelThreadAndFunction\\(\\d+\\) something");
    }

    @Test
    void aJsonLineIsOneObjectWithItsTextQuoted() throws Exception {
        open(LogConfig.Format.JSON, LogConfig.Level.INFO);

        tracer.event(Level.ERROR, "a \"b\"\n\\");

        assertThat(lines()).hasSize(1);
        assertThat(lines().get(0))
                .startsWith(
                        "{ \"user_info\": {\"program_name\": \"sheep\", \"port\": 7001},\"body\"")
                .endsWith("\"msg\": \"a \\\"b\\\"\\u000a\\\\\"} }");
    }

    @Test
    void rotationBeginsANewFile() throws Exception {
        open(LogConfig.Format.DEFAULT, LogConfig.Level.INFO);
        tracer.event(Level.INFO, "old");

        log.rotate();
        tracer.event(Level.INFO, "new");

        assertThat(lines()).containsExactly("new");
        assertThat(directory.toFile().list())
                .hasSize(2)
                .anyMatch(name -> name.matches("sheep\\.log\\.\\d{4}(-\\d{2}){4}"));
    }

    @Test
    void theRingKeepsTheLastEventsOfAllLevels() throws Exception {
        open(LogConfig.Format.DEFAULT, LogConfig.Level.ERR);
        for (int i = 0; i < TraceRing.CAPACITY + 10; i++) {
            tracer.event(Level.DEBUG, "event " + i);
        }

        List<String> kept = ring.lines();

        assertThat(kept).hasSize(TraceRing.CAPACITY);
        assertThat(kept.get(0)).endsWith(" DEBUG event 10");
        assertThat(kept.get(kept.size() - 1)).endsWith("event " + (TraceRing.CAPACITY + 9));
    }

    private void open(LogConfig.Format format, LogConfig.Level level) throws IOException {
        log.open(new LogConfig(level, null, LogConfig.Destination.FILE, format), directory, 7001);
    }

    private List<String> lines() throws IOException {
        return Files.readAllLines(directory.resolve("sheep.log"));
    }
}
