package io.kelpie.store;

import static io.kelpie.store.StoreFixtures.PAGE;
import static io.kelpie.store.StoreFixtures.content;
import static io.kelpie.store.StoreFixtures.dataKey;
import static io.kelpie.store.StoreFixtures.direct;
import static io.kelpie.store.StoreFixtures.filled;
import static io.kelpie.store.StoreFixtures.read;
import static io.kelpie.store.StoreFixtures.readAll;
import static io.kelpie.store.StoreFixtures.version;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.store.StoreException.Kind;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** What every {@link ObjectStore} does. */
public abstract class ObjectStoreContract {
    private static final ObjectKey KEY = dataKey(0x00ab_cdef_0000_0001L);
    private static final long SIZE = 4 << 20;

    private ObjectStore store;

    /** A new, empty store. */
    protected abstract ObjectStore open() throws Exception;

    @BeforeEach
    void openStore() throws Exception {
        store = open();
    }

    @AfterEach
    void closeStore() {
        store.close();
    }

    private static void assertFails(Kind kind, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        StoreException.class, e -> assertThat(e.kind()).isEqualTo(kind));
    }

    private void create(ObjectKey key, long size) {
        store.write(new StoreBatch().create(key, size, version(1)));
    }

    private void write(ObjectKey key, long offset, byte[] bytes) {
        store.write(new StoreBatch().write(key, offset, direct(bytes)));
    }

    @Test
    void createdObjectReadsAsZeros() {
        create(KEY, SIZE);

        assertThat(readAll(store, KEY)).isEqualTo(new byte[(int) SIZE]);
    }

    @Test
    void createdObjectHasTheHeadItWasGiven() {
        create(KEY, SIZE);

        ObjectHead head = store.head(KEY).orElseThrow();
        assertThat(head.kind()).isEqualTo(ObjectKind.DATA);
        assertThat(head.version()).isEqualTo(version(1));
        assertThat(head.sizeBytes()).isEqualTo(SIZE);
        assertThat(head.flags()).isZero();
        assertThat(head.writeCount()).isEqualTo(1);
        assertThat(head.createdMillis())
                .isCloseTo(
                        System.currentTimeMillis(), org.assertj.core.data.Offset.offset(60_000L));
    }

    @Test
    void createRefusesAnObjectThatExists() {
        create(KEY, SIZE);

        assertFails(Kind.EXISTS, () -> create(KEY, SIZE));
    }

    @Test
    void createRefusesAnIdOfAnotherKind() {
        create(KEY, SIZE);

        ObjectKey other = ObjectKey.of(KEY.partition(), ObjectKind.VDI, KEY.objectId());
        assertFails(Kind.EXISTS, () -> create(other, SIZE));
        assertThat(store.head(other)).isEmpty();
        assertFails(Kind.NOT_FOUND, () -> read(store, other, 0, 1));
    }

    @Test
    void wholePagesComeBack() {
        create(KEY, SIZE);
        byte[] bytes = content(1, 3 * PAGE);

        write(KEY, 5 * PAGE, bytes);

        assertThat(read(store, KEY, 5 * PAGE, bytes.length)).isEqualTo(bytes);
        assertThat(read(store, KEY, 4 * PAGE, PAGE)).isEqualTo(new byte[PAGE]);
    }

    @Test
    void partsOfPagesAreLaidOverWhatIsThere() {
        create(KEY, SIZE);
        write(KEY, 0, filled(1, 2 * PAGE));

        write(KEY, PAGE - 10, filled(2, 20));

        byte[] expected = filled(1, 2 * PAGE);
        System.arraycopy(filled(2, 20), 0, expected, PAGE - 10, 20);
        assertThat(read(store, KEY, 0, 2 * PAGE)).isEqualTo(expected);
    }

    @Test
    void partOfAHoleLeavesZerosAround() {
        create(KEY, SIZE);

        write(KEY, PAGE + 512, filled(3, 512));

        byte[] expected = new byte[3 * PAGE];
        System.arraycopy(filled(3, 512), 0, expected, PAGE + 512, 512);
        assertThat(read(store, KEY, 0, 3 * PAGE)).isEqualTo(expected);
    }

    @Test
    void oneByteAtEachEdgeComesBack() {
        create(KEY, SIZE);

        write(KEY, 0, filled(1, 1));
        write(KEY, SIZE - 1, filled(2, 1));

        assertThat(read(store, KEY, 0, 1)).isEqualTo(filled(1, 1));
        assertThat(read(store, KEY, SIZE - 1, 1)).isEqualTo(filled(2, 1));
    }

    @Test
    void heapPayloadIsTakenAndItsPositionStays() {
        create(KEY, SIZE);
        ByteBuffer payload = ByteBuffer.wrap(content(2, PAGE + 7)).position(3);

        store.write(new StoreBatch().write(KEY, 11, payload));

        assertThat(payload.position()).isEqualTo(3);
        byte[] expected = new byte[PAGE + 4];
        payload.get(expected);
        assertThat(read(store, KEY, 11, expected.length)).isEqualTo(expected);
    }

    @Test
    void readFillsHeapBuffersToo() {
        create(KEY, SIZE);
        byte[] bytes = content(3, 9 * PAGE);
        write(KEY, 0, bytes);

        ByteBuffer destination = ByteBuffer.allocate(9 * PAGE);
        store.read(KEY, 0, destination);

        assertThat(destination.array()).isEqualTo(bytes);
    }

    @Test
    void readTouchesNothingOutsideOfTheDestination() {
        create(KEY, SIZE);
        write(KEY, 0, filled(1, 20 * PAGE));
        for (int pages : new int[] {1, 2, 4, 5, 12}) {
            ByteBuffer destination = direct(filled(9, (pages + 2) * PAGE));
            destination.position(PAGE).limit(PAGE + pages * PAGE);

            int count = store.read(KEY, 100, destination);

            assertThat(count).isEqualTo(pages * PAGE);
            assertThat(destination.position()).isEqualTo(PAGE + pages * PAGE);
            byte[] around = new byte[(pages + 2) * PAGE];
            destination.clear().get(around);
            byte[] expected = filled(9, around.length);
            System.arraycopy(filled(1, pages * PAGE), 0, expected, PAGE, pages * PAGE);
            assertThat(around).isEqualTo(expected);
        }
    }

    @Test
    void readClearsWhatWasInTheDestinationOverHoles() {
        create(KEY, SIZE);
        write(KEY, 3 * PAGE, filled(5, PAGE));
        ByteBuffer destination = direct(filled(9, 8 * PAGE));

        store.read(KEY, 0, destination);

        byte[] bytes = new byte[8 * PAGE];
        destination.flip().get(bytes);
        byte[] expected = new byte[8 * PAGE];
        System.arraycopy(filled(5, PAGE), 0, expected, 3 * PAGE, PAGE);
        assertThat(bytes).isEqualTo(expected);
    }

    @Test
    void readEndsWithTheObject() {
        create(KEY, 1000);
        write(KEY, 0, filled(4, 1000));

        assertThat(read(store, KEY, 900, PAGE)).isEqualTo(filled(4, 100));
        assertThat(read(store, KEY, 1000, PAGE)).isEmpty();
        assertThat(read(store, KEY, 5000, PAGE)).isEmpty();
    }

    @Test
    void missingObjectIsNotFoundAndNothingIsApplied() {
        create(KEY, SIZE);
        ObjectKey missing = dataKey(99);

        assertFails(Kind.NOT_FOUND, () -> read(store, missing, 0, 1));
        assertFails(Kind.NOT_FOUND, () -> store.snapshot(missing));
        assertFails(Kind.NOT_FOUND, () -> store.extents(missing, 0, 1));
        assertFails(Kind.NOT_FOUND, () -> store.allocatedBytes(missing));
        assertFails(
                Kind.NOT_FOUND,
                () -> store.write(new StoreBatch()
                        .write(KEY, 0, direct(filled(1, PAGE)))
                        .setVersion(missing, version(2))));
        assertThat(store.head(missing)).isEmpty();
        assertThat(read(store, KEY, 0, PAGE)).isEqualTo(new byte[PAGE]);
    }

    @Test
    void rangeOutsideOfTheObjectIsRefused() {
        create(KEY, 1000);

        assertThatIllegalArgumentException().isThrownBy(() -> write(KEY, 999, filled(1, 2)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> store.write(new StoreBatch().writeZeroes(KEY, 0, 1001)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> store.read(KEY, -1, ByteBuffer.allocate(1)));
        assertThat(readAll(store, KEY)).isEqualTo(new byte[1000]);
    }

    @Test
    void changesOfABatchSeeEarlierOnes() {
        store.write(new StoreBatch()
                .create(KEY, SIZE, version(1))
                .write(KEY, 0, direct(filled(1, PAGE)))
                .write(KEY, 100, direct(filled(2, 100)))
                .writeZeroes(KEY, 150, 10)
                .write(KEY, PAGE, direct(filled(3, PAGE)))
                .writeZeroes(KEY, PAGE, PAGE)
                .write(KEY, PAGE + 1, direct(filled(4, 1)))
                .setFlags(KEY, 0x8000_0001)
                .setVersion(KEY, version(2)));

        byte[] expected = filled(1, 2 * PAGE);
        System.arraycopy(filled(2, 100), 0, expected, 100, 100);
        System.arraycopy(new byte[10], 0, expected, 150, 10);
        System.arraycopy(new byte[PAGE], 0, expected, PAGE, PAGE);
        expected[PAGE + 1] = 4;
        assertThat(read(store, KEY, 0, 2 * PAGE)).isEqualTo(expected);
        assertThat(store.head(KEY).orElseThrow().flags()).isEqualTo(0x8000_0001);
        assertThat(store.head(KEY).orElseThrow().version()).isEqualTo(version(2));
        assertThat(store.head(KEY).orElseThrow().writeCount()).isEqualTo(1);
    }

    @Test
    void partOfAPageSeesALargeRangeClearedInTheSameBatch() {
        create(KEY, SIZE);
        write(KEY, 0, filled(1, 200 * PAGE));

        store.write(new StoreBatch()
                .writeZeroes(KEY, 0, 200 * PAGE)
                .write(KEY, 100 * PAGE + 1, direct(filled(2, 1))));

        byte[] expected = new byte[200 * PAGE];
        expected[100 * PAGE + 1] = 2;
        assertThat(read(store, KEY, 0, 200 * PAGE)).isEqualTo(expected);
    }

    @Test
    void replaceForgetsContentFlagsAndBase() {
        create(KEY, SIZE);
        store.write(new StoreBatch()
                .setBase(KEY, 77)
                .setFlags(KEY, 5)
                .write(KEY, 0, direct(filled(1, 100 * PAGE))));

        store.write(new StoreBatch()
                .replace(KEY, 2 * PAGE, version(9))
                .write(KEY, 10, direct(filled(2, 10))));

        byte[] expected = new byte[2 * PAGE];
        System.arraycopy(filled(2, 10), 0, expected, 10, 10);
        assertThat(readAll(store, KEY)).isEqualTo(expected);
        ObjectHead head = store.head(KEY).orElseThrow();
        assertThat(head.flags()).isZero();
        assertThat(head.baseObjectId()).isZero();
        assertThat(head.version()).isEqualTo(version(9));
    }

    @Test
    void replaceCreatesWhereThereIsNothing() {
        store.write(new StoreBatch()
                .replace(KEY, PAGE, version(1))
                .write(KEY, 0, direct(filled(1, PAGE))));

        assertThat(readAll(store, KEY)).isEqualTo(filled(1, PAGE));
    }

    @Test
    void deletedObjectIsGoneAndComesBackEmpty() {
        create(KEY, SIZE);
        write(KEY, 0, filled(1, 100 * PAGE));

        store.write(new StoreBatch().delete(KEY));

        assertThat(store.head(KEY)).isEmpty();
        assertFails(Kind.NOT_FOUND, () -> read(store, KEY, 0, 1));
        create(KEY, SIZE);
        assertThat(readAll(store, KEY)).isEqualTo(new byte[(int) SIZE]);
    }

    @Test
    void deletingNothingDoesNothing() {
        store.write(new StoreBatch().delete(KEY).deleteRecord(RecordFamily.NODE, new byte[] {1}));

        assertThat(store.head(KEY)).isEmpty();
    }

    @Test
    void writesOfOneBatchToPagesOfTheirOwnAndToSharedOnesAllArrive() {
        for (int secondOffset : new int[] {4096, 4000, 8192, 12_288}) {
            ObjectKey key = dataKey(0x00ab_cdef_0000_0100L + secondOffset);
            create(key, SIZE);
            byte[] first = new byte[4000];
            Arrays.fill(first, (byte) 1);
            byte[] second = new byte[5000];
            Arrays.fill(second, (byte) 2);

            // The later one of the batch lies before, beside and over the earlier one.
            store.write(new StoreBatch()
                    .write(key, secondOffset, direct(second))
                    .write(key, 4096, direct(first)));

            byte[] expected = new byte[(int) SIZE];
            Arrays.fill(expected, secondOffset, secondOffset + 5000, (byte) 2);
            Arrays.fill(expected, 4096, 4096 + 4000, (byte) 1);
            assertThat(readAll(store, key)).isEqualTo(expected);
        }
    }

    @Test
    void createWriteDeleteCreateInOneBatchLeavesAnEmptyObject() {
        store.write(new StoreBatch()
                .create(KEY, SIZE, version(1))
                .write(KEY, 0, direct(filled(1, PAGE)))
                .delete(KEY)
                .create(KEY, PAGE, version(2)));

        assertThat(readAll(store, KEY)).isEqualTo(new byte[PAGE]);
        assertThat(store.allocatedBytes(KEY)).isZero();
    }

    @Test
    void buriedObjectKeepsItsHeadOnly() {
        create(KEY, SIZE);
        write(KEY, 0, filled(1, 100 * PAGE));

        store.write(new StoreBatch().bury(KEY, version(3), 1).bury(dataKey(5), version(4), 2));

        ObjectHead head = store.head(KEY).orElseThrow();
        assertThat(head.sizeBytes()).isZero();
        assertThat(head.version()).isEqualTo(version(3));
        assertThat(head.flags()).isEqualTo(1);
        assertThat(store.head(dataKey(5)).orElseThrow().flags()).isEqualTo(2);
        assertThat(readAll(store, KEY)).isEmpty();
        assertFails(Kind.EXISTS, () -> create(KEY, SIZE));
        store.write(new StoreBatch().replace(KEY, SIZE, version(5)));
        assertThat(readAll(store, KEY)).isEqualTo(new byte[(int) SIZE]);
    }

    @Test
    void zerosAreExactAtBothEdges() {
        for (int length :
                new int[] {0, 1, 100, PAGE, PAGE + 100, 10 * PAGE, 64 * PAGE, 90 * PAGE + 1}) {
            ObjectKey key = dataKey(1000 + length);
            create(key, 100 * PAGE);
            write(key, 0, filled(1, 100 * PAGE));

            store.write(new StoreBatch().writeZeroes(key, PAGE + 50, length));

            byte[] expected = filled(1, 100 * PAGE);
            System.arraycopy(new byte[length], 0, expected, PAGE + 50, length);
            assertThat(readAll(store, key)).isEqualTo(expected);
        }
    }

    @Test
    void zerosTakeNoSpace() {
        create(KEY, SIZE);
        write(KEY, 0, filled(1, 100 * PAGE));

        store.write(new StoreBatch().writeZeroes(KEY, 0, 10 * PAGE));
        write(KEY, 20 * PAGE, new byte[10 * PAGE]);
        store.write(new StoreBatch().writeZeroes(KEY, 30 * PAGE, 70 * PAGE));

        assertThat(store.allocatedBytes(KEY)).isEqualTo(10 * PAGE);
        assertThat(store.extents(KEY, 0, SIZE))
                .containsExactly(
                        new ObjectExtent(0, 10 * PAGE, false),
                        new ObjectExtent(10 * PAGE, 10 * PAGE, true),
                        new ObjectExtent(20 * PAGE, SIZE - 20 * PAGE, false));
    }

    @Test
    void extentsAreCutToTheRange() {
        create(KEY, 10 * PAGE + 5);
        write(KEY, 2 * PAGE, filled(1, PAGE));
        write(KEY, 10 * PAGE, filled(1, 5));

        assertThat(store.extents(KEY, 2 * PAGE + 1, 2 * PAGE))
                .containsExactly(
                        new ObjectExtent(2 * PAGE + 1, PAGE - 1, true),
                        new ObjectExtent(3 * PAGE, PAGE + 1, false));
        assertThat(store.extents(KEY, 10 * PAGE, SIZE))
                .containsExactly(new ObjectExtent(10 * PAGE, 5, true));
        assertThat(store.extents(KEY, SIZE, 1)).isEmpty();
        assertThat(store.extents(KEY, 0, 0)).isEmpty();
    }

    @Test
    void cutOffBytesAreZerosWhenTheObjectGrowsAgain() {
        for (int pages : new int[] {3, 99}) {
            ObjectKey key = dataKey(pages);
            create(key, (long) pages * PAGE);
            write(key, 0, filled(1, pages * PAGE));

            store.write(new StoreBatch().resize(key, PAGE + 10));
            assertThat(readAll(store, key)).isEqualTo(filled(1, PAGE + 10));
            store.write(new StoreBatch().resize(key, (long) pages * PAGE));

            byte[] expected = new byte[pages * PAGE];
            System.arraycopy(filled(1, PAGE + 10), 0, expected, 0, PAGE + 10);
            assertThat(readAll(store, key)).isEqualTo(expected);
        }
    }

    @Test
    void absentPagesComeFromTheBase() {
        ObjectKey base = dataKey(1);
        ObjectKey middle = dataKey(2);
        ObjectKey top = dataKey(3);
        store.write(new StoreBatch()
                .create(base, 20 * PAGE, version(1))
                .write(base, 0, direct(filled(1, 20 * PAGE))));
        store.write(new StoreBatch()
                .create(middle, 20 * PAGE, version(1))
                .setBase(middle, 1)
                .write(middle, 5 * PAGE, direct(filled(2, 5 * PAGE))));
        store.write(new StoreBatch()
                .create(top, 20 * PAGE, version(1))
                .setBase(top, 2)
                .write(top, 7 * PAGE + 100, direct(filled(3, 100)))
                .writeZeroes(top, 12 * PAGE, 2 * PAGE));

        byte[] expected = filled(1, 20 * PAGE);
        System.arraycopy(filled(2, 5 * PAGE), 0, expected, 5 * PAGE, 5 * PAGE);
        System.arraycopy(filled(3, 100), 0, expected, 7 * PAGE + 100, 100);
        System.arraycopy(new byte[2 * PAGE], 0, expected, 12 * PAGE, 2 * PAGE);
        assertThat(readAll(store, top)).isEqualTo(expected);
        for (int page = 0; page < 20; page++) {
            assertThat(read(store, top, (long) page * PAGE, PAGE))
                    .isEqualTo(
                            java.util.Arrays.copyOfRange(expected, page * PAGE, (page + 1) * PAGE));
        }
        assertThat(store.allocatedBytes(top)).isEqualTo(PAGE);
        assertThat(store.extents(top, 0, 20 * PAGE))
                .containsExactly(
                        new ObjectExtent(0, 12 * PAGE, true),
                        new ObjectExtent(12 * PAGE, 2 * PAGE, false),
                        new ObjectExtent(14 * PAGE, 6 * PAGE, true));
        assertThat(readAll(store, base)).isEqualTo(filled(1, 20 * PAGE));
    }

    @Test
    void cutOffBytesDoNotComeBackFromTheBase() {
        ObjectKey base = dataKey(1);
        ObjectKey top = dataKey(2);
        store.write(new StoreBatch()
                .create(base, 20 * PAGE, version(1))
                .write(base, 0, direct(filled(1, 20 * PAGE))));
        store.write(new StoreBatch().create(top, 20 * PAGE, version(1)).setBase(top, 1));

        store.write(new StoreBatch().resize(top, PAGE + 10));
        store.write(new StoreBatch().resize(top, 20 * PAGE));

        byte[] expected = new byte[20 * PAGE];
        System.arraycopy(filled(1, PAGE + 10), 0, expected, 0, PAGE + 10);
        assertThat(readAll(store, top)).isEqualTo(expected);
    }

    @Test
    void missingAndShorterBasesReadAsZeros() {
        ObjectKey top = dataKey(2);
        store.write(new StoreBatch().create(top, 10 * PAGE, version(1)).setBase(top, 1));
        assertThat(readAll(store, top)).isEqualTo(new byte[10 * PAGE]);

        store.write(new StoreBatch()
                .create(dataKey(1), 100, version(1))
                .write(dataKey(1), 0, direct(filled(1, 100))));

        byte[] expected = new byte[10 * PAGE];
        System.arraycopy(filled(1, 100), 0, expected, 0, 100);
        assertThat(readAll(store, top)).isEqualTo(expected);
    }

    @Test
    void ringOfBasesIsReportedAndNotFollowedForEver() {
        store.write(new StoreBatch()
                .create(dataKey(1), 10 * PAGE, version(1))
                .setBase(dataKey(1), 2)
                .create(dataKey(2), 10 * PAGE, version(1))
                .setBase(dataKey(2), 1));

        assertFails(Kind.CORRUPTION, () -> read(store, dataKey(1), 0, PAGE));
        assertFails(Kind.CORRUPTION, () -> read(store, dataKey(1), 0, 10 * PAGE));
        assertFails(Kind.CORRUPTION, () -> write(dataKey(1), 1, filled(1, 1)));
    }

    @Test
    void chainOf64BasesIsRead() {
        store.write(new StoreBatch()
                .create(dataKey(1), PAGE, version(1))
                .write(dataKey(1), 0, direct(filled(1, PAGE))));
        for (int id = 2; id <= 1 + ObjectStore.MAX_BASE_DEPTH; id++) {
            store.write(new StoreBatch()
                    .create(dataKey(id), PAGE, version(1))
                    .setBase(dataKey(id), id - 1));
        }

        assertThat(readAll(store, dataKey(1 + ObjectStore.MAX_BASE_DEPTH)))
                .isEqualTo(filled(1, PAGE));
    }

    @Test
    void baseBehindAChangeOfContentIsRefused() {
        create(KEY, SIZE);

        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        store.write(new StoreBatch().writeZeroes(KEY, 0, PAGE).setBase(KEY, 1)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new StoreBatch().setBase(KEY, KEY.objectId()));
    }

    @Test
    void snapshotStaysAsItWas() {
        create(KEY, SIZE);
        write(KEY, 0, filled(1, 10 * PAGE));

        try (ObjectSnapshot snapshot = store.snapshot(KEY)) {
            write(KEY, 0, filled(2, PAGE));
            store.write(new StoreBatch().delete(KEY));

            ByteBuffer destination = ByteBuffer.allocate(10 * PAGE);
            snapshot.read(0, destination);
            assertThat(destination.array()).isEqualTo(filled(1, 10 * PAGE));
            assertThat(snapshot.head().sizeBytes()).isEqualTo(SIZE);
            assertThat(snapshot.key()).isEqualTo(KEY);
            assertThat(snapshot.extents(0, SIZE))
                    .containsExactly(
                            new ObjectExtent(0, 10 * PAGE, true),
                            new ObjectExtent(10 * PAGE, SIZE - 10 * PAGE, false));
        }
        assertThat(store.head(KEY)).isEmpty();
    }

    @Test
    void closedSnapshotRefusesReads() {
        create(KEY, SIZE);
        ObjectSnapshot snapshot = store.snapshot(KEY);
        snapshot.close();
        snapshot.close();

        assertFails(Kind.CLOSED, () -> snapshot.read(0, ByteBuffer.allocate(1)));
    }

    @Test
    void objectsAreListedInTheOrderOfUnsignedNumbers() {
        ObjectKey high = ObjectKey.of(7, ObjectKind.VDI, 0x8000_0000_0000_0001L);
        ObjectKey strip = new ObjectKey(7, ObjectKind.DATA, 3, 255);
        ObjectKey last = ObjectKey.of(65_535, ObjectKind.VATTR, -1L);
        ObjectKey first = ObjectKey.of(0, ObjectKind.VMSTATE, 9);
        List<ObjectKey> keys = List.of(first, dataKey(3), strip, dataKey(4), high, last);
        for (ObjectKey key : List.of(high, last, dataKey(4), first, strip, dataKey(3))) {
            create(key, SIZE);
        }

        assertThat(store.heads(ObjectPosition.START, 100))
                .extracting(ObjectEntry::key)
                .isEqualTo(keys);
        assertThat(store.heads(7, 0, 100))
                .extracting(ObjectEntry::key)
                .isEqualTo(keys.subList(1, 5));
        assertThat(store.heads(7, 4, 100))
                .extracting(ObjectEntry::key)
                .isEqualTo(keys.subList(3, 5));
        assertThat(store.heads(8, 0, 100)).isEmpty();
        assertThat(store.heads(65_535, 0, 100)).extracting(ObjectEntry::key).containsExactly(last);
        assertThat(store.partitions()).containsExactly(0, 7, 65_535);
        assertThat(store.heads(0, 0, 1).get(0).head())
                .isEqualTo(store.head(first).orElseThrow());
    }

    @Test
    void listingGoesOnBehindTheLastEntry() {
        List<ObjectKey> keys = new ArrayList<>();
        for (int id = 0; id < 10; id++) {
            keys.add(new ObjectKey(7, ObjectKind.DATA, id / 2, id % 2));
            create(keys.get(id), SIZE);
        }

        List<ObjectKey> listed = new ArrayList<>();
        ObjectPosition position = ObjectPosition.START;
        List<ObjectEntry> page = store.heads(position, 3);
        while (!page.isEmpty()) {
            page.forEach(entry -> listed.add(entry.key()));
            position = ObjectPosition.after(page.get(page.size() - 1).key());
            page = store.heads(position, 3);
        }

        assertThat(listed).isEqualTo(keys);
    }

    @Test
    void listingBehindTheVeryLastObjectIsEmpty() {
        ObjectKey last = new ObjectKey(65_535, ObjectKind.DATA, -1L, 255);
        create(last, PAGE);

        assertThat(store.heads(ObjectPosition.after(last), 10)).isEmpty();
    }

    @Test
    void listingRefusesAMaximumOutOfRange() {
        assertThatIllegalArgumentException().isThrownBy(() -> store.heads(ObjectPosition.START, 0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> store.heads(ObjectPosition.START, ObjectStore.MAX_LISTED + 1));
    }

    @Test
    void droppedPartitionIsGoneAndItsNeighboursStay() {
        for (int partition : new int[] {6, 7, 8, 65_535}) {
            ObjectKey key = ObjectKey.of(partition, ObjectKind.DATA, -1L);
            store.write(new StoreBatch()
                    .create(key, SIZE, version(1))
                    .write(key, 0, direct(filled(1, 100 * PAGE))));
        }

        store.dropPartition(7);
        store.dropPartition(65_535);
        store.dropPartition(1);

        assertThat(store.partitions()).containsExactly(6, 8);
        ObjectKey dropped = ObjectKey.of(7, ObjectKind.DATA, -1L);
        create(dropped, SIZE);
        assertThat(readAll(store, dropped)).isEqualTo(new byte[(int) SIZE]);
        assertThat(read(store, ObjectKey.of(6, ObjectKind.DATA, -1L), 0, PAGE))
                .isEqualTo(filled(1, PAGE));
    }

    @Test
    void recordsAreKeptByFamilyInOrder() {
        store.write(new StoreBatch()
                .putRecord(RecordFamily.OPLOG, text("b"), text("2"))
                .putRecord(RecordFamily.OPLOG, text("a"), text("1"))
                .putRecord(RecordFamily.OPLOG, new byte[] {(byte) 0xff}, new byte[0])
                .putRecord(RecordFamily.NODE, text("a"), text("other")));

        assertThat(store.readRecord(RecordFamily.OPLOG, text("a"))).hasValue(text("1"));
        assertThat(store.readRecord(RecordFamily.NODE, text("a"))).hasValue(text("other"));
        assertThat(store.readRecord(RecordFamily.EPOCH, text("a"))).isEmpty();
        assertThat(values(store.scanRecords(RecordFamily.OPLOG, text("a"), filled(0xff, 2), 10)))
                .containsExactly("1", "2", "");
        assertThat(values(store.scanRecords(RecordFamily.OPLOG, text("a"), text("b"), 10)))
                .containsExactly("1");
        assertThat(values(store.scanRecords(RecordFamily.OPLOG, text("a"), filled(0xff, 2), 2)))
                .containsExactly("1", "2");
        assertThat(store.scanRecords(RecordFamily.OPLOG, text("b"), text("a"), 2))
                .isEmpty();
    }

    @Test
    void recordsAreDeletedOneByOneAndByRange() {
        StoreBatch batch = new StoreBatch();
        for (char c = 'a'; c <= 'f'; c++) {
            batch.putRecord(RecordFamily.CLUSTER, text("" + c), text("" + c));
        }
        store.write(batch);

        store.write(new StoreBatch()
                .deleteRecord(RecordFamily.CLUSTER, text("a"))
                .deleteRecords(RecordFamily.CLUSTER, text("c"), text("e")));

        assertThat(values(store.scanRecords(RecordFamily.CLUSTER, text("a"), text("z"), 10)))
                .containsExactly("b", "e", "f");
    }

    @Test
    void refusedBatchLeavesNoRecord() {
        assertFails(
                Kind.NOT_FOUND,
                () -> store.write(new StoreBatch()
                        .putRecord(RecordFamily.OPLOG, text("a"), text("1"))
                        .setFlags(KEY, 1)));

        assertThat(store.readRecord(RecordFamily.OPLOG, text("a"))).isEmpty();
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static List<String> values(List<StoreRecord> records) {
        return records.stream()
                .map(record -> new String(record.value(), StandardCharsets.US_ASCII))
                .toList();
    }

    @Test
    void ticketsRiseAndSyncCoversThem() {
        SyncTicket first = store.write(new StoreBatch().create(KEY, SIZE, version(1)));
        SyncTicket second = store.write(new StoreBatch().setFlags(KEY, 1));
        assertThat(second.sequence()).isGreaterThan(first.sequence());

        store.sync(first);
        assertThat(store.syncedThrough()).isGreaterThanOrEqualTo(first.sequence());
        assertThat(store.syncOnce()).isGreaterThanOrEqualTo(second.sequence());
        SyncTicket third = store.write(new StoreBatch().setFlags(KEY, 2));
        store.syncAll();
        assertThat(store.syncedThrough()).isGreaterThanOrEqualTo(third.sequence());
        assertThat(store.write(new StoreBatch()).sequence())
                .isGreaterThanOrEqualTo(third.sequence());
    }

    @Test
    void ticketOfAnotherStoreIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> store.sync(new SyncTicket(1_000_000)));
    }

    @Test
    void concurrentWritesOfPartsAndWholesOfOnePageLoseNothing() throws Exception {
        create(KEY, PAGE);
        int rounds = 300;
        AtomicInteger torn = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        // Four writers own a quarter each; one lays whole pages of one value over everything.
        for (int quarter = 0; quarter < 4; quarter++) {
            int at = quarter * PAGE / 4;
            threads.add(new Thread(() -> {
                for (int i = 1; i <= rounds; i++) {
                    write(KEY, at, filled(i % 100 + 1, PAGE / 4));
                    byte[] seen = read(store, KEY, at, PAGE / 4);
                    for (byte b : seen) {
                        if (b != seen[0]) {
                            torn.incrementAndGet();
                        }
                    }
                }
                write(KEY, at, filled(101, PAGE / 4));
            }));
        }
        Thread whole = new Thread(() -> {
            for (int i = 0; i < rounds; i++) {
                write(KEY, 0, filled(120, PAGE));
            }
        });
        whole.start();
        threads.forEach(Thread::start);
        whole.join();
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(torn).hasValue(0);
        for (int quarter = 0; quarter < 4; quarter++) {
            byte[] seen = read(store, KEY, quarter * PAGE / 4, PAGE / 4);
            assertThat(seen)
                    .satisfiesAnyOf(
                            bytes -> assertThat(bytes).isEqualTo(filled(101, PAGE / 4)),
                            bytes -> assertThat(bytes).isEqualTo(filled(120, PAGE / 4)));
        }
        assertThat(store.head(KEY).orElseThrow().writeCount()).isEqualTo(5 * rounds + 4 + 1);
    }

    @Test
    void readersOfAnObjectThatIsReplacedSeeOneContentOrTheOther() throws Exception {
        int pages = 2;
        store.write(new StoreBatch()
                .create(KEY, (long) pages * PAGE, version(1))
                .write(KEY, 0, direct(filled(1, pages * PAGE))));
        AtomicInteger holes = new AtomicInteger();
        Thread writer = new Thread(() -> {
            for (int i = 2; i < 3000; i++) {
                store.write(new StoreBatch()
                        .replace(KEY, (long) pages * PAGE, version(i))
                        .write(KEY, 0, direct(filled(i % 100 + 1, pages * PAGE))));
            }
        });
        writer.start();
        while (writer.isAlive()) {
            byte[] seen = read(store, KEY, 0, pages * PAGE);
            for (int page = 0; page < pages; page++) {
                if (seen[page * PAGE] == 0) {
                    holes.incrementAndGet();
                }
            }
        }
        writer.join();

        assertThat(holes).hasValue(0);
    }

    @Test
    void largestBatchIsTakenAndOneByteMoreIsRefused() {
        create(KEY, StoreBatch.MAX_PAYLOAD_BYTES + PAGE);
        byte[] bytes = content(5, (int) StoreBatch.MAX_PAYLOAD_BYTES);
        StoreBatch batch = new StoreBatch().write(KEY, 17, direct(bytes));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> batch.write(KEY, 0, ByteBuffer.allocate(1)))
                .withMessageContaining("16777216");
        store.write(batch);

        assertThat(read(store, KEY, 17, bytes.length)).isEqualTo(bytes);
    }

    @Test
    void lastPageOfTheLargestObjectIsReachable() {
        create(KEY, ObjectStore.MAX_OBJECT_BYTES);

        write(KEY, ObjectStore.MAX_OBJECT_BYTES - PAGE, filled(7, PAGE));

        assertThat(read(store, KEY, ObjectStore.MAX_OBJECT_BYTES - PAGE, 2 * PAGE))
                .isEqualTo(filled(7, PAGE));
        store.write(new StoreBatch().delete(KEY));
        create(KEY, ObjectStore.MAX_OBJECT_BYTES);
        assertThat(read(store, KEY, ObjectStore.MAX_OBJECT_BYTES - PAGE, PAGE))
                .isEqualTo(new byte[PAGE]);
    }

    @Test
    void everyCallAfterCloseIsRefused() {
        create(KEY, SIZE);
        ObjectSnapshot snapshot = store.snapshot(KEY);
        SyncTicket ticket = store.write(new StoreBatch().setFlags(KEY, 1));
        store.close();
        store.close();

        assertFails(Kind.CLOSED, () -> create(KEY, SIZE));
        assertFails(Kind.CLOSED, () -> read(store, KEY, 0, 1));
        assertFails(Kind.CLOSED, () -> store.head(KEY));
        assertFails(Kind.CLOSED, () -> store.snapshot(KEY));
        assertFails(Kind.CLOSED, () -> snapshot.read(0, ByteBuffer.allocate(1)));
        assertFails(Kind.CLOSED, () -> store.extents(KEY, 0, 1));
        assertFails(Kind.CLOSED, () -> store.allocatedBytes(KEY));
        assertFails(Kind.CLOSED, () -> store.heads(ObjectPosition.START, 1));
        assertFails(Kind.CLOSED, () -> store.partitions());
        assertFails(Kind.CLOSED, () -> store.dropPartition(1));
        assertFails(Kind.CLOSED, () -> store.readRecord(RecordFamily.NODE, new byte[1]));
        assertFails(
                Kind.CLOSED,
                () -> store.scanRecords(RecordFamily.NODE, new byte[1], new byte[2], 1));
        assertFails(Kind.CLOSED, () -> store.syncOnce());
        assertFails(Kind.CLOSED, () -> store.sync(ticket));
        assertFails(Kind.CLOSED, () -> store.stats());
        snapshot.close();
    }
}
