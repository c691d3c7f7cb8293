package io.kelpie.cluster.replication;

import static io.kelpie.cluster.testing.ReplicationWorld.MILLI;
import static io.kelpie.cluster.testing.ReplicationWorld.OBJECT;
import static io.kelpie.cluster.testing.ReplicationWorld.PG;
import static io.kelpie.cluster.testing.ReplicationWorld.SECOND;
import static io.kelpie.cluster.testing.ReplicationWorld.id;
import static io.kelpie.cluster.testing.ReplicationWorld.members;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.message.GroupMessage;
import io.kelpie.cluster.message.GroupMessage.Acknowledge;
import io.kelpie.cluster.message.GroupMessage.Digest;
import io.kelpie.cluster.message.GroupMessage.DigestRequest;
import io.kelpie.cluster.message.GroupMessage.ListRequest;
import io.kelpie.cluster.message.GroupMessage.Listing;
import io.kelpie.cluster.message.GroupMessage.Push;
import io.kelpie.cluster.message.GroupMessage.ReplicaStatus;
import io.kelpie.cluster.message.GroupMessage.Replicate;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.ReplicationWorld;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** What a learning session can do at the primary, and what the learner does with it. */
class TeachingTest {
    private static final HeldObject NOTHING = new HeldObject(OBJECT, ObjectVersion.NONE, 0);

    private final ReplicationWorld world = new ReplicationWorld(2);
    private final Session session = new Session(1);
    private @Nullable ActiveGroup active;
    private boolean over;

    private ActiveGroup teach() {
        world.node(0).replication().teach(new RecoveryListener() {
            @Override
            public void onActive(ActiveGroup group) {
                active = group;
            }

            @Override
            public void onOver(ActiveGroup group) {
                over = true;
            }
        });
        world.everywhere(0, members(0), members(1));
        world.pass(10 * MILLI);
        ActiveGroup group = active;
        assertThat(group).isNotNull();
        if (group == null) {
            throw new AssertionError("checked before");
        }
        group.register(session);
        return group;
    }

    private void write(ObjectChange change) {
        Ended<Outcome> written = world.node(0).write(change);
        world.pass(10 * MILLI);
        assertThat(written.isDone()).isTrue();
    }

    private ObjectVersion push(ActiveGroup group, HeldObject found, int @Nullable [] sums) {
        Ended<ObjectVersion> pushed = new Ended<>();
        group.push(session, found, sums, pushed);
        world.pass(10 * MILLI);
        return pushed.result();
    }

    @Test
    void pushesAnObjectAndForwardsLaterWritesBehindIt() {
        ActiveGroup group = teach();
        write(world.create(OBJECT, 1));
        Ended<ObjectVersion> pushed = new Ended<>();
        group.push(session, NOTHING, null, pushed);
        world.node(0).write(world.put(OBJECT, 0, 2));
        world.node(0).write(world.put(OBJECT, 4096, 3));
        world.pass(10 * MILLI);

        assertThat(pushed.isDone()).isTrue();
        assertThat(world.node(1).onDisk(OBJECT, 0)).isEqualTo(2);
        assertThat(world.node(1).onDisk(OBJECT, 4096)).isEqualTo(3);
        assertThat(world.node(1).store.versionOf(OBJECT))
                .isEqualTo(world.node(0).store.versionOf(OBJECT));
        assertThat(session.answers)
                .allSatisfy(answer -> assertThat(((Acknowledge) answer).status())
                        .isEqualTo(ReplicaStatus.APPLIED))
                .hasSize(3);
        assertThat(world.node(0).store.openSnapshots()).isZero();
    }

    @Test
    void replacesEvenANewerCopyOfTheLearner() {
        world.everywhere(1, members(1), members());
        world.pass(10 * MILLI);
        world.node(1).write(world.create(OBJECT, 9));
        world.pass(10 * MILLI);
        HeldObject found = new HeldObject(
                OBJECT, world.node(1).store.versionOf(OBJECT), ReplicationWorld.SIZE);
        ActiveGroup group = teach();

        ObjectVersion sent = push(group, found, null);

        assertThat(sent).isEqualTo(ObjectVersion.NONE);
        assertThat(world.node(1).store.has(OBJECT)).isFalse();
    }

    @Test
    void refusesAPushThatExpectsAnotherCopy() {
        ActiveGroup group = teach();
        write(world.create(OBJECT, 1));
        push(group, NOTHING, null);
        session.covered = false;
        write(world.put(OBJECT, 0, 2));
        session.answers.clear();

        push(group, new HeldObject(OBJECT, new ObjectVersion(1, 77), 0), null);
        world.pass(10 * MILLI);

        assertThat(((Acknowledge) session.answers.get(0)).status()).isEqualTo(ReplicaStatus.GAP);
        assertThat(world.node(1).onDisk(OBJECT, 0)).isEqualTo(1);
    }

