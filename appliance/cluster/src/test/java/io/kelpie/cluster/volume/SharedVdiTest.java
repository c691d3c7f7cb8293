package io.kelpie.cluster.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.message.GatewayMessage.Answer;
import io.kelpie.cluster.message.GatewayMessage.Response;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Action;
import io.kelpie.cluster.message.PrimaryCall;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectKind;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.Nodes;
import io.kelpie.cluster.testing.Payloads;
import io.kelpie.cluster.vdi.CreateRequest;
import io.kelpie.cluster.vdi.InodeLayout;
import io.kelpie.cluster.vdi.VdiEntry;
import io.kelpie.cluster.vdi.VdiEntry.VdiState;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Objects;

/** One VDI in use on several nodes at once. */
class SharedVdiTest {
    private static final int MIB = Nodes.MIB;
    private static final long SECOND = 1_000_000_000L;

    private final Nodes nodes = new Nodes(3);
    private final VdiEntry row = nodes.create(0, "v", 8 * MIB);
    private final ObjectId inode = ObjectId.inode(row.id());
    private final int home = nodes.primaryOf(inode);
    private final int one = (home + 1) % 3;
    private final int other = (home + 2) % 3;

    @AfterEach
    void everyPayloadWasReleased() {
        assertThat(nodes.payloads.references()).isZero();
        nodes.all.forEach(node -> {
            assertThat(node.gateway.operations()).isEmpty();
            assertThat(node.inFlight.count()).isZero();
        });
    }

    @Test
    void everyNodeSeesWhatEveryNodeWrote() {
        List<Volume> volumes = List.of(nodes.open(0, row), nodes.open(1, row), nodes.open(2, row));
        for (int i = 0; i < 3; i++) {
            nodes.writeNow(volumes.get(i), i * (MIB + 4096L), MIB, i + 1);
        }
        for (Volume volume : volumes) {
            for (int i = 0; i < 3; i++) {
                assertThat(nodes.valueOf(volume, i * (MIB + 4096L), MIB)).isEqualTo(i + 1);
            }
            assertThat(nodes.valueOf(volume, 6L * MIB, MIB)).isZero();
        }
        for (int extent = 0; extent < 4; extent++) {
            assertThat(nodes.storedEntry(row.id(), extent)).isEqualTo(row.id().value());
        }
    }

    @Test
    void keepsBothWritesOfTwoNodesThatMakeAnObjectAtTheSameTime() {
        Volume first = nodes.open(one, row);
        Volume second = nodes.open(other, row);

        Ended<Outcome> low = nodes.write(first, 0, 4096, 5);
        Ended<Outcome> high = nodes.write(second, 8192, 4096, 6);
        nodes.loop.run();

        assertThat(low.isDone()).isTrue();
        assertThat(high.isDone()).isTrue();
        assertThat(nodes.valueOf(second, 0, 4096)).isEqualTo(5);
        assertThat(nodes.valueOf(first, 8192, 4096)).isEqualTo(6);
    }

    @Test
    void writesAnOwnedExtentWithoutTheHome() {
        Volume first = nodes.open(one, row);
        Volume second = nodes.open(other, row);
        nodes.writeNow(first, 0, 4096, 5);
        nodes.writeNow(second, 0, 4096, 6);
        nodes.groups.hold(change -> change.object().kind() == ObjectKind.INODE);

        nodes.writeNow(first, 4096, 4096, 7);
        nodes.writeNow(second, 8192, 4096, 8);

        nodes.groups.releaseHeld();
        assertThat(nodes.valueOf(first, 8192, 4096)).isEqualTo(8);
    }

    @Test
    void makesTheObjectAgainWhenAnotherNodeDiscardedIt() {
        Volume first = nodes.open(one, row);
        Volume second = nodes.open(other, row);
        nodes.writeNow(first, 0, MIB, 5);

        discardNow(second, 0);
        assertThat(nodes.groups.has(data(0))).isFalse();
        assertThat(nodes.storedEntry(row.id(), 0)).isZero();
        assertThat(nodes.valueOf(first, 0, MIB)).isZero();
        nodes.writeNow(first, 4096, 4096, 6);

        assertThat(nodes.valueOf(second, 4096, 4096)).isEqualTo(6);
        assertThat(nodes.valueOf(second, 0, 4096)).isZero();
        assertThat(nodes.storedEntry(row.id(), 0)).isEqualTo(row.id().value());
    }

