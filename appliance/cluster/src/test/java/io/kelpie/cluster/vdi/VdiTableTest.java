package io.kelpie.cluster.vdi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.event.EventOutcome;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.vdi.VdiEntry.VdiState;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The table of VDIs: names, ids by hash and probing, lookup (protocol, sections 10.3 to 10.5). */
class VdiTableTest {
    private static final int ALPHA = 0xed202b;
    /** Hashes to the same id as alpha. */
    private static final String LIKE_ALPHA = "n14359309";
    /** Hashes to the id after alpha's. */
    private static final String AFTER_ALPHA = "n834808";
    /** Two names that hash to the last id. */
    private static final String LAST = "n12175628";

    private static final String ALSO_LAST = "n21037010";
    private static final String FIRST = "n9500422";

    private final VdiTable table = new VdiTable();

    @Test
    void givesANewVdiTheIdThatItsNameHashesTo() {
        VdiEntry row = working("alpha");

        assertThat(row.id()).isEqualTo(new VdiId(ALPHA));
        assertThat(row.snapshotId()).isEqualTo(1);
        assertThat(row.parent()).isZero();
        assertThat(table.lookup("alpha", "", 0)).isEqualTo(new VdiTable.Lookup(row, null, 2));
    }

    @Test
    void probesForTheNextFreeIdWhenNamesCollide() {
        assertThat(working("alpha").id().value()).isEqualTo(ALPHA);
        assertThat(working(LIKE_ALPHA).id().value()).isEqualTo(ALPHA + 1);
        assertThat(working(AFTER_ALPHA).id().value()).isEqualTo(ALPHA + 2);

        assertThat(idOf("alpha")).isEqualTo(ALPHA);
        assertThat(idOf(LIKE_ALPHA)).isEqualTo(ALPHA + 1);
        assertThat(idOf(AFTER_ALPHA)).isEqualTo(ALPHA + 2);
    }

    @Test
    void wrapsFromTheLastIdToOne() {
        assertThat(working(LAST).id().value()).isEqualTo(0xFFFFFF);
        assertThat(working(ALSO_LAST).id().value()).isEqualTo(1);
        assertThat(working(FIRST).id().value()).isEqualTo(2);

        assertThat(idOf(LAST)).isEqualTo(0xFFFFFF);
        assertThat(idOf(ALSO_LAST)).isEqualTo(1);
        assertThat(idOf(FIRST)).isEqualTo(2);
    }

    @Test
    void doesNotFindANameThatIsNotThere() {
        assertThat(table.lookup("alpha", "", 0))
                .isEqualTo(new VdiTable.Lookup(null, ErrorCode.NO_SUCH_VDI, 1));

        working("alpha");

        assertThat(table.lookup(LIKE_ALPHA, "", 0).error()).isEqualTo(ErrorCode.NO_SUCH_VDI);
        assertThat(table.lookup("beta", "tag", 3).error()).isEqualTo(ErrorCode.NO_SUCH_VDI);
    }

    @Test
    void refusesASecondWorkingVdiOfAName() {
        working("alpha");

        assertThat(create("alpha").error()).isEqualTo(ErrorCode.VDI_EXISTS);
        assertThat(table.rows()).hasSize(1);
    }

    @Test
    void refusesANameAlreadyWhileItIsBeingCreated() {
        create("alpha");

        assertThat(create("alpha").error()).isEqualTo(ErrorCode.VDI_EXISTS);
    }

    @Test
    void keepsTheIdOfADeletedVdiAndFreesItsName() {
        working("alpha");
        assertThat(apply(VdiTable.delete(new VdiId(ALPHA)))).isEqualTo(applied(ALPHA));
        assertThat(table.lookup("alpha", "", 0).error()).isEqualTo(ErrorCode.NO_SUCH_VDI);
        assertThat(apply(VdiTable.purged(new VdiId(ALPHA)))).isEqualTo(applied(ALPHA));

        VdiEntry again = working("alpha");

        assertThat(again.id().value()).isEqualTo(ALPHA + 1);
        assertThat(again.snapshotId()).isEqualTo(1);
        assertThat(row(ALPHA).state()).isEqualTo(VdiState.DELETED);
        assertThat(row(ALPHA).name()).isEmpty();
        assertThat(row(ALPHA).sizeBytes()).isZero();
    }

