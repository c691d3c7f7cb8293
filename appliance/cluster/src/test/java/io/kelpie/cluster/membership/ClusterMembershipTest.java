package io.kelpie.cluster.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.membership.EpochLog.Epoch;
import io.kelpie.cluster.membership.Nodes.Node;
import io.kelpie.cluster.message.LivenessMessage.MapUpdate;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterStatus;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.MemberState;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.testing.Ended;

import org.junit.jupiter.api.Test;

import java.util.List;

/** Joining, installing maps and leaving, for nodes among several. */
class ClusterMembershipTest {
    private static final long SECOND = Nodes.SECOND;

    @Test
    void waitsForItsFirstFormatInAnEmptyCluster() {
        Nodes all = new Nodes();
        Node node = all.add().start();

        assertThat(node.started.isDone()).isTrue();
        assertThat(node.membership.state()).isEqualTo(NodeState.WAIT_FORMAT);
        assertThat(all.ensemble.announced()).containsKey(node.id.node());
        assertThat(node.news).containsExactly("LOADED");
    }

    @Test
    void isNoMemberBeforeTheMapNamesItsProcess() {
        Nodes all = Nodes.serving(2);
        Node third = all.add().start();
        all.loop.pass(6 * SECOND);

        assertThat(third.started.isEnded()).isFalse();
        assertThat(third.membership.state()).isEqualTo(NodeState.ANNOUNCED);
        assertThat(third.traced).anyMatch(text -> text.startsWith("waiting to be named"));

        all.putMembers();
        all.loop.run();

        assertThat(third.started.isDone()).isTrue();
        assertThat(third.membership.state()).isEqualTo(NodeState.MEMBER);
    }

    @Test
    void aStartThatIsCutShortEnds() {
        Nodes all = Nodes.serving(2);
        Node third = all.add().start();
        all.loop.pass(SECOND);
        assertThat(third.started.isEnded()).isFalse();

        third.membership.close();

        assertThat(third.started.error()).isEqualTo(ErrorCode.SHUTTING_DOWN);
    }

    @Test
    void aRestartedProcessObeysOnlyMapsThatNameItsNewLife() {
        Nodes all = Nodes.serving(2);
        Node again = all.reborn(2).start();
        all.loop.pass(SECOND);

        assertThat(again.installed).isEmpty();
        assertThat(again.membership.newest()).isEqualTo(all.ensemble.map());

        all.putMembers();
        all.loop.run();

        assertThat(again.membership.state()).isEqualTo(NodeState.MEMBER);
        assertThat(again.installed).containsExactly(all.ensemble.map());
    }

    @Test
    void aRestartedNodeKnowsItsClusterWhileTheCoordinatorIsAway() {
        Nodes all = Nodes.serving(3);
        Node again = all.reborn(2);
        again.door.away(true);
        again.start();
        all.loop.pass(12 * SECOND);

        assertThat(again.membership.state()).isEqualTo(NodeState.WAIT_COORDINATOR);
        assertThat(again.traced).contains("waiting for the coordinator");
        assertThat(again.membership.others())
                .containsExactly(all.node(1).id.node(), all.node(3).id.node());

        again.door.away(false);
        all.putMembers();
        all.loop.pass(SECOND);

        assertThat(again.membership.state()).isEqualTo(NodeState.MEMBER);
    }

    @Test
    void installsAMapOnlyAfterTheEventsItAsksFor() {
        Nodes all = Nodes.serving(2);
        Node cutOff = all.node(2);
        cutOff.door.away(true);
        all.mesh.cut(cutOff.id.node(), true);
        all.node(1).submit(5);
        all.loop.run();
        ClusterMap map = all.ensemble.map();
        ClusterMap later = new ClusterMap(
                map.version() + 1,
                map.epoch(),
                all.node(1).events.appliedIndex(),
                map.status(),
                map.settings(),
                map.members(),
                map.groups());
        all.ensemble.put(later);
        all.loop.run();
        assertThat(all.node(1).membership.map()).isEqualTo(later);

        all.mesh.lose(message -> !(message instanceof MapUpdate));
        all.mesh.cut(cutOff.id.node(), false);
        all.node(1).membership.onOwnMap(later);
        all.loop.pass(SECOND);
        assertThat(cutOff.membership.newest()).isEqualTo(later);
        assertThat(cutOff.membership.map()).isEqualTo(map);

        all.mesh.lose(message -> false);
        all.loop.pass(2 * SECOND);

        assertThat(cutOff.numbers.sum).isEqualTo(5);
        assertThat(cutOff.membership.map()).isEqualTo(later);
    }

