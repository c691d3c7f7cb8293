package io.kelpie.cluster.vdi;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.vdi.VdiEntry.VdiState;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;

/** The bytes of an inode, against what was recorded from upstream. */
class InodeLayoutTest {
    /** Bytes 512 to 562 of the inode of a VDI q1 of 16 MiB, recorded when qemu-img made it. */
    private static final String RECORDED = "e0825704dff2026b" // create time
            + "0000000000000000" // snapshot time
            + "0000000000000000" // virtual machine clock
            + "0000000100000000" // size
            + "0000000000000000" // size of the machine state
            + "00000116" // policies, one copy, objects of 4 MiB
            + "01000000" // snapshot id
            + "97d472"; // VDI id

    private static final long CREATED = 0x6b02f2dfL * 1_000_000_000 + 0x045782e0;

    @Test
    void writesTheHeaderThatUpstreamWrites() {
        VdiEntry row = new VdiEntry(
                new VdiId(0x72d497),
                "q1",
                "",
                1,
                false,
                VdiState.CREATING,
                16 << 20,
                1,
                22,
                CREATED,
                0);

        byte[] header = bytes(InodeLayout.header(row));

        byte[] expected = new byte[4664];
        expected[0] = 'q';
        expected[1] = '1';
        byte[] recorded = HexFormat.of().parseHex(RECORDED);
        System.arraycopy(recorded, 0, expected, 512, recorded.length);
        assertThat(header).isEqualTo(expected);
    }

    @Test
    void writesTagAndParent() {
        VdiEntry row = new VdiEntry(
                new VdiId(7), "n", "tag", 2, true, VdiState.READY, 1, 3, 20, 0, 0x123456);

        byte[] header = bytes(InodeLayout.header(row));

        assertThat(Arrays.copyOfRange(header, 256, 260)).containsExactly('t', 'a', 'g', 0);
        assertThat(Arrays.copyOfRange(header, 564, 568)).containsExactly(0x56, 0x34, 0x12, 0);
    }

    @Test
    void hasTheSizesAndOffsetsOfTheProtocol() {
        assertThat(InodeLayout.OBJECT_BYTES).isEqualTo(12_587_576);
        assertThat(InodeLayout.INDEX_END).isEqualTo(4_198_968);
        assertThat(InodeLayout.entryOffset(0)).isEqualTo(4664);
        assertThat(InodeLayout.entryOffset(1_048_575)).isEqualTo(4_198_964);
    }

    @Test
    void countsTheObjectsOfADisk() {
        assertThat(InodeLayout.objectCount(0, 22)).isZero();
        assertThat(InodeLayout.objectCount(1, 22)).isEqualTo(1);
        assertThat(InodeLayout.objectCount(4 << 20, 22)).isEqualTo(1);
        assertThat(InodeLayout.objectCount((4 << 20) + 1, 22)).isEqualTo(2);
        assertThat(InodeLayout.objectCount(InodeLayout.maxSizeBytes(31), 31))
                .isEqualTo(InodeLayout.INDEX_ENTRIES);
    }

    @Test
    void readsANameUpToItsFirstZeroByteOrTheEndOfTheField() {
        byte[] field = new byte[300];
        Arrays.fill(field, (byte) 'x');
        assertThat(InodeLayout.name(ByteBuffer.wrap(field))).hasSize(256);
        field[3] = 0;
        field[1] = (byte) 0xFC;
        assertThat(InodeLayout.name(ByteBuffer.wrap(field))).isEqualTo("x\u00fcx");
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        return bytes;
    }
}
