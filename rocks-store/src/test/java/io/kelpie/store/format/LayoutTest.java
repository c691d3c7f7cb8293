package io.kelpie.store.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.store.ObjectHead;
import io.kelpie.store.ObjectKey;
import io.kelpie.store.ObjectKind;
import io.kelpie.store.ObjectVersion;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.UUID;

class LayoutTest {
    private static final ObjectKey KEY =
            new ObjectKey(0x0102, ObjectKind.VDI, 0x8090_a0b0_c0d0_e0f0L, 0xfe);
    private static final ObjectHead HEAD = new ObjectHead(
            ObjectKind.VMSTATE,
            0x8000_0001,
            0xffff,
            new ObjectVersion(-1L, Long.MIN_VALUE),
            1L << 36,
            1_700_000_000_000L,
            Long.MAX_VALUE,
            -2L,
            1L << 36);
    private static final UUID ID = UUID.fromString("01234567-89ab-cdef-0123-456789abcdef");

    private final Checksums checksums = new Checksums();

    @TempDir
    private Path directory;

    @Test
    void headKeyIsBigEndianAndComesBack() {
        try (RecordBuffer record = new RecordBuffer(KeyLayout.PAGE_END_BYTES)) {
            ByteBuffer key = KeyLayout.headKey(record, KEY);

            assertThat(key.remaining()).isEqualTo(11);
            assertThat(hex(record, 11)).isEqualTo("01028090a0b0c0d0e0f0fe");
            assertThat(KeyLayout.objectKey(record, ObjectKind.VDI)).isEqualTo(KEY);
        }
    }

    @Test
    void pageKeyIsBigEndianAndComesBack() {
        try (RecordBuffer record = new RecordBuffer(KeyLayout.PAGE_END_BYTES)) {
            ByteBuffer key = KeyLayout.pageKey(record, KEY, 0x1234, 0xabcdef);

            assertThat(key.remaining()).isEqualTo(16);
            assertThat(hex(record, 16)).isEqualTo("01028090a0b0c0d0e0f0fe1234abcdef");
            assertThat(KeyLayout.page(record)).isEqualTo(0xabcdef);
            assertThat(KeyLayout.generation(record)).isEqualTo(0x1234);
            assertThat(KeyLayout.partition(record)).isEqualTo(0x0102);
        }
    }

    @Test
    void endOfTheLastPageLiesBehindItAndBeforeTheNextGeneration() {
        try (RecordBuffer record = new RecordBuffer(KeyLayout.PAGE_END_BYTES)) {
            KeyLayout.pageKey(record, KEY, 1, KeyLayout.MAX_PAGE);
            byte[] last = record.toArray(16);
            KeyLayout.pageEnd(record, KEY, 1, KeyLayout.MAX_PAGE);
            byte[] end = record.toArray(17);
            KeyLayout.pageKey(record, KEY, 2, 0);
            byte[] next = record.toArray(16);

            assertThat(java.util.Arrays.compareUnsigned(last, end)).isNegative();
            assertThat(java.util.Arrays.compareUnsigned(end, next)).isNegative();
        }
    }

    @Test
    void headComesBack() throws Exception {
        try (RecordBuffer record = new RecordBuffer(HeadLayout.BYTES)) {
            HeadLayout.encode(HEAD, record, checksums);

            assertThat(HeadLayout.decode(record, HeadLayout.BYTES, checksums)).isEqualTo(HEAD);
        }
    }

    @Test
    void headLiesAsDocumented() {
        ObjectHead head = new ObjectHead(
                ObjectKind.DATA, 3, 4, new ObjectVersion(5, 6), 7, 8, 9, 10, 3 * 4096);
        try (RecordBuffer record = new RecordBuffer(HeadLayout.BYTES)) {
            HeadLayout.encode(head, record, checksums);

            assertThat(hex(record, 60))
                    .isEqualTo(
                            "0102" + "0400" + "03000000" + "0500000000000000" + "0600000000000000"
                                    + "0700000000000000" + "0800000000000000" + "0900000000000000"
                                    + "0a00000000000000"
                                    + "03000000");
        }
    }

    @Test
    void everyFlippedBitOfAHeadIsNoticed() {
        try (RecordBuffer record = new RecordBuffer(HeadLayout.BYTES)) {
            HeadLayout.encode(HEAD, record, checksums);
            byte[] sound = record.toArray(HeadLayout.BYTES);
            for (int bit = 0; bit < 8 * HeadLayout.BYTES; bit++) {
                byte[] bad = sound.clone();
                bad[bit / 8] ^= (byte) (1 << bit % 8);
                record.set(bad);

                assertThatThrownBy(() -> HeadLayout.decode(record, HeadLayout.BYTES, checksums))
                        .isInstanceOf(DamagedRecordException.class);
            }
        }
    }

