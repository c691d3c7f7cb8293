package io.kelpie.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.vdi.CreateRequest;
import io.kelpie.cluster.vdi.VdiEntry;
import io.kelpie.cluster.volume.Volume;
import io.kelpie.cluster.volume.VolumeData;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

@Tag("sim")
final class DurableZeroesScenario {
    private static final int OBJECT_BYTES = 1 << 20;

    /** How much of the log survives depends on the seed, so there are some. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void zerosWrittenDurablyOverAnUnsyncedDiscardSurviveAPowerLoss(long seed) {
        World world = new World(seed);
        SimDisk disk = new SimDisk(world, "node", Mutation.NONE);
        SimCoordinator coordinator = new SimCoordinator(world, Mutation.NONE);
        SimNode node = Simulation.loneNode(world, disk, coordinator, false);
        start(world, node);
        this.<Outcome>call(
                world,
                node,
                c -> node.engine().format(new ClusterSettings(1, 0, 1, 20, "plain"), c));
        VdiEntry row = this.<VdiEntry>call(
                world,
                node,
                c -> node.engine().createVdi(new CreateRequest("disk", OBJECT_BYTES, 0, 0), c));
        Volume volume = this.<Volume>call(world, node, c -> node.engine().openVolume(row.id(), c));
        byte[] bytes = Stamp.fill(77, row.id().value(), 0, 256, 4096);
        SimPayload payload = node.lifetime().payloads().adopt(bytes, "test");
        this.<Outcome>call(world, node, c -> volume.write(0, payload, true, c));

        this.<Outcome>call(world, node, c -> volume.discard(0, OBJECT_BYTES, c));
        this.<Outcome>call(world, node, c -> volume.writeZeroes(0, 4096, true, c));
        node.crash(true);
        start(world, node);

        Volume again = this.<Volume>call(world, node, c -> node.engine().openVolume(row.id(), c));
        VolumeData data = this.<VolumeData>call(world, node, c -> again.read(0, 4096, c));
        List<Long> first = new ArrayList<>();
        for (VolumeData.Piece piece : data.pieces()) {
            first.add(piece.payload() == null ? 0 : piece.payload().view().getLong(0));
        }
        data.release();
        assertThat(first).containsOnly(0L);
    }

    private static void start(World world, SimNode node) {
        List<Ended<Outcome>> started = new ArrayList<>();
        node.start(started::add);
        world.runUntil(() -> !started.isEmpty(), 10_000_000_000L);
        assertThat(started).singleElement().matches(Ended::isDone);
    }

    private <T> T call(World world, SimNode node, Consumer<Completion<T>> call) {
        List<Ended<T>> answers = new ArrayList<>();
        node.lifetime().completions().<T>call("call", call, answers::add);
        world.runUntil(() -> !answers.isEmpty(), 10_000_000_000L);
        assertThat(answers).hasSize(1);
        return answers.get(0).value();
    }
}