    @Test
    void fetchesANewerMapFromAPeerWhileTheCoordinatorIsAway() {
        Nodes all = Nodes.serving(2);
        Node cutOff = all.node(2);
        cutOff.door.away(true);
        all.ensemble.put(all.at(40));
        all.loop.run();
        assertThat(cutOff.membership.map().version()).isLessThan(40);

        cutOff.membership.onPeerMap(all.node(1).id.node(), 40);
        cutOff.membership.onPeerMap(all.node(1).id.node(), 40);
        all.loop.run();

        assertThat(cutOff.membership.map().version()).isEqualTo(40);
    }

    @Test
    void ignoresMapsThatAreNotNewer() {
        Nodes all = Nodes.serving(2);
        ClusterMap old = all.ensemble.map();
        all.ensemble.put(all.at(40));
        all.loop.run();
        int before = all.node(2).installed.size();

        all.node(1).membership.onOwnMap(old);
        all.node(1).membership.onOwnMap(all.at(40));
        all.loop.pass(5 * SECOND);

        assertThat(all.node(2).installed).hasSize(before);
        assertThat(all.node(2).membership.isCoordinatorOutdated()).isFalse();
    }

    @Test
    void keepsItsMapAndEditsNothingWhenTheCoordinatorWasRestoredFromABackup() {
        Nodes all = Nodes.serving(2);
        ClusterMap old = all.ensemble.map();
        all.ensemble.put(all.at(40));
        all.loop.run();

        all.ensemble.put(old);
        all.loop.pass(10 * SECOND);

        Node node = all.node(2);
        assertThat(node.membership.map().version()).isEqualTo(40);
        assertThat(node.membership.isCoordinatorOutdated()).isTrue();
        assertThat(node.traced.stream().filter(text -> text.contains("old backup")))
                .hasSize(1);
        Ended<Outcome> format = node.format(5000);
        all.loop.run();
        assertThat(format.error()).isEqualTo(ErrorCode.COORDINATOR_FAILED);

        all.ensemble.put(all.at(41));
        all.loop.run();

        assertThat(node.membership.isCoordinatorOutdated()).isFalse();
        assertThat(node.membership.map().version()).isEqualTo(41);
    }

    @Test
    void refusesAStoreOfAnotherCluster() {
        Nodes all = Nodes.serving(1);
        all.node(1).events.close(new Ended<>());
        all.loop.run();
        Node moved = all.reborn(1);
        all.ensemble.wipe();
        Node other = all.add().start();
        other.format(2000);
        all.loop.run();
        moved.store.clearLog();

        moved.start();
        all.loop.pass(SECOND);

        assertThat(moved.started.error()).isEqualTo(ErrorCode.NOT_JOINED);
        assertThat(moved.membership.state()).isEqualTo(NodeState.REFUSED);
        assertThat(moved.traced).anyMatch(text -> text.contains("another cluster"));
        assertThat(moved.isDrained()).isFalse();
        assertThat(moved.news).isEmpty();
    }

    @Test
    void refusesAStoreWhoseCreationNoFormatExplains() {
        Nodes all = Nodes.serving(1);
        // Its events were never saved, so it looks as if it were new, but its objects are not.
        Node moved = all.reborn(1);
        moved.store.removeRecord("cluster-state");
        all.ensemble.wipe();
        Node other = all.add().start();
        other.format(2000);
        all.loop.run();
        moved.store.clearLog();

        moved.start();
        all.loop.pass(SECOND);

        assertThat(moved.started.error()).isEqualTo(ErrorCode.NOT_JOINED);
        assertThat(moved.traced).anyMatch(text -> text.contains("created at"));
        assertThat(moved.isDrained()).isFalse();
    }

