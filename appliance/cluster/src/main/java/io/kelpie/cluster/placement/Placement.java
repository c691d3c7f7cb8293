package io.kelpie.cluster.placement;

import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgId;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

/**
 * Pure functions of placement. Objects are placed by VDI family, so that an object and the objects
 * it was copied from always share a placement group; groups are placed by weighted rendezvous
 * hashing, so that a new node moves only its share.
 */
public final class Placement {
    private static final int MANTISSA_BITS = 53;

    private Placement() {}

    /**
     * The placement group of an object.
     *
     * @param familyRoot number of the first ancestor of the object's VDI, its own without a parent
     * @param object the object; its kind and index count, its VDI does not
     * @param partBits the map's, 0 to {@link PgId#MAX_BITS}
     * @return the group
     */
    public static PgId groupOf(int familyRoot, ObjectId object, int partBits) {
        long hash = mix(mix(mix(familyRoot) + object.kind().ordinal())
                + Integer.toUnsignedLong(object.index()));
        return new PgId(partBits == 0 ? 0 : (int) (hash >>> (Long.SIZE - partBits)));
    }

    /**
     * The members that should hold a placement group, the preferred primary first. At most one
     * member a zone while zones suffice; members of weight 0 hold nothing. Placements are nested:
     * fewer copies are a prefix of more.
     *
     * @param pg the group
     * @param members candidates
     * @param copies how many are wanted, at least 1
     * @return indexes of at most {@code copies} members
     */
    public static List<Integer> membersOf(PgId pg, List<Member> members, int copies) {
        Invariant.check(copies >= 1, "at least one copy", copies);
        List<Member> ranked = new ArrayList<>(members);
        ranked.removeIf(member -> member.weightGib() == 0);
        ranked.sort(Comparator.comparingDouble((Member member) -> -score(pg, member))
                .thenComparing(Member::node));
        List<Integer> chosen = new ArrayList<>();
        TreeSet<Integer> zones = new TreeSet<>();
        for (Member member : ranked) {
            if (chosen.size() < copies && zones.add(member.zone())) {
                chosen.add(member.index());
            }
        }
        return chosen;
    }

    private static double score(PgId pg, Member member) {
        long hash = mix(mix(member.node().high() ^ mix(member.node().low())) + pg.partition());
        double uniform = ((hash >>> (Long.SIZE - MANTISSA_BITS)) + 0.5) / (1L << MANTISSA_BITS);
        return -member.weightGib() / StrictMath.log(uniform);
    }

    /** The finalizer of SplitMix64: every input bit reaches every output bit. */
    private static long mix(long value) {
        long z = value + 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
