package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;

/** kill -9 under load, again and again. */
@Tag("e2e")
final class CrashIT {
    private static final int KILLS = 20;
    private static final Duration START_LIMIT = Duration.ofSeconds(5);
    private static final long SIZE = 32 << 20;

    @Test
    void nothingAcknowledgedIsLostInTwentyKills(@TempDir Path directory) throws IOException {
        long seed = Long.getLong("kelpie.seed", System.nanoTime());
        Random random = new Random(seed);
        AcknowledgedWrites writes = new AcknowledgedWrites("load", SIZE, seed);
        SheepProcess sheep = SheepProcess.start(directory).formatted();
        try {
            sheep.create("load", Long.toString(SIZE));
            for (int kill = 1; kill <= KILLS; kill++) {
                writes.writeAndKill(sheep, 100 + random.nextInt(1500));

                sheep = sheep.startAgain();

                assertThat(sheep.age()).as("start-up after kill %d", kill).isLessThan(START_LIMIT);
                writes.verify(sheep);
            }
            assertThat(sheep.terminate()).isZero();
        } catch (IOException | RuntimeException | AssertionError e) {
            sheep.close();
            OneNode.keepLogs(directory, Path.of("target", "system-logs", "CrashIT"));
            throw new AssertionError("repeat with -Dkelpie.seed=" + seed, e);
        } finally {
            sheep.close();
        }
    }
}