    @Test
    void headOfAnotherLengthIsRefused() {
        try (RecordBuffer record = new RecordBuffer(HeadLayout.BYTES)) {
            assertThatThrownBy(() -> HeadLayout.decode(record, 63, checksums))
                    .isInstanceOf(DamagedRecordException.class)
                    .hasMessageContaining("63");
        }
    }

    @Test
    void sealedPageHoldsUntilABitFlips() {
        try (RecordBuffer record = new RecordBuffer(PageLayout.VALUE_BYTES)) {
            record.buffer(PageLayout.PAGE_BYTES).put(17, (byte) 1);
            ByteBuffer value = PageLayout.seal(record, checksums);

            assertThat(value.remaining()).isEqualTo(4100);
            assertThat(PageLayout.holds(value, 0, checksums)).isTrue();
            value.put(4095, (byte) 1);
            assertThat(PageLayout.holds(value, 0, checksums)).isFalse();
        }
    }

    @Test
    void pageTrailerIsTheKnownCrc32cOfZeros() {
        try (RecordBuffer record = new RecordBuffer(PageLayout.VALUE_BYTES)) {
            ByteBuffer value = PageLayout.seal(record, checksums);
            byte[] trailer = new byte[4];
            value.get(4096, trailer);

            // CRC-32C of 4096 zero bytes is 0x98f94189, a published value.
            assertThat(HexFormat.of().formatHex(trailer)).isEqualTo("8941f998");
            ByteBuffer zeroes = PageLayout.sealZeroes(record);
            assertThat(zeroes.remaining()).isEqualTo(4);
            assertThat(PageLayout.holdsZeroes(zeroes, 0)).isTrue();
            zeroes.put(0, (byte) 0);
            assertThat(PageLayout.holdsZeroes(zeroes, 0)).isFalse();
        }
    }

    @Test
    void superblockComesBack() throws Exception {
        Superblock superblock = new Superblock(ID, 12345);

        assertThat(Superblock.decode(superblock.encode())).isEqualTo(superblock);
        assertThat(HexFormat.of().formatHex(superblock.encode(), 0, 16))
                .isEqualTo("4b454c5049454f530100000000100000");
    }

    @Test
    void everyFlippedBitOfASuperblockIsNoticed() {
        byte[] sound = new Superblock(ID, 12345).encode();
        for (int bit = 0; bit < 8 * sound.length; bit++) {
            byte[] bad = sound.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);

            assertThatThrownBy(() -> Superblock.decode(bad))
                    .isInstanceOfAny(DamagedRecordException.class, NewerFormatException.class);
        }
    }

    @Test
    void superblockOfAnyOtherLengthIsRefused() {
        byte[] sound = new Superblock(ID, 12345).encode();
        for (int length : new int[] {0, 7, 31, 47, 49, 1000}) {
            assertThatThrownBy(() -> Superblock.decode(java.util.Arrays.copyOf(sound, length)))
                    .isInstanceOf(DamagedRecordException.class);
        }
    }

    @Test
    void newerSuperblockIsToldFromADamagedOne() {
        assertThatThrownBy(() -> Superblock.decode(new Superblock(ID, 1).encode(2)))
                .isInstanceOf(NewerFormatException.class)
                .hasMessage("store has format 2, this version knows up to 1");
    }

    @Test
    void watermarkComesBackWithWhatWasMarked() throws Exception {
        Path file = directory.resolve("watermark");
        assertThat(Watermark.read(file)).isEmpty();
        UUID boot = UUID.randomUUID();

        try (Watermark watermark =
                Watermark.begin(file, new Watermark.Mark(ID, boot, 5, 6, false))) {
            watermark.synced(10);
            watermark.synced(9);
            watermark.applied(20);
            assertThat(Watermark.read(file)).hasValue(new Watermark.Mark(ID, boot, 10, 20, false));
            watermark.clean();
        }

        assertThat(Watermark.read(file)).hasValue(new Watermark.Mark(ID, boot, 10, 20, true));
    }

    @Test
    void damagedWatermarkIsNoticed() throws Exception {
        Path file = directory.resolve("watermark");
        Watermark.begin(file, new Watermark.Mark(ID, ID, 5, 6, false)).close();
        byte[] sound = Files.readAllBytes(file);
        for (int at : new int[] {0, 8, 12, 16, 47}) {
            byte[] bad = sound.clone();
            bad[at] ^= 1;
            Files.write(file, bad);

            assertThatThrownBy(() -> Watermark.read(file))
                    .isInstanceOf(DamagedRecordException.class);
        }
        Files.write(file, new byte[10]);
        assertThatThrownBy(() -> Watermark.read(file)).isInstanceOf(DamagedRecordException.class);
    }

    private static String hex(RecordBuffer record, int length) {
        return HexFormat.of().formatHex(record.toArray(length));
    }
}