    @Test
    void stopsWhenAnotherProcessTookOverTheNode() {
        Nodes all = Nodes.serving(2);
        Node old = all.node(2);
        ClusterMap map = all.ensemble.map();
        List<Member> members = map.members().stream()
                .map(each -> each.node().equals(old.id.node())
                        ? new Member(each.index(), each.node(), 9, each.endpoint(), 1, 10)
                        : each)
                .toList();
        all.ensemble.put(new ClusterMap(
                map.version() + 1,
                map.epoch(),
                map.eventsIndex(),
                map.status(),
                map.settings(),
                members,
                map.groups()));
        all.loop.run();

        assertThat(old.news).contains("TAKEN_OVER");
        assertThat(old.membership.state()).isEqualTo(NodeState.REFUSED);
        assertThat(old.membership.map()).isEqualTo(map);
    }

    @Test
    void servesAsAGatewayWhenTheMapNamesItNoMore() {
        Nodes all = Nodes.serving(3);
        Node third = all.nodes.remove(2);
        all.putMembers();
        all.loop.run();

        assertThat(third.membership.state()).isEqualTo(NodeState.GATEWAY_ONLY);
        assertThat(third.membership.map()).isEqualTo(all.ensemble.map());
    }

    @Test
    void everyNodeHasTheSameEpochsWithTheControllersTimes() {
        Nodes all = Nodes.serving(2);
        all.add().start();
        // The controller died before it could tell of epoch 2, the next one does.
        all.loop.pass(3 * SECOND);
        all.putMembers();
        all.loop.pass(3 * SECOND);
        all.putMembers();
        all.loop.pass(3 * SECOND);
        all.nodes.forEach(node -> node.leads(all.node(2), 1));
        all.loop.pass(3 * SECOND);

        List<Epoch> epochs = all.node(2).epochs.epochs();
        assertThat(epochs).extracting(Epoch::epoch).containsExactly(1, 2, 3);
        assertThat(all.node(1).epochs.epochs()).isEqualTo(epochs);
        assertThat(all.node(3).epochs.epochs()).isEqualTo(epochs);
        assertThat(all.reborn(3).start().epochs.epochs()).isEqualTo(epochs);
    }

    @Test
    void stopsWithTheCluster() {
        Nodes all = Nodes.serving(2);
        all.putStatus(ClusterStatus.SHUTDOWN);
        all.loop.run();

        assertThat(all.node(1).news).endsWith("CLUSTER_SHUTDOWN");
        assertThat(all.node(2).news).endsWith("CLUSTER_SHUTDOWN");
        assertThat(all.node(2).membership.state()).isEqualTo(NodeState.CLUSTER_SHUTDOWN);

        Node again = all.reborn(1).start();
        assertThat(again.membership.state()).isEqualTo(NodeState.ANNOUNCED);
        assertThat(again.news).containsExactly("LOADED");
    }

    @Test
    void leavesWhenOthersAreThePrimariesOfItsGroups() {
        Nodes all = Nodes.serving(3);
        Node leaving = all.node(1);
        Ended<Outcome> left = new Ended<>();
        leaving.membership.leave(left);
        all.loop.pass(SECOND);
        assertThat(left.isEnded()).isFalse();

        all.putState(1, MemberState.DRAIN, 1);
        all.loop.pass(400 * Nodes.SECOND / 1000);
        assertThat(left.isEnded()).isFalse();
        all.loop.pass(200 * Nodes.SECOND / 1000);

        assertThat(left.isDone()).isTrue();
        assertThat(leaving.news).doesNotContain("KILLED");
    }

    @Test
    void leavesAfterTenSecondsThoughNobodyTookOver() {
        Nodes all = Nodes.serving(2);
        Ended<Outcome> left = new Ended<>();
        all.node(1).membership.leave(left);
        all.loop.pass(9 * SECOND);
        assertThat(left.isEnded()).isFalse();

        all.loop.pass(SECOND);

        assertThat(left.isDone()).isTrue();
    }

    @Test
    void leavesAtOnceWithNothingToMove() {
        Nodes all = Nodes.serving(2);
        Ended<Outcome> left = new Ended<>();
        all.node(2).membership.leave(left);
        all.loop.run();

        assertThat(left.isDone()).isTrue();
    }

    @Test
    void isToldToStopWhenTheMapDrainsItUnasked() {
        Nodes all = Nodes.serving(2);
        all.putState(2, MemberState.DRAIN, null);
        all.loop.run();
        all.putState(2, MemberState.DRAIN, null);
        all.loop.run();

        assertThat(all.node(2).news).containsOnlyOnce("KILLED");
        assertThat(all.node(1).news).doesNotContain("KILLED");
    }
}