    @Test
    void findsANameBehindADeletedRow() {
        working("alpha");
        working(LIKE_ALPHA);
        apply(VdiTable.delete(new VdiId(ALPHA)));
        apply(VdiTable.purged(new VdiId(ALPHA)));

        assertThat(idOf(LIKE_ALPHA)).isEqualTo(ALPHA + 1);
    }

    @Test
    void findsTheNewestVdiOfANameAndItsSnapshotsByTagOrNumber() {
        restore(
                row(ALPHA, "alpha", "one", 1, true),
                row(ALPHA + 1, "alpha", "", 2, true),
                row(ALPHA + 2, "alpha", "", 3, false));

        assertThat(idOf("alpha")).isEqualTo(ALPHA + 2);
        assertThat(found("one", 0)).isEqualTo(ALPHA);
        assertThat(found("", 2)).isEqualTo(ALPHA + 1);
        assertThat(found("one", 2)).as("the newer of two matches").isEqualTo(ALPHA + 1);
        assertThat(table.lookup("alpha", "two", 0).error()).isEqualTo(ErrorCode.NO_SUCH_TAG);
        assertThat(table.lookup("alpha", "", 3).error())
                .as("a working VDI is no snapshot")
                .isEqualTo(ErrorCode.NO_SUCH_TAG);
    }

    @Test
    void takesTheNewestOfSnapshotsWithOneTag() {
        restore(row(ALPHA, "alpha", "t", 1, true), row(ALPHA + 1, "alpha", "t", 2, true));

        assertThat(found("t", 0)).isEqualTo(ALPHA + 1);
    }

    @Test
    void countsOnBehindTheSnapshotsOfADeletedWorkingVdi() {
        restore(row(ALPHA, "alpha", "one", 4, true));

        assertThat(table.lookup("alpha", "", 0))
                .isEqualTo(new VdiTable.Lookup(null, ErrorCode.NO_SUCH_VDI, 5));
        assertThat(working("alpha").snapshotId()).isEqualTo(5);
    }

    @Test
    void followsParentsToTheRootOfAFamily() {
        VdiEntry root = row(5, "a", "", 1, true);
        restore(root, child(6, 5), child(7, 6), child(9, 8));

        assertThat(table.rootOf(7)).isEqualTo(5);
        assertThat(table.rootOf(6)).isEqualTo(5);
        assertThat(table.rootOf(5)).isEqualTo(5);
        assertThat(table.rootOf(9)).as("a parent without a row").isEqualTo(8);
        assertThat(table.rootOf(1234)).as("no row at all").isEqualTo(1234);
    }

    @Test
    void refusesEventsThatDoNotFitTheStateOfARow() {
        VdiId id = new VdiId(ALPHA);
        ErrorCode missing = ErrorCode.NO_SUCH_VDI;
        assertThat(apply(VdiTable.ready(id)).error()).isEqualTo(missing);
        assertThat(apply(VdiTable.delete(id)).error()).isEqualTo(missing);
        assertThat(apply(VdiTable.purged(id)).error()).isEqualTo(missing);
        assertThat(apply(VdiTable.update(id, 1, "")).error()).isEqualTo(missing);

        create("alpha");
        assertThat(apply(VdiTable.delete(id)).error()).as("while creating").isEqualTo(missing);
        apply(VdiTable.ready(id));
        assertThat(apply(VdiTable.ready(id)).error()).as("ready twice").isEqualTo(missing);
        assertThat(apply(VdiTable.purged(id)).error()).as("purged in use").isEqualTo(missing);
        apply(VdiTable.delete(id));
        assertThat(apply(VdiTable.delete(id)).error()).as("deleted twice").isEqualTo(missing);
        assertThat(apply(VdiTable.update(id, 1, "")).error()).as("deleting").isEqualTo(missing);
        apply(VdiTable.purged(id));
        assertThat(apply(VdiTable.purged(id)).error()).as("purged twice").isEqualTo(missing);
    }

    @Test
    void givesUpACreationWhoseInodeCouldNotBeWritten() {
        create("alpha");

        assertThat(apply(VdiTable.purged(new VdiId(ALPHA)))).isEqualTo(applied(ALPHA));

        assertThat(row(ALPHA).state()).isEqualTo(VdiState.DELETED);
        assertThat(working("alpha").id().value()).isEqualTo(ALPHA + 1);
    }