    @Test
    void sendsOnlyChunksThatDiffer() {
        ActiveGroup group = teach();
        write(world.create(OBJECT, 1));
        push(group, NOTHING, null);
        session.covered = false;
        write(world.put(OBJECT, 3 * 65_536, 5));
        ObjectVersion old = world.node(1).store.versionOf(OBJECT);
        group.send(session, new DigestRequest(PG, group.entry().epoch(), 1, OBJECT));
        world.pass(10 * MILLI);
        Digest digest = (Digest) session.answers.get(session.answers.size() - 1);
        world.network.clearSent();
        session.covered = true;

        push(
                group,
                new HeldObject(OBJECT, old, ReplicationWorld.SIZE),
                digest.digest().sums());

        assertThat(world.network.sent())
                .filteredOn(packet -> packet.is(Push.class))
                .allSatisfy(packet -> {
                    Push part = (Push) packet.message();
                    assertThat(part.whole()).isFalse();
                    assertThat(part.pieces())
                            .allSatisfy(
                                    piece -> assertThat(piece.offset() / 65_536).isEqualTo(3));
                })
                .hasSize(1);
        assertThat(world.node(1).onDisk(OBJECT, 3 * 65_536)).isEqualTo(5);
        assertThat(world.node(1).onDisk(OBJECT, 0)).isEqualTo(1);
        assertThat(world.node(1).store.versionOf(OBJECT))
                .isEqualTo(world.node(0).store.versionOf(OBJECT));
    }

    @Test
    void listsWhatTheLearnerHoldsAndIgnoresOlderSessions() {
        ActiveGroup group = teach();
        write(world.create(OBJECT, 1));
        push(group, NOTHING, null);
        session.answers.clear();
        long epoch = group.entry().epoch();
        group.send(session, new ListRequest(PG, epoch, 1, new ObjectId(0), 10));
        world.pass(10 * MILLI);

        assertThat(((Listing) session.answers.get(0)).held())
                .extracting(HeldObject::object)
                .containsExactly(OBJECT);
        session.number = 2;
        group.send(session, new ListRequest(PG, epoch, 2, new ObjectId(0), 10));
        group.send(session, new ListRequest(PG, epoch, 1, new ObjectId(0), 10));
        world.pass(10 * MILLI);
        assertThat(session.answers).hasSize(2);
    }

    @Test
    void waitsForARequiredLearnerAndReadsUnderTheLeaseOfARequestedOne() {
        ActiveGroup group = teach();
        write(world.create(OBJECT, 1));
        push(group, NOTHING, null);
        session.required = true;
        session.requested = true;
        world.network.keep(packet -> packet.is(Replicate.class));

        Ended<Outcome> written = world.node(0).write(world.put(OBJECT, 0, 2));
        world.pass(100 * MILLI);
        assertThat(written.isEnded()).isFalse();
        world.network.deliverKept();
        world.pass(10 * MILLI);
        assertThat(written.isDone()).isTrue();

        Ended<Payload> read = world.node(0).read(OBJECT, 0, 1);
        world.pass(10 * MILLI);
        assertThat(world.node(0).lastGivers()).containsExactly(id(1));
        read.result().release();
    }

    @Test
    void goesOnWithoutALearnerThatIsGivenUp() {
        ActiveGroup group = teach();
        write(world.create(OBJECT, 1));
        push(group, NOTHING, null);
        session.required = true;
        world.network.lose(packet -> packet.is(Replicate.class));
        Ended<Outcome> written = world.node(0).write(world.put(OBJECT, 0, 2));
        world.pass(SECOND);
        assertThat(written.isEnded()).isFalse();

        group.unregister(session);

        assertThat(written.isDone()).isTrue();
    }

    @Test
    void tellsTheSessionThatItsEpochIsOver() {
        ActiveGroup group = teach();
        world.everywhere(0, members(0, 1), members());

        assertThat(over).isTrue();
        Ended<HeldObject> late = new Ended<>();
        group.visit(OBJECT, late);
        world.pass(SECOND);
        assertThat(late.isEnded()).isFalse();
    }

    @Test
    void visitsAnObjectInItsTurnAmongTheWrites() {
        ActiveGroup group = teach();
        world.node(0).write(world.create(OBJECT, 1));
        Ended<HeldObject> visited = new Ended<>();
        group.visit(OBJECT, visited);
        world.node(0).write(world.put(OBJECT, 0, 2));
        world.pass(10 * MILLI);

        assertThat(visited.result().version().sequence()).isEqualTo(1);
        assertThat(session.passedBy).isNotEmpty();
    }

    @Test
    void makesAnAddedLearnerAMemberThatHasEverything() {
        ActiveGroup group = teach();
        write(world.create(OBJECT, 1));
        push(group, NOTHING, null);
        session.required = true;
        write(world.put(OBJECT, 0, 2));
        world.everywhere(1, members(0, 1), members());
        world.pass(100 * MILLI);

        assertThat(world.node(1).replication().isActive(PG)).isTrue();
        assertThat(world.node(1).value(OBJECT, 0)).isEqualTo(2);
    }

    /** A session that covers what it was told to. */
    private static final class Session implements Learner {
        private final int member;
        private final List<GroupMessage> answers = new ArrayList<>();
        private final List<ObjectId> passedBy = new ArrayList<>();
        private long number = 1;
        private boolean covered;
        private boolean required;
        private boolean requested;

        Session(int member) {
            this.member = member;
        }

        @Override
        public int member() {
            return member;
        }

        @Override
        public long session() {
            return number;
        }

        @Override
        public boolean covers(ObjectId object) {
            return covered;
        }

        @Override
        public boolean isRequired() {
            return required;
        }

        @Override
        public boolean isRequested() {
            return requested;
        }

        @Override
        public void onSnapshot(ObjectId object) {
            covered = true;
        }

        @Override
        public void onReplicated(Replicate message) {}

        @Override
        public void onPassedBy(ObjectId object) {
            passedBy.add(object);
        }

        @Override
        public void onAnswer(GroupMessage answer) {
            answers.add(answer);
        }

        @Override
        public void onLost() {}
    }
}
