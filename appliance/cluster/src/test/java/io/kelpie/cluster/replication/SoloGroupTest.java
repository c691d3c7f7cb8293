package io.kelpie.cluster.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.model.PgEntry;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.Peers;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.Loop;
import io.kelpie.cluster.testing.MemoryCoordinator;
import io.kelpie.cluster.testing.MemoryStore;
import io.kelpie.cluster.testing.Payloads;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.List;

/** A group whose only copy is here: the order of writes, and what reads wait for. */
class SoloGroupTest {
    private static final int SELF = 3;
    private static final Member ME =
            new Member(SELF, new NodeId(1, 2), 1, new Endpoint(0, 1, 7000), 1, 100);
    private static final Member OTHER =
            new Member(4, new NodeId(1, 3), 1, new Endpoint(0, 2, 7000), 2, 100);
    private static final ObjectId OBJECT = ObjectId.data(new VdiId(1), 0);

    private final Loop loop = new Loop();
    private final Payloads payloads = new Payloads();
    private final MemoryStore store = new MemoryStore(loop, payloads);
    private final Replication replication = Replication.alone(
            new Ports(
                    loop,
                    loop,
                    () -> 4,
                    payloads,
                    store,
                    new MemoryCoordinator(loop),
                    Peers.NONE,
                    (level, text) -> {}),
            ME.id());

    @BeforeEach
    void becomePrimaryAndMakeAnObject() {
        install(entry(5));
        write(ObjectChange.create(OBJECT, 1 << 20, List.of(), false));
        loop.run();
        store.clearLog();
    }

    @Test
    void numbersWritesInTheirOrderAndAnewInEveryEpoch() {
        write(at(0));
        write(at(0));
        install(entry(9));
        write(at(0));

        assertThat(store.log())
                .extracting(operation -> ((StoreOperation.Write) operation).version())
                .containsExactly(
                        new ObjectVersion(5, 2), new ObjectVersion(5, 3), new ObjectVersion(9, 1));
    }

    @Test
    void letsAReadWaitForAnOverlappingWriteUntilItIsCommitted() {
        store.hold(operation -> true);
        Ended<Outcome> written = write(at(100));
        Ended<Payload> read = read(90, 20);
        loop.run();
        assertThat(read.isEnded()).isFalse();

        store.releaseHeld();
        loop.run();

        assertThat(written.isDone()).isTrue();
        assertThat(read.isDone()).isTrue();
    }

    @Test
    void letsAReadPassWritesBesideIt() {
        store.hold(operation -> true);
        write(at(100));

        Ended<Payload> before = read(90, 10);
        Ended<Payload> behind = read(116, 10);
        loop.run();

        assertThat(before.isDone()).isTrue();
        assertThat(behind.isDone()).isTrue();
    }

    @Test
    void letsAReadWaitForTheLastOfSeveralOverlappingWrites() {
        store.hold(operation -> true);
        write(at(100));
        Ended<Payload> read = read(100, 16);
        write(at(108));

        store.releaseFirst();
        loop.run();
        assertThat(read.isEnded()).isFalse();
        store.releaseFirst();
        loop.run();
        assertThat(read.isDone()).isTrue();
    }

    @Test
    void letsReadsOfTheWholeObjectWaitForItsRemoval() {
        store.hold(operation -> true);
        write(ObjectChange.remove(OBJECT));
        Ended<Payload> read = read(0, 1);
        loop.run();
        assertThat(read.isEnded()).isFalse();

        store.releaseHeld();
        loop.run();
        assertThat(read.error()).isEqualTo(ErrorCode.NO_SUCH_OBJECT);
    }

    @Test
    void letsReadersGoOnAfterAWriteThatFailed() {
        store.fail(operation -> true, ErrorCode.NO_SPACE);
        Ended<Outcome> written = write(at(100));
        Ended<Payload> read = read(100, 16);
        loop.run();

        assertThat(written.error()).isEqualTo(ErrorCode.NO_SPACE);
        assertThat(Payloads.bytesOf(read.result())).containsOnly(0);
    }

    @Test
    void refusesEverythingWhenItIsNotPrimary() {
        install(new PgEntry(8, 4, List.of(4), List.of()));

        assertThat(write(at(0)).error()).isEqualTo(ErrorCode.NO_PRIMARY);
        assertThat(read(0, 1).error()).isEqualTo(ErrorCode.NO_PRIMARY);
        assertThat(store.log()).isEmpty();
    }

    @Test
    void refusesReadsThatStillWaitWhenItStopsBeingPrimary() {
        store.hold(operation -> true);
        Ended<Outcome> written = write(at(100));
        Ended<Payload> read = read(100, 16);
        replication.install(ClusterMap.EMPTY, null);

        store.releaseHeld();
        loop.run();

        assertThat(written.isDone()).isTrue();
        assertThat(read.error()).isEqualTo(ErrorCode.NO_PRIMARY);
    }

    private void install(PgEntry entry) {
        ClusterMap map = new ClusterMap(
                entry.epoch(),
                1,
                0,
                ClusterStatus.RUNNING,
                ClusterSettings.UNFORMATTED,
                entry.primary() == SELF ? List.of(ME) : List.of(ME, OTHER),
                List.of(entry));
        replication.install(map, ME);
    }

    private static PgEntry entry(long epoch) {
        return new PgEntry(epoch, SELF, List.of(SELF), List.of());
    }

    private ObjectChange at(long offset) {
        return ObjectChange.write(OBJECT, List.of(Piece.of(offset, payloads.filled(16, 7))), false);
    }

    private Ended<Outcome> write(ObjectChange change) {
        Ended<Outcome> ended = new Ended<>();
        replication.write(new PgId(0), change, ended);
        return ended;
    }

    private Ended<Payload> read(long offset, int length) {
        Ended<Payload> ended = new Ended<>();
        replication.read(new PgId(0), OBJECT, offset, length, ended);
        return ended;
    }
}