    @Test
    void takesNewSizeAndTagFromAnUpdate() {
        working("alpha");

        apply(VdiTable.update(new VdiId(ALPHA), 1L << 40, "süß"));

        assertThat(row(ALPHA).sizeBytes()).isEqualTo(1L << 40);
        assertThat(row(ALPHA).tag()).isEqualTo("süß");
    }

    @Test
    void stopsAtAnEventOfNewerSoftware() {
        assertThatThrownBy(() -> apply(ByteBuffer.wrap(new byte[] {99})))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("99");
    }

    @Test
    void restoresWhatItSaved() {
        String longest = "ä".repeat(VdiName.MAX_BYTES);
        restore(
                row(1, longest, longest, Integer.MAX_VALUE, true),
                child(0xFFFFFF, 1),
                row(9, "", "", 1, false).in(VdiState.DELETED));
        ByteBuffer saved = table.save().order(ByteOrder.LITTLE_ENDIAN);

        VdiTable other = new VdiTable();
        other.restore(saved);

        assertThat(other.rows()).containsExactlyElementsOf(table.rows());
        assertThat(saved.hasRemaining()).isFalse();
    }

    @Test
    void listsWhatAnEarlierLifeLeftUnfinished() {
        create("alpha");
        working("lv");
        working("test");
        apply(VdiTable.delete(new VdiId(0x7c2b25)));

        assertThat(table.unfinished()).extracting(VdiEntry::name).containsExactly("test", "alpha");
    }

    @Test
    void isEmptyAfterAFormat() {
        working("alpha");

        table.clear();

        assertThat(table.rows()).isEmpty();
        assertThat(table.lookup("alpha", "", 0).error()).isEqualTo(ErrorCode.NO_SUCH_VDI);
    }

    private int idOf(String name) {
        VdiEntry row = table.lookup(name, "", 0).row();
        return row == null ? 0 : row.id().value();
    }

    private int found(String tag, int snapshotId) {
        VdiEntry row = table.lookup("alpha", tag, snapshotId).row();
        return row == null ? 0 : row.id().value();
    }

    private VdiEntry row(int number) {
        VdiEntry row = table.find(number);
        if (row == null) {
            throw new AssertionError("no row for id " + number);
        }
        return row;
    }

    private VdiEntry working(String name) {
        EventOutcome created = create(name);
        assertThat(created.error()).isNull();
        apply(VdiTable.ready(new VdiId(created.value())));
        return row(created.value());
    }

    private EventOutcome create(String name) {
        return apply(VdiTable.create(new CreateRequest(name, 1 << 20, 3, 22), 1234));
    }

    private EventOutcome apply(ByteBuffer body) {
        return table.apply(body.order(ByteOrder.LITTLE_ENDIAN));
    }

    private static EventOutcome applied(int id) {
        return EventOutcome.applied(id);
    }

    /** Brings rows into the table that no event makes yet. */
    private void restore(VdiEntry... rows) {
        int length = 0;
        for (VdiEntry row : rows) {
            length += 42 + row.name().length() + row.tag().length();
        }
        ByteBuffer saved = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        for (VdiEntry row : rows) {
            saved.putInt(row.id().value()).putInt(row.snapshotId()).putInt(row.parent());
            saved.put((byte) (row.snapshot() ? 1 : 0)).put((byte) row.state().ordinal());
            saved.put((byte) row.copies()).put((byte) row.blockSizeShift());
            saved.putLong(row.sizeBytes()).putLong(row.createdNanos()).putLong(0);
            saved.put((byte) row.name().length()).put((byte) row.tag().length());
            saved.put(row.name().getBytes(StandardCharsets.ISO_8859_1));
            saved.put(row.tag().getBytes(StandardCharsets.ISO_8859_1));
        }
        table.restore(saved.flip());
    }

    private static VdiEntry child(int id, int parent) {
        return new VdiEntry(new VdiId(id), "c", "", 1, false, VdiState.READY, 1, 1, 22, 5, parent);
    }

    private static VdiEntry row(int id, String name, String tag, int snapshotId, boolean snapshot) {
        return new VdiEntry(
                new VdiId(id),
                name,
                tag,
                snapshotId,
                snapshot,
                VdiState.READY,
                1L << 30,
                2,
                22,
                1_700_000_000_000_000_001L,
                0);
    }
}
