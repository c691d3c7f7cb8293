package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.Random;
import java.util.stream.Stream;

/** What one door writes the others read at once. */
@Tag("e2e")
final class DoorsIT {
    private static final int SIZE = 12 << 20;

    /** Begins and ends inside pages, and crosses the border of two objects. */
    private static final int ODD_OFFSET = (4 << 20) - 3 * 512;

    private static final int ODD_LENGTH = 64 * 1024 + 5 * 512;

    @RegisterExtension
    static final OneNode NODE = new OneNode();

    static Stream<Arguments> directions() {
        return Stream.of(Door.values())
                .flatMap(writer -> Stream.of(Door.values())
                        .filter(reader -> reader != writer)
                        .map(reader -> Arguments.of(writer, reader)));
    }

    @ParameterizedTest
    @MethodSource("directions")
    void readerSeesWhatWriterWrote(Door writer, Door reader) {
        String vdi = NODE.sheep().create("write-" + writer + "-" + reader, "12M");
        byte[] disk = new byte[SIZE];

        put(writer, vdi, disk, 0, random(1 << 20, 1));
        put(writer, vdi, disk, ODD_OFFSET, random(ODD_LENGTH, 2));
        put(writer, vdi, disk, SIZE - 4096, random(4096, 3));

        assertThat(reader.read(NODE.sheep(), vdi)).isEqualTo(disk);
    }

    @ParameterizedTest
    @MethodSource("directions")
    void laterWriteThroughAnotherDoorWins(Door first, Door second) {
        String vdi = NODE.sheep().create("over-" + first + "-" + second, "12M");
        byte[] disk = new byte[SIZE];

        put(first, vdi, disk, ODD_OFFSET, random(ODD_LENGTH, 4));
        first.read(NODE.sheep(), vdi);
        put(second, vdi, disk, ODD_OFFSET + 4 * 512, random(ODD_LENGTH, 5));
        put(first, vdi, disk, ODD_OFFSET + 9 * 512, random(2048, 6));

        assertThat(first.read(NODE.sheep(), vdi)).isEqualTo(disk);
        assertThat(second.read(NODE.sheep(), vdi)).isEqualTo(disk);
    }

    @ParameterizedTest
    @EnumSource(Door.class)
    void discardReadsAsZeroesThroughEveryDoor(Door door) {
        String vdi = NODE.sheep().create("discard-" + door, "12M");
        byte[] disk = new byte[SIZE];
        put(door, vdi, disk, 0, random(SIZE, 7));

        door.discard(NODE.sheep(), vdi, 4 << 20, 4 << 20);

        java.util.Arrays.fill(disk, 4 << 20, 8 << 20, (byte) 0);
        for (Door reader : Door.values()) {
            assertThat(reader.read(NODE.sheep(), vdi))
                    .as("read through %s", reader)
                    .isEqualTo(disk);
        }
    }

    @ParameterizedTest
    @EnumSource(Door.class)
    void grownDiskIsGrownForEveryDoor(Door door) {
        String vdi = NODE.sheep().create("resize-" + door, "12M");
        byte[] disk = new byte[SIZE + (8 << 20)];
        put(door, vdi, disk, 0, random(1 << 20, 8));

        door.resize(NODE.sheep(), vdi, disk.length);

        put(door, vdi, disk, disk.length - 8192, random(8192, 9));
        for (Door reader : Door.values()) {
            assertThat(reader.read(NODE.sheep(), vdi))
                    .as("read through %s", reader)
                    .isEqualTo(disk);
        }
    }

    @Test
    void deletedVdiIsGoneThroughEveryDoor() {
        String vdi = NODE.sheep().create("gone", "12M");

        NODE.sheep().dog("vdi", "delete", vdi).succeeded();

        assertThat(NODE.sheep().image(vdi)).doesNotExist();
        assertThat(Commands.run("nbdinfo", NODE.sheep().nbdUri(vdi)).status()).isNotZero();
        assertThat(Commands.run(QemuSheepdog.img(), "info", NODE.sheep().sheepdogUri(vdi))
                        .status())
                .isNotZero();
    }

    private static void put(Door door, String vdi, byte[] disk, int offset, byte[] bytes) {
        door.write(NODE.sheep(), vdi, offset, bytes);
        System.arraycopy(bytes, 0, disk, offset, bytes.length);
    }

    private static byte[] random(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }
}
