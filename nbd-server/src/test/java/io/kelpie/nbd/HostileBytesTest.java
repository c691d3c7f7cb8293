// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.nbd.wire.NbdConstants;
import io.netty.buffer.ByteBufUtil;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.Arrays;
import java.util.Random;

/** The same session in every fragmentation, cut off everywhere, and broken at random. */
@ExtendWith(NoLeaks.class)
class HostileBytesTest {

    private static final long SIZE = 1 << 16;

    private static byte[] session() {
        return new ClientBytes()
                .flags()
                .option(77, new byte[9])
                .option(NbdConstants.OPT_LIST)
                .info("disk", NbdConstants.INFO_BLOCK_SIZE)
                .go("disk", NbdConstants.INFO_NAME)
                .write(1, 100, new byte[] {1, 2, 3, 4, 5})
                .write(2, SIZE, new byte[11])
                .read(3, 98, 9)
                .request(NbdConstants.CMD_WRITE_ZEROES, 0, 4, 0, SIZE)
                .flush(5)
                .request(99, 0, 6, 0, 0)
                .disconnect()
                .toArray();
    }

    @Test
    void everySplitPointGivesTheSameAnswers() {
        var bytes = session();
        var expected = answersTo(bytes, bytes.length);

        for (var split = 0; split <= bytes.length; split++) {
            assertThat(answersTo(bytes, split)).as("split at " + split).isEqualTo(expected);
        }
    }

    @Test
    void singleBytesGiveTheSameAnswers() {
        var bytes = session();
        var door = newDoor();
        for (var one : bytes) {
            door.send(new byte[] {one});
        }

        assertThat(finish(door)).isEqualTo(answersTo(bytes, bytes.length));
    }

    @Test
    void aSessionCutOffAnywhereLeavesNothingBehind() {
        var bytes = session();
        for (var end = 0; end < bytes.length; end++) {
            var door = newDoor();

            door.send(Arrays.copyOf(bytes, end));

            finish(door);
        }
    }

    @Test
    void mutatedSessionsNeverLeakOrThrow() {
        var seed = seed();
        var random = new Random(seed);
        var bytes = session();
        for (var round = 0; round < 3000; round++) {
            var mutated = mutate(bytes, random);
            var split = random.nextInt(mutated.length + 1);

            assertThat(answersTo(mutated, split))
                    .as("-Dkelpie.seed=" + seed + " round " + round)
                    .hasSizeGreaterThanOrEqualTo(18);
        }
    }

    @Test
    void garbageNeverLeaksOrThrows() {
        var seed = seed();
        var random = new Random(seed);
        for (var round = 0; round < 1000; round++) {
            var garbage = new byte[random.nextInt(400)];
            random.nextBytes(garbage);
            var door = newDoor();
            if (random.nextBoolean()) {
                door.send(new ClientBytes().flags().exportName("disk"));
            }

            door.send(garbage);

            assertThat(finish(door))
                    .as("-Dkelpie.seed=" + seed + " round " + round)
                    .isNotEmpty();
        }
    }

    private static byte[] mutate(byte[] bytes, Random random) {
        var mutated = bytes.clone();
        for (var i = random.nextInt(4); i >= 0; i--) {
            mutated[random.nextInt(mutated.length)] = (byte) random.nextInt();
        }
        return random.nextInt(4) == 0
                ? Arrays.copyOf(mutated, random.nextInt(mutated.length))
                : mutated;
    }

    private static byte[] answersTo(byte[] bytes, int split) {
        var door = newDoor();
        door.send(Arrays.copyOf(bytes, split));
        door.send(Arrays.copyOfRange(bytes, split, bytes.length));
        return finish(door);
    }

    private static Door newDoor() {
        return new Door(new Exports().with("disk", new MemoryDevice(SIZE)));
    }

    /**
     * What the client has received; an exception inside a handler would come out of the channel
     * here.
     */
    private static byte[] finish(Door door) {
        door.channel.checkException();
        var answers = ByteBufUtil.getBytes(door.received());
        door.closeQuiet();
        return answers;
    }

    private static long seed() {
        return Long.getLong("kelpie.seed", System.nanoTime());
    }
}
