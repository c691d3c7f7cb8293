package io.kelpie.cluster.placement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.kelpie.cluster.model.Endpoint;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.model.VdiId;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Where objects and placement groups go. */
class PlacementTest {
    private static final int GROUPS = 4096;

    @Test
    void spreadsTheObjectsOfOneDiskEvenlyOverTheGroups() {
        int[] count = new int[256];

        for (int index = 0; index < 256 * 200; index++) {
            count[Placement.groupOf(5, ObjectId.data(new VdiId(5), index), 8).partition()]++;
        }

        // Standard deviation 14: five of them either way.
        assertThat(IntStream.of(count).boxed())
                .allSatisfy(objects -> assertThat(objects).isBetween(130, 270));
    }

    @Test
    void placesAnObjectAndItsAncestorsInOneGroup() {
        PgId ofChild = Placement.groupOf(5, ObjectId.data(new VdiId(77), 3), 14);
        PgId ofRoot = Placement.groupOf(5, ObjectId.data(new VdiId(5), 3), 14);

        assertThat(ofChild).isEqualTo(ofRoot);
        assertThat(Placement.groupOf(6, ObjectId.data(new VdiId(77), 3), 14)).isNotEqualTo(ofRoot);
    }

    @Test
    void tellsObjectsOfDifferentKindsApart() {
        assertThat(Placement.groupOf(5, ObjectId.inode(new VdiId(5)), 14))
                .isNotEqualTo(Placement.groupOf(5, ObjectId.data(new VdiId(5), 0), 14));
    }

    @Test
    void knowsOneGroupOnlyWithoutHashBits() {
        assertThat(Placement.groupOf(5, ObjectId.data(new VdiId(5), 9), 0)).isEqualTo(new PgId(0));
    }

    @Test
    void keepsTheGroupOfAnObjectThatWasPlacedEarlier() {
        // Data on disk is found by these numbers: they must never change.
        assertThat(Placement.groupOf(0xed202b, ObjectId.data(new VdiId(0xed202b), 0), 8))
                .isEqualTo(new PgId(82));
        assertThat(Placement.groupOf(0xed202b, ObjectId.inode(new VdiId(0xed202b)), 8))
                .isEqualTo(new PgId(93));
    }

    @Test
    void givesMembersGroupsInProportionToTheirWeight() {
        List<Member> members = List.of(member(0, 0, 100), member(1, 1, 300));

        double share = share(members, 1);

        assertThat(share).isCloseTo(0.75, within(0.03));
    }

    private static double share(List<Member> members, int of) {
        int count = 0;
        for (int partition = 0; partition < GROUPS; partition++) {
            count += Placement.membersOf(new PgId(partition), members, 1).contains(of) ? 1 : 0;
        }
        return (double) count / GROUPS;
    }

    @Test
    void putsCopiesInDifferentZones() {
        List<Member> members =
                List.of(member(0, 1, 10), member(1, 1, 10), member(2, 2, 10), member(3, 2, 10));

        for (int partition = 0; partition < 100; partition++) {
            List<Integer> chosen = Placement.membersOf(new PgId(partition), members, 2);

            assertThat(chosen).hasSize(2);
            assertThat(chosen.get(0) / 2).isNotEqualTo(chosen.get(1) / 2);
        }
    }

    @Test
    void givesFewerCopiesWhenZonesDoNotSuffice() {
        List<Member> members = List.of(member(0, 1, 10), member(1, 1, 10));

        assertThat(Placement.membersOf(new PgId(3), members, 3)).hasSize(1);
    }

    @Test
    void givesNothingToMembersWithoutWeight() {
        List<Member> members = List.of(member(0, 0, 0), member(1, 1, 10));

        assertThat(Placement.membersOf(new PgId(3), members, 2)).containsExactly(1);
        assertThat(Placement.membersOf(new PgId(3), members.subList(0, 1), 2)).isEmpty();
    }

    @Test
    void nestsPlacementsOfFewerCopiesInThoseOfMore() {
        List<Member> members = membersInOwnZones(7);

        for (int partition = 0; partition < 200; partition++) {
            PgId pg = new PgId(partition);
            List<Integer> three = Placement.membersOf(pg, members, 3);

            assertThat(Placement.membersOf(pg, members, 2)).isEqualTo(three.subList(0, 2));
            assertThat(Placement.membersOf(pg, members, 1)).isEqualTo(three.subList(0, 1));
        }
    }

    @Test
    void movesOnlyTheShareOfANewMember() {
        List<Member> before = membersInOwnZones(4);
        List<Member> after = membersInOwnZones(5);
        int moved = 0;

        for (int partition = 0; partition < GROUPS; partition++) {
            List<Integer> old = Placement.membersOf(new PgId(partition), before, 1);
            List<Integer> now = Placement.membersOf(new PgId(partition), after, 1);
            if (!old.equals(now)) {
                assertThat(now).containsExactly(4);
                moved++;
            }
        }

        assertThat((double) moved / GROUPS).isCloseTo(0.2, within(0.03));
    }

    private static List<Member> membersInOwnZones(int count) {
        List<Member> members = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            members.add(member(i, i, 10));
        }
        return members;
    }

    private static Member member(int index, int zone, int weightGib) {
        return new Member(
                index, new NodeId(index + 1, 99), 1, new Endpoint(0, 1, 7000), zone, weightGib);
    }
}