    @Test
    void keepsTheObjectThatIsWrittenWhileItIsDiscarded() {
        Volume first = nodes.open(one, row);
        Volume second = nodes.open(other, row);
        nodes.writeNow(first, 0, MIB, 5);
        nodes.groups.hold(change -> change.action() == Action.REMOVE_IF_EMPTY);
        Ended<Outcome> discarded = nodes.begin(completion -> second.discard(0, MIB, completion));
        nodes.loop.run();
        assertThat(nodes.storedEntry(row.id(), 0))
                .as("the object is there still")
                .isEqualTo(own());

        nodes.writeNow(first, 0, 4096, 6);
        nodes.groups.releaseHeld();
        nodes.loop.run();

        assertThat(discarded.isDone()).isTrue();
        assertThat(nodes.storedEntry(row.id(), 0)).isEqualTo(row.id().value());
        assertThat(nodes.valueOf(second, 0, 4096)).isEqualTo(6);
        assertThat(nodes.valueOf(second, 4096, MIB - 4096)).isZero();
    }

    @Test
    void doesNotDiscardTwiceWhenTheAnswerIsLost() {
        Volume first = nodes.open(one, row);
        Volume second = nodes.open(other, row);
        nodes.writeNow(first, 0, MIB, 5);
        nodes.wires.lose(nodes.node(other).self.node(), Response.class::isInstance);
        Ended<Outcome> discarded = nodes.begin(completion -> second.discard(0, MIB, completion));
        nodes.loop.run();
        assertThat(nodes.storedEntry(row.id(), 0)).isZero();
        nodes.writeNow(first, 0, 4096, 6);
        // The repetition meets another home, which knows of nothing.
        nodes.move(inode, other);
        nodes.install();
        nodes.wires.lose(message -> false);

        nodes.loop.pass(3 * SECOND);

        assertThat(discarded.isDone()).isTrue();
        assertThat(nodes.valueOf(first, 0, 4096)).isEqualTo(6);
        assertThat(nodes.storedEntry(row.id(), 0)).isEqualTo(row.id().value());
    }

    @Test
    void doesNotEnterAnObjectThatWasDiscardedBeforeTheWriteWasRepeated() {
        Volume first = nodes.open(one, row);
        Volume second = nodes.open(home, row);
        nodes.wires.lose(nodes.node(one).self.node(), Response.class::isInstance);
        Ended<Outcome> written = nodes.write(first, 0, 4096, 5);
        nodes.loop.run();
        assertThat(nodes.storedEntry(row.id(), 0)).isEqualTo(row.id().value());
        assertThat(written.isEnded()).isFalse();
        discardNow(second, 0);
        nodes.move(inode, other);
        nodes.install();
        nodes.wires.lose(message -> false);

        nodes.loop.pass(3 * SECOND);

        assertThat(written.isDone()).isTrue();
        assertThat(nodes.storedEntry(row.id(), 0)).isZero();
        assertThat(nodes.valueOf(first, 0, 4096)).isZero();
    }

    @Test
    void finishesAtTheNewHomeWhatTheOldOneWasCaughtAt() {
        Volume volume = nodes.open(one, row);
        nodes.groups.hold(change -> change.object().equals(inode));
        Ended<Outcome> written = nodes.write(volume, 0, 4096, 5);
        nodes.loop.run();
        assertThat(written.isEnded()).isFalse();

        nodes.move(inode, other);
        nodes.groups.hold(change -> false);
        nodes.install();
        nodes.loop.run();

        assertThat(written.isDone()).isTrue();
        assertThat(nodes.storedEntry(row.id(), 0)).isEqualTo(row.id().value());
        assertThat(nodes.groups.applied())
                .filteredOn(change -> change.action() == Action.ENSURE)
                .filteredOn(change -> change.object().equals(data(0)))
                .as("the second one was recognised")
                .hasSize(1);
    }

