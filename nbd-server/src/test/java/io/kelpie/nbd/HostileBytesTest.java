// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.nbd.wire.NbdConstants;
import io.netty.buffer.ByteBufUtil;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** The same session in every fragmentation, cut off everywhere, and broken at random. */
@ExtendWith(NoLeaks.class)
class HostileBytesTest {

    private static final long SIZE = 1 << 16;

    /** Sessions to break; many more with {@code -Dkelpie.rounds=N}. */
    private static final int ROUNDS = Integer.getInteger("kelpie.rounds", 1500);

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

    private static byte[] structuredSession() {
        return new ClientBytes()
                .flags()
                .structuredReply()
                .listMeta("disk")
                .setMeta("disk", "x-other:thing", NbdConstants.BASE_ALLOCATION)
                .option(NbdConstants.OPT_STARTTLS)
                .go("disk", NbdConstants.INFO_BLOCK_SIZE)
                .write(1, 100, new byte[] {1, 2, 3, 4, 5})
                .request(NbdConstants.CMD_READ, NbdConstants.CMD_FLAG_DF, 2, 98, 9)
                .read(3, 0, (int) SIZE)
                .blockStatus(0, 4, 0, SIZE)
                .blockStatus(NbdConstants.CMD_FLAG_REQ_ONE, 5, 0, SIZE)
                .read(6, SIZE, 1)
                .disconnect()
                .toArray();
    }

    private static byte[] extendedSession() {
        return new ClientBytes()
                .flags()
                .option(NbdConstants.OPT_EXTENDED_HEADERS)
                .setMeta("disk", NbdConstants.BASE_ALLOCATION)
                .go("disk")
                .extended()
                .write(1, 100, new byte[] {1, 2, 3, 4, 5})
                .read(2, 98, 9)
                .request(NbdConstants.CMD_TRIM, 0, 3, 0, SIZE)
                .blockStatus(0, 4, 0, SIZE)
                .blockStatus(NbdConstants.CMD_FLAG_PAYLOAD_LEN, 5, 0, 3)
                .raw(new byte[3])
                .request(NbdConstants.CMD_WRITE_ZEROES, 0, 6, 0, 1L << 60)
                .disconnect()
                .toArray();
    }

    private static List<byte[]> sessions() {
        return List.of(session(), structuredSession(), extendedSession());
    }

    @ParameterizedTest
    @MethodSource("sessions")
    void everySplitPointGivesTheSameAnswers(byte[] bytes) {
        var expected = answersTo(bytes, bytes.length);

        for (var split = 0; split <= bytes.length; split++) {
            assertThat(answersTo(bytes, split)).as("split at " + split).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @MethodSource("sessions")
    void singleBytesGiveTheSameAnswers(byte[] bytes) {
        var door = newDoor();
        for (var one : bytes) {
            door.send(new byte[] {one});
        }

        assertThat(finish(door)).isEqualTo(answersTo(bytes, bytes.length));
    }

    @ParameterizedTest
    @MethodSource("sessions")
    void aSessionCutOffAnywhereLeavesNothingBehind(byte[] bytes) {
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
        var sessions = sessions();
        for (var round = 0; round < ROUNDS; round++) {
            var bytes = sessions.get(round % sessions.size());
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
        for (var round = 0; round < ROUNDS / 3; round++) {
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
