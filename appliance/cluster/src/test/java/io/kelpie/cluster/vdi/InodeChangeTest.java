package io.kelpie.cluster.vdi;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.Payloads;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What one write of an inode changes. */
class InodeChangeTest {
    private static final VdiId SELF = new VdiId(0x10);
    private static final long SIZE = 1L << 30;

    private final Payloads payloads = new Payloads();
    private final TreeMap<Integer, Integer> owners = new TreeMap<>();
    private final Ended<Outcome> ended = new Ended<>();

    @AfterEach
    void everyPayloadWasReleased() {
        assertThat(payloads.references()).isZero();
    }

    @Test
    void writesEntriesThatFollowEachOtherAsOneRun() {
        InodeChange change = InodeChange.ofEntry(4, 0x10, false, ended);
        change.merge(InodeChange.ofEntry(3, 0x10, false, ended));
        change.merge(InodeChange.ofEntry(9, 0, true, ended));

        List<Piece> pieces = change.pieces(payloads);

        assertThat(pieces)
                .extracting(Piece::offset)
                .containsExactly(
                        (long) InodeLayout.entryOffset(3), (long) InodeLayout.entryOffset(9));
        assertThat(bytes(pieces.get(0))).containsExactly(0x10, 0, 0, 0, 0x10, 0, 0, 0);
        assertThat(change.isDurable()).as("one of them is").isTrue();
        assertThat(change.finish()).hasSize(3);
    }

    @Test
    void letsTheLaterOfTwoChangesOfAnEntryWin() {
        InodeChange change = InodeChange.ofEntry(4, 0x10, false, ended);
        change.merge(InodeChange.ofEntry(4, 0, false, ended));

        assertThat(change.entries()).isEqualTo(Map.of(4, 0));
        assertThat(change.pieces(payloads)).hasSize(1);
        change.finish();
    }

    @Test
    void findsTheWholeEntriesInsideAClientsBytes() {
        assertThat(InodeChange.firstEntry(0)).isZero();
        assertThat(InodeChange.firstEntry(4664)).isZero();
        assertThat(InodeChange.firstEntry(4665)).isEqualTo(1);
        assertThat(InodeChange.lastEntry(4664)).isEqualTo(-1);
        assertThat(InodeChange.lastEntry(4667)).isEqualTo(-1);
        assertThat(InodeChange.lastEntry(4668)).isZero();
        assertThat(InodeChange.lastEntry(12_587_576)).isEqualTo(1_048_575);
        assertThat(InodeChange.firstEntry(12_587_000)).isEqualTo(1_048_576);
    }

    @Test
    void takesOnlyEntriesThatDiffer() {
        owners.put(1, 0x10);

        InodeChange change = entries(0, 0x10, 0x10, 0);

        assertThat(change.entries()).isEqualTo(Map.of(0, 0x10));
        assertThat(change.newSizeBytes()).isEqualTo(-1);
        change.finish();
    }

    @Test
    void clearsOwnedEntriesOnlyInAWriteOfZeros() {
        owners.put(0, 0x10);
        owners.put(1, 0x10);

        InodeChange discard = entries(0, 0, 0);
        InodeChange stretch = entries(0, 0, 0, 0x10);

        assertThat(discard.entries()).isEqualTo(Map.of(0, 0, 1, 0));
        assertThat(stretch.entries()).isEqualTo(Map.of(2, 0x10));
        discard.finish();
        stretch.finish();
    }

    @Test
    void bringsEntriesUpToDateThatChangedWhileItWaited() {
        owners.put(4, 0x10);
        InodeChange change = entries(3, 0x10, 0x10, 0, 0);
        owners.remove(4);
        owners.put(5, 0x10);

        change.refresh(SIZE, this::owner, payloads);

        assertThat(bytes(change.pieces(payloads).get(0)))
                .containsExactly(0x10, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0, 0);
        change.finish();
    }

    @Test
    void keepsAClientsOwnBytesWhenNothingChanged() {
        InodeChange change = entries(3, 0x10, 0);
        Piece before = change.pieces(payloads).get(0);

        change.refresh(SIZE, this::owner, payloads);

        assertThat(change.pieces(payloads).get(0)).isSameAs(before);
        change.finish();
    }

    @Test
    void doesNotLetAClientsHeaderShrinkTheDisk() {
        InodeChange smaller = size(SIZE - 1);
        InodeChange larger = size(SIZE + 1);
        assertThat(smaller.cuts(SIZE)).isFalse();

        smaller.refresh(SIZE, this::owner, payloads);
        larger.refresh(SIZE, this::owner, payloads);

        assertThat(smaller.newSizeBytes()).isEqualTo(SIZE);
        assertThat(bytes(smaller.pieces(payloads).get(0)))
                .containsExactly(0, 0, 0, 0x40, 0, 0, 0, 0);
        assertThat(larger.newSizeBytes()).isEqualTo(SIZE + 1);
        smaller.finish();
        larger.finish();
    }

    @Test
    void cutsTheDiskOnPurpose() {
        InodeChange change = InodeChange.ofSize(SIZE - 1, payloads, ended);

        change.refresh(SIZE, this::owner, payloads);

        assertThat(change.cuts(SIZE)).isTrue();
        assertThat(change.cuts(SIZE - 1)).isFalse();
        assertThat(change.isDurable()).isTrue();
        assertThat(change.newSizeBytes()).isEqualTo(SIZE - 1);
        change.finish();
    }

    @Test
    void releasesAnEmptyPayloadAtOnce() {
        InodeChange change =
                InodeChange.ofBytes(SELF, this::owner, 0, payloads.of(""), false, ended);

        assertThat(payloads.references()).isZero();
        assertThat(change.pieces(payloads)).isEmpty();
        assertThat(change.finish()).containsExactly(ended);
    }

    private int owner(int extent) {
        return owners.getOrDefault(extent, 0);
    }

    private InodeChange entries(int first, int... values) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int value : values) {
            bytes.putInt(value);
        }
        return ofBytes(InodeLayout.entryOffset(first), bytes);
    }

    private InodeChange size(long sizeBytes) {
        ByteBuffer bytes = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        return ofBytes(InodeLayout.SIZE, bytes.putLong(sizeBytes));
    }

    private InodeChange ofBytes(long offset, ByteBuffer bytes) {
        return InodeChange.ofBytes(
                SELF, this::owner, offset, payloads.of(bytes.array()), false, ended);
    }

    private static byte[] bytes(Piece piece) {
        Payload payload = piece.payload();
        return payload == null ? new byte[0] : Payloads.bytesOf(payload);
    }
}
