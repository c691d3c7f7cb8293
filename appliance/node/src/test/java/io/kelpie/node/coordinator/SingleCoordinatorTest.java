package io.kelpie.node.coordinator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Coordinator;
import io.kelpie.node.Answers;
import io.kelpie.node.runtime.CoreCall;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.SystemClock;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.RecordFamily;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreConfig;
import io.kelpie.store.rocks.RocksObjectStore;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The single-node coordinator over a real store. */
class SingleCoordinatorTest extends CoordinatorContract {
    @TempDir
    private Path directory;

    private ObjectStore store;
    private CoreLoop loop;
    private SingleCoordinator coordinator;

    @BeforeEach
    void open() throws Exception {
        loop = CoreLoop.start(new SystemClock(), 1024, failure -> {
            throw new AssertionError(failure);
        });
        store = RocksObjectStore.open(StoreConfig.small(directory.resolve("s")));
        coordinator = SingleCoordinator.open(store, loop, (level, text) -> {});
    }

    @AfterEach
    void close() {
        coordinator.close();
        store.close();
        loop.close();
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

    @Test
    void keepsTheLastMapOfEachEpoch() throws Exception {
        ClusterMap first = next(ClusterMap.EMPTY, 1);
        ClusterMap second = next(first, 2);
        swap(0, first);
        swap(1, second);

        assertThat(coordinator.mapOfEpoch(1)).contains(first);
        assertThat(coordinator.mapOfEpoch(2)).contains(second);
        assertThat(coordinator.mapOfEpoch(3)).isEmpty();
    }

    @Test
    void announcesItself() {
        Coordinator.Announcement self = SharedCoordinatorContract.announcement(1, 2);

        loop.post(() -> coordinator.announce(self));

        assertThat(SharedCoordinatorContract.announced(loop, coordinator)).containsExactly(self);
    }

    @Test
    void keepsTheControllerOverARestart() throws Exception {
        Coordinator.Controller first = new Coordinator.Controller(
                1, SharedCoordinatorContract.announcement(1, 2).id());
        assertThat(SharedCoordinatorContract.claim(loop, coordinator, 0, first))
                .isEqualTo(Coordinator.SwapOutcome.SWAPPED);

        reopen();

        assertThat(Answers.<Coordinator.Controller>result(loop, coordinator::readController))
                .isEqualTo(first);
        assertThat(SharedCoordinatorContract.claim(loop, coordinator, 0, first))
                .isEqualTo(Coordinator.SwapOutcome.CONFLICT);
    }

    @Test
    void aStoreThatFailsIsNoReasonToTryAgain() {
        // Closed under the coordinator: every call of it fails from now on.
        store.close();

        CoreCall.Answer<Coordinator.SwapOutcome> answer = Answers.of(
                loop, completion -> coordinator.swapMap(0, next(ClusterMap.EMPTY, 1), completion));

        assertThat(answer).isEqualTo(new CoreCall.Failed<>(ErrorCode.SHUTTING_DOWN));
    }

    @Test
    void refusesToOpenOverADamagedMap() {
        coordinator.close();
        byte[] key = "map".getBytes(StandardCharsets.US_ASCII);
        store.write(new StoreBatch().putRecord(RecordFamily.EPOCH, key, new byte[100]));

        assertThatThrownBy(() -> SingleCoordinator.open(store, loop, (level, text) -> {}))
                .isInstanceOf(MapDamagedException.class)
                .hasMessageContaining("checksum");
    }

    @Test
    void refusesCallsAfterClose() {
        coordinator.close();

        CoreCall.Answer<ClusterMap> answer = Answers.of(loop, coordinator::readMap);

        assertThat(answer).isEqualTo(new CoreCall.Failed<>(ErrorCode.SHUTTING_DOWN));
    }
}