    @Test
    void aFormerHomeChangesNothingAnyMore() {
        Volume volume = nodes.open(home, row);
        nodes.writeNow(volume, 0, MIB, 5);
        nodes.groups.hold(change -> change.object().equals(inode));
        Ended<Outcome> discarded = nodes.begin(completion -> volume.discard(0, MIB, completion));
        nodes.loop.run();
        assertThat(nodes.groups.heldCount()).as("the entry is to be cleared").isEqualTo(1);
        // The others go on while the former home knows of nothing.
        nodes.move(inode, other);
        nodes.groups.hold(change -> false);
        nodes.node(one).installMap();
        nodes.node(other).installMap();
        Volume elsewhere = nodes.open(other, row);
        nodes.writeNow(elsewhere, 0, 4096, 6);
        nodes.groups.releaseHeld();
        nodes.loop.run();
        assertThat(nodes.storedEntry(row.id(), 0)).isEqualTo(row.id().value());

        nodes.install();
        nodes.loop.pass(SECOND);

        assertThat(discarded.isDone()).isTrue();
        assertThat(nodes.valueOf(elsewhere, 0, 4096)).isEqualTo(6);
        assertThat(nodes.storedEntry(row.id(), 0)).isEqualTo(row.id().value());
    }

    @Test
    void entersAnExtentBeforeItsObjectIsMade() {
        Volume volume = nodes.open(one, row);
        nodes.groups.hold(change -> change.action() == Action.ENSURE);
        Ended<Outcome> written = nodes.write(nodes.open(other, row), 0, 4096, 5);
        nodes.loop.run();

        assertThat(nodes.storedEntry(row.id(), 0)).isEqualTo(own());
        assertThat(nodes.valueOf(volume, 0, 4096)).isZero();

        nodes.groups.releaseHeld();
        nodes.loop.run();
        assertThat(written.isDone()).isTrue();
        assertThat(nodes.valueOf(volume, 0, 4096)).isEqualTo(5);
    }

    @Test
    void takesAnEntryAwayWhoseObjectCouldNotBeMade() {
        nodes.groups.fail(change -> change.action() == Action.ENSURE, ErrorCode.NO_SPACE);

        Ended<Outcome> written = nodes.write(nodes.open(one, row), 0, 4096, 5);
        nodes.loop.run();

        assertThat(written.error()).isEqualTo(ErrorCode.NO_SPACE);
        assertThat(nodes.storedEntry(row.id(), 0)).isZero();
    }

    @Test
    void takesAMissingObjectForADiscardThatWasCutShort() {
        Volume volume = nodes.open(one, row);
        nodes.writeNow(volume, 0, MIB, 5);
        nodes.groups.lose(data(0));

        assertThat(nodes.valueOf(nodes.open(other, row), 0, 4096)).isZero();

        assertThat(nodes.storedEntry(row.id(), 0)).isZero();
        assertThat(nodes.warnings)
                .singleElement()
                .asString()
                .startsWith("the index of VDI " + row.id() + " names an object that is not there")
                .endsWith("taken for a discard that was cut short");
        assertThat(nodes.valueOf(volume, 0, MIB)).isZero();
    }

    @Test
    void discardsPartOfAnExtentWhoseObjectIsMissing() {
        Volume volume = nodes.open(one, row);
        nodes.writeNow(volume, 0, MIB, 5);
        nodes.groups.lose(data(0));

        Ended<Outcome> discarded = nodes.end(completion -> nodes.node(other)
                .gateway
                .askHome(
                        row.id(),
                        new PrimaryCall.Discard(row.id(), 0, 4096, 4096, true),
                        answering(completion)));

        assertThat(discarded.isDone()).isTrue();
        assertThat(nodes.storedEntry(row.id(), 0)).isZero();
    }

