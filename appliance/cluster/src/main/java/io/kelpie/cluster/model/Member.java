package io.kelpie.cluster.model;

/**
 * A node as the cluster map lists it.
 *
 * @param index short number by which placement groups name it, unique in the map
 * @param node its identity
 * @param incarnation the process lifetime that may act for it: a node obeys only maps that name its
 *     own
 * @param endpoint where clients and peers reach it
 * @param zone failure domain, unsigned 32 bits; replicas go to different zones
 * @param weightGib share of the data, usable capacity in GiB; 0 for a gateway
 */
public record Member(
        int index, NodeId node, long incarnation, Endpoint endpoint, int zone, int weightGib) {
    /** Checks the ranges. */
    public Member {
        Invariant.check(index >= 0 && index < 1 << 16, "member index is 0 to 65535", index);
        Invariant.check(weightGib >= 0, "weight is not negative", weightGib);
        Invariant.check(incarnation > 0, "incarnation counts from 1", incarnation);
    }
}
