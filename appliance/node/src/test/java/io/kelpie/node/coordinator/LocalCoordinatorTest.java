package io.kelpie.node.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.node.Answers;
import io.kelpie.node.config.CoordinatorConfig;
import io.kelpie.node.runtime.CoreCall;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.SystemClock;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** The coordinator of nodes that share a directory. */
class LocalCoordinatorTest extends SharedCoordinatorContract {
    @TempDir
    private Path temporary;

    private CoreLoop loop;
    private LocalCoordinator coordinator;

    @BeforeEach
    void open() throws Exception {
        loop = CoreLoop.start(new SystemClock(), 1 << 16, failure -> {
            throw new AssertionError(failure);
        });
        coordinator = open(directory());
    }

    @AfterEach
    void close() {
        coordinator.close();
        loop.close();
    }

    private Path directory() {
        return temporary.resolve("cluster");
    }

    private LocalCoordinator open(Path path) throws IOException {
        return LocalCoordinator.open(new CoordinatorConfig.Local(path), loop, (level, text) -> {});
    }

    @Override
    CoreLoop loop() {
        return loop;
    }

    @Override
    Coordinator coordinator() {
        return coordinator;
    }

    @Override
    void reopen() throws Exception {
        close();
        open();
    }

    @Override
    Coordinator join(CoreLoop joining) throws Exception {
        return LocalCoordinator.open(
                new CoordinatorConfig.Local(directory()), joining, (level, text) -> {});
    }

    @Override
    void leave(Coordinator joined) {
        ((LocalCoordinator) joined).close();
    }

    @Test
    void aProcessIsAnnouncedUntilItIsKilled() throws Exception {
        loop.post(() -> coordinator.announce(announcement(5, 1)));
        Process child = AnnouncedChild.start(directory());
        try {
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(announced(loop, coordinator))
                            .containsExactly(announcement(0, 9), announcement(5, 1)));
        } finally {
            child.destroyForcibly();
        }

        Awaitility.await()
                .untilAsserted(() -> assertThat(announced(loop, coordinator))
                        .containsExactly(announcement(5, 1)));
        assertThat(directory().resolve("alive")).isDirectoryNotContaining("glob:**-9*");
    }

    @Test
    void refusesAFileAndADirectoryOfSomethingElse() throws Exception {
        Path file = Files.writeString(temporary.resolve("shm"), "x");
        assertThatThrownBy(() -> open(file))
                .hasMessage(
                        file + " is a file: -c local:DIR takes a directory that the nodes share");

        assertThatThrownBy(() -> open(temporary))
                .hasMessageContaining("holds other files (cluster)");

        Path newer = Files.createDirectory(temporary.resolve("newer"));
        Files.writeString(newer.resolve("format"), "kelpie local coordinator 2\n");
        assertThatThrownBy(() -> open(newer)).hasMessageContaining("another version of Kelpie");
    }

    @Test
    void saysThatAFileIsDamagedInsteadOfTryingAgain() throws Exception {
        Files.write(directory().resolve("map"), new byte[100]);

        CoreCall.Answer<ClusterMap> answer = Answers.of(loop, coordinator::readMap);

        assertThat(answer).isEqualTo(new CoreCall.Failed<>(ErrorCode.CORRUPT_OBJECT));
    }

    @Test
    void refusesCallsAfterClose() {
        coordinator.close();

        CoreCall.Answer<ClusterMap> answer = Answers.of(loop, coordinator::readMap);

        assertThat(answer).isEqualTo(new CoreCall.Failed<>(ErrorCode.SHUTTING_DOWN));
    }
}