    @Test
    void neverShowsAClientAHoleInPlaceOfWhatWasWrittenDuringADiscard() {
        Volume first = nodes.open(one, row);
        nodes.writeNow(first, 0, MIB, 5);
        nodes.groups.hold(change -> change.action() == Action.REMOVE_IF_EMPTY);
        Ended<Outcome> discarded =
                nodes.begin(completion -> nodes.open(other, row).discard(0, MIB, completion));
        nodes.loop.run();
        nodes.writeNow(first, 0, 4096, 6);

        // The home dies before it could remove anything.
        nodes.move(inode, other);
        nodes.groups.hold(change -> change.action() == Action.REMOVE_IF_EMPTY);
        nodes.install();
        nodes.loop.pass(SECOND);
        Ended<Payload> read = readEntry(one, 0);
        assertThat(read.isEnded()).as("waits for the repeated discard").isFalse();
        assertThat(nodes.storedEntry(row.id(), 0)).isEqualTo(own());
        nodes.groups.releaseHeld();
        nodes.loop.pass(SECOND);

        assertThat(discarded.isDone()).isTrue();
        assertThat(entryIn(read)).isEqualTo(own());
        assertThat(nodes.valueOf(first, 0, 4096)).isEqualTo(6);
    }

    @Test
    void aClientsReadOfTheIndexWaitsForWhatIsUnderWayInItsRange() {
        nodes.groups.hold(change -> change.action() == Action.ENSURE);
        Ended<Outcome> written = nodes.write(nodes.open(one, row), 0, 4096, 5);
        nodes.loop.run();

        Ended<Payload> before = readEntry(other, 1);
        Ended<Payload> within = readEntry(other, 0);
        Ended<Payload> here = readEntry(home, 0);
        assertThat(entryIn(before)).isZero();
        assertThat(within.isEnded()).isFalse();
        assertThat(here.isEnded()).isFalse();
        nodes.groups.releaseHeld();
        nodes.loop.run();

        assertThat(written.isDone()).isTrue();
        assertThat(entryIn(within)).isEqualTo(own());
        assertThat(entryIn(here)).isEqualTo(own());
    }

    @Test
    void aClientsReadOfTheIndexGoesOnAtTheNewHome() {
        nodes.groups.hold(change -> change.action() == Action.ENSURE);
        Ended<Outcome> written = nodes.write(nodes.open(one, row), 0, 4096, 5);
        nodes.loop.run();
        Ended<Payload> read = readEntry(other, 0);

        nodes.move(inode, other);
        nodes.groups.releaseHeld();
        nodes.install();
        nodes.loop.pass(SECOND);

        assertThat(written.isDone()).isTrue();
        assertThat(entryIn(read)).isEqualTo(own());
    }

    @Test
    void aClientFindsAnObjectThatWasBeingMade() {
        nodes.groups.hold(change -> change.action() == Action.ENSURE);
        Ended<Outcome> written = nodes.write(nodes.open(one, row), 0, 4096, 5);
        nodes.loop.run();
        Ended<Payload> read = nodes.begin(
                completion -> nodes.node(other).objects.read(data(0), 0, 16, completion));
        Ended<Outcome> second = nodes.begin(completion -> nodes.node(other)
                .objects
                .write(data(0), 4096, nodes.payloads.filled(16, 6), true, completion));
        nodes.loop.run();
        nodes.groups.releaseHeld();
        nodes.loop.run();

        assertThat(written.isDone()).isTrue();
        assertThat(Payloads.bytesOf(read.result())).containsOnly(5);
        read.result().release();
        assertThat(second.isDone()).isTrue();
    }

    @Test
    void aClientWhoseIndexIsOldIsToldThatTheObjectIsMissing() {
        nodes.writeNow(nodes.open(one, row), 0, 4096, 5);
        discardNow(nodes.open(other, row), 0);

        assertThat(nodes.<Payload>end(completion ->
                                nodes.node(other).objects.read(data(0), 0, 16, completion))
                        .error())
                .isEqualTo(ErrorCode.NO_SUCH_OBJECT);
        assertThat(nodes.<Outcome>end(completion -> nodes.node(other)
                                .objects
                                .write(data(0), 0, nodes.payloads.filled(16, 6), true, completion))
                        .error())
                .isEqualTo(ErrorCode.NO_SUCH_OBJECT);
    }

    @Test
    void aClientThatClearsAnEntryLeavesWhatWasWrittenMeanwhile() {
        Volume volume = nodes.open(other, row);
        nodes.writeNow(volume, 0, MIB, 5);
        nodes.groups.hold(change -> change.action() == Action.REMOVE_IF_EMPTY);
        Ended<Outcome> cleared = nodes.begin(completion -> nodes.node(one)
                .objects
                .write(inode, InodeLayout.entryOffset(0), entry(0), true, completion));
        nodes.loop.run();
        assertThat(nodes.storedEntry(row.id(), 0)).isEqualTo(own());

        nodes.writeNow(volume, 0, 4096, 6);
        nodes.groups.releaseHeld();
        nodes.loop.run();

        assertThat(cleared.isDone()).isTrue();
        assertThat(nodes.storedEntry(row.id(), 0)).isEqualTo(own());
        assertThat(nodes.valueOf(volume, 0, 4096)).isEqualTo(6);
        assertThat(nodes.valueOf(volume, 4096, MIB - 4096)).isZero();
    }

    @Test
    void aClientsClearedEntryIsNotClearedTwiceWhenTheAnswerIsLost() {
        Volume volume = nodes.open(other, row);
        nodes.writeNow(volume, 0, MIB, 5);
        nodes.wires.lose(nodes.node(one).self.node(), Response.class::isInstance);
        Ended<Outcome> cleared = nodes.begin(completion -> nodes.node(one)
                .objects
                .write(inode, InodeLayout.entryOffset(0), entry(0), true, completion));
        nodes.loop.run();
        assertThat(nodes.storedEntry(row.id(), 0)).isZero();
        nodes.writeNow(volume, 0, 4096, 6);
        nodes.move(inode, other);
        nodes.install();
        nodes.wires.lose(message -> false);

        nodes.loop.pass(3 * SECOND);

        assertThat(cleared.isDone()).isTrue();
        assertThat(nodes.valueOf(volume, 0, 4096)).isEqualTo(6);
        assertThat(nodes.storedEntry(row.id(), 0)).isEqualTo(own());
    }

    @Test
    void aClientsNewObjectIsInTheIndexBeforeOthersSeeIt() {
        Volume volume = nodes.open(other, row);
        Ended<Outcome> created = nodes.end(completion -> nodes.node(one)
                .objects
                .create(data(2), 0, 0, nodes.payloads.filled(4096, 5), true, completion));

        assertThat(created.isDone()).isTrue();
        assertThat(nodes.valueOf(volume, 2L * MIB, 4096)).isEqualTo(5);
        assertThat(nodes.storedEntry(row.id(), 2)).isEqualTo(own());
    }

    @Test
    void everyNodeKnowsOfAGrownDiskAndReadsZerosBehindItsOldEnd() {
        VdiEntry small = nodes.create(1, "small", MIB + 4096);
        Volume first = nodes.open(one, small);
        Volume second = nodes.open(other, small);
        nodes.writeNow(first, MIB, 4096, 5);
        // A node that has not heard of a cut could have left this.
        Ended<Outcome> stray = nodes.begin(completion -> nodes.node(one)
                .objects
                .write(
                        ObjectId.data(small.id(), 1),
                        8192,
                        nodes.payloads.filled(4096, 9),
                        true,
                        completion));
        nodes.loop.run();
        assertThat(stray.isDone()).isTrue();

        assertThat(nodes.<Outcome>end(completion -> first.resize(4L * MIB, completion))
                        .isDone())
                .isTrue();
        nodes.hear();

        assertThat(second.sizeBytes()).isEqualTo(4L * MIB);
        assertThat(nodes.valueOf(second, MIB + 4096, MIB)).isZero();
        assertThat(nodes.valueOf(second, MIB, 4096)).isEqualTo(5);
        nodes.writeNow(second, 3L * MIB, 4096, 6);
        assertThat(nodes.valueOf(first, 3L * MIB, 4096)).isEqualTo(6);
    }

    @Test
    void refusesToCutOffWhatAnotherNodeWrote() {
        Volume first = nodes.open(one, row);
        nodes.writeNow(nodes.open(other, row), 6L * MIB, 4096, 5);

        Ended<Outcome> cut = nodes.end(completion -> first.resize(4L * MIB, completion));

        assertThat(cut.error()).isEqualTo(ErrorCode.OUT_OF_RANGE);
    }

    @Test
    void zeroesWithoutMakingObjects() {
        Volume first = nodes.open(one, row);
        Volume second = nodes.open(other, row);
        nodes.writeNow(first, 0, MIB, 5);

        assertThat(nodes.<Outcome>end(
                                completion -> second.writeZeroes(4096, 2L * MIB, true, completion))
                        .isDone())
                .isTrue();

        assertThat(nodes.valueOf(first, 0, 4096)).isEqualTo(5);
        assertThat(nodes.valueOf(first, 4096, MIB)).isZero();
        assertThat(nodes.groups.has(data(1))).isFalse();
    }

    @Test
    void tellsWhereDataIsThatAnotherNodeWrote() {
        Volume second = nodes.open(other, row);
        nodes.writeNow(nodes.open(one, row), MIB, MIB, 5);

        List<BlockRange> ranges = nodes.<List<BlockRange>>end(
                        completion -> second.blockStatus(0, 8L * MIB, 8, completion))
                .result();

        assertThat(ranges)
                .containsExactly(
                        new BlockRange(0, MIB, true),
                        new BlockRange(MIB, MIB, false),
                        new BlockRange(2L * MIB, 6L * MIB, true));
    }

    @Test
    void deletesWhatAllNodesWroteAndRefusesTheirWritesFromThenOn() {
        Volume first = nodes.open(one, row);
        nodes.writeNow(first, 0, 2 * MIB, 5);
        nodes.writeNow(nodes.open(other, row), 4L * MIB, MIB, 6);
        nodes.groups.hold(change -> change.object().equals(data(1)));
        Ended<Outcome> late = nodes.write(first, MIB, 4096, 7);
        nodes.loop.run();

        Ended<VdiEntry> deleted =
                nodes.begin(completion -> nodes.node(other).catalog.delete(row, completion));
        nodes.loop.run();
        nodes.groups.releaseHeld();
        nodes.loop.pass(SECOND);

        assertThat(deleted.isDone()).isTrue();
        assertThat(late.error()).isEqualTo(ErrorCode.NO_SUCH_VDI);
        for (int extent = 0; extent < 8; extent++) {
            assertThat(nodes.groups.has(data(extent))).isFalse();
        }
        nodes.hear();
        assertThat(nodes.<VolumeData>end(completion -> first.read(0, 4096, completion))
                        .error())
                .isEqualTo(ErrorCode.NO_SUCH_VDI);
    }

    @Test
    void finishesAVdiWhoseMakerDied() {
        nodes.all.forEach(node -> node.catalog.finishUnfinished(node.inFlight));
        nodes.groups.hold(change -> change.action() == Action.ENSURE);
        Ended<VdiEntry> created = nodes.begin(completion ->
                nodes.node(one).catalog.create(new CreateRequest("late", MIB, 1, 20), completion));
        nodes.loop.run();
        nodes.hear();
        VdiEntry unfinished = Objects.requireNonNull(
                nodes.node(home).table.lookup("late", "", 0).row());
        assertThat(unfinished.state()).isEqualTo(VdiState.CREATING);

        nodes.groups.hold(change -> false);
        nodes.loop.pass(25 * SECOND);
        nodes.hear();
        Volume volume = nodes.open(
                other,
                Objects.requireNonNull(
                        nodes.node(other).table.lookup("late", "", 0).row()));
        nodes.writeNow(volume, 0, 4096, 5);
        // What its maker still had in mind changes nothing.
        nodes.groups.releaseHeld();
        nodes.loop.pass(3 * SECOND);

        assertThat(created.isDone()).isTrue();
        assertThat(nodes.storedEntry(volume.vdi(), 0)).isEqualTo(volume.vdi().value());
        nodes.all.forEach(node -> node.catalog.close());
    }

    @Test
    void aClientsOwnEntriesReachTheHome() {
        Ended<Outcome> created = nodes.begin(completion -> nodes.node(one)
                .objects
                .create(data(2), 0, 0, nodes.payloads.filled(4096, 5), true, completion));
        Ended<Outcome> entered = nodes.begin(completion -> nodes.node(other)
                .objects
                .write(
                        inode,
                        InodeLayout.entryOffset(2),
                        entry(row.id().value()),
                        true,
                        completion));
        nodes.loop.run();

        assertThat(created.isDone()).isTrue();
        assertThat(entered.isDone()).isTrue();
        assertThat(nodes.storedEntry(row.id(), 2)).isEqualTo(row.id().value());
        assertThat(nodes.valueOf(nodes.open(home, row), 2L * MIB, 4096)).isEqualTo(5);
    }

    @Test
    void aClientsCreationLeavesWhatAnotherNodeWrote() {
        nodes.writeNow(nodes.open(other, row), 0, 4096, 5);

        Ended<Outcome> created = nodes.end(completion -> nodes.node(one)
                .objects
                .create(data(0), 0, 8192, nodes.payloads.filled(4096, 6), true, completion));

        assertThat(created.isDone()).isTrue();
        assertThat(nodes.valueOf(nodes.open(home, row), 0, 4096)).isEqualTo(5);
        assertThat(nodes.valueOf(nodes.open(home, row), 8192, 4096)).isEqualTo(6);
    }

    @Test
    void aClientFreesAnExtentByClearingItsEntry() {
        nodes.writeNow(nodes.open(other, row), 0, 4096, 5);

        Ended<Outcome> cleared = nodes.end(completion -> nodes.node(one)
                .objects
                .write(inode, InodeLayout.entryOffset(0), entry(0), true, completion));

        assertThat(cleared.isDone()).isTrue();
        assertThat(nodes.groups.has(data(0))).isFalse();
        assertThat(nodes.storedEntry(row.id(), 0)).isZero();
    }

    @Test
    void everyWriteIsSynced() {
        Volume volume = nodes.open(one, row);
        nodes.writeNow(volume, 0, 4096, 5);
        nodes.writeNow(volume, 0, 4096, 6);
        discardNow(volume, 0);

        assertThat(nodes.groups.applied()).allMatch(ObjectChange::durable);
        assertThat(nodes.<Outcome>begin(volume::flush).isDone()).isTrue();
    }

    @Test
    void looksUpWhatAnotherNodeWasToldIsThere() {
        Ended<VdiEntry> created = nodes.end(completion ->
                nodes.node(one).catalog.create(new CreateRequest("new", MIB, 1, 20), completion));
        assertThat(created.isDone()).isTrue();

        Ended<VdiEntry> found =
                nodes.end(completion -> nodes.node(other).catalog.lookup("new", "", 0, completion));

        assertThat(found.result().id()).isEqualTo(created.result().id());
    }

    private int own() {
        return row.id().value();
    }

    private Ended<Payload> readEntry(int node, int extent) {
        Ended<Payload> ended = nodes.begin(completion -> nodes.node(node)
                .objects
                .read(inode, InodeLayout.entryOffset(extent), Integer.BYTES, completion));
        nodes.loop.run();
        return ended;
    }

    private static int entryIn(Ended<Payload> read) {
        Payload bytes = read.result();
        int entry = bytes.view().getInt(0);
        bytes.release();
        return entry;
    }

    private static Completion<Answer> answering(Completion<Outcome> completion) {
        return new Completion<>() {
            @Override
            public void done(Answer answer) {
                completion.done(Outcome.DONE);
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        };
    }

    private ObjectId data(int extent) {
        return ObjectId.data(row.id(), extent);
    }

    private void discardNow(Volume volume, int extent) {
        Ended<Outcome> ended = nodes.end((Completion<Outcome> completion) ->
                volume.discard((long) extent * MIB, MIB, completion));
        assertThat(ended.isDone()).isTrue();
    }

    private Payload entry(int owner) {
        ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        return nodes.payloads.of(bytes.putInt(0, owner).array());
    }
}
