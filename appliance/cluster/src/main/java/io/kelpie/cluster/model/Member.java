package io.kelpie.cluster.model;

/**
 * A node as the cluster map lists it.
 *
 * @param index short number by which placement groups name it, unique in the map
 * @param node its identity
 * @param incarnation the process lifetime that may act for it: a node obeys only maps that name its
 *     own
 * @param endpoint where clients reach it, as lists of nodes show it
 * @param peer where other nodes reach it; the same unless it has an own address for that
 * @param zone failure domain, unsigned 32 bits; replicas go to different zones
 * @param weightGib share of the data, usable capacity in GiB; 0 for a gateway
 * @param state what it does
 * @param sinceVersion map version in which it entered that state
 */
public record Member(
        int index,
        NodeId node,
        long incarnation,
        Endpoint endpoint,
        Endpoint peer,
        int zone,
        int weightGib,
        MemberState state,
        long sinceVersion) {
    /** Checks the ranges. */
    public Member {
        Invariant.check(index >= 0 && index < 1 << 16, "member index is 0 to 65535", index);
        Invariant.check(weightGib >= 0, "weight is not negative", weightGib);
        Invariant.check(incarnation > 0, "incarnation counts from 1", incarnation);
    }

    /**
     * A member that is up and has one address.
     *
     * @param index short number
     * @param node identity
     * @param incarnation process lifetime
     * @param endpoint its address
     * @param zone failure domain
     * @param weightGib share of the data
     */
    public Member(
            int index, NodeId node, long incarnation, Endpoint endpoint, int zone, int weightGib) {
        this(index, node, incarnation, endpoint, endpoint, zone, weightGib, MemberState.UP, 0);
    }

    /**
     * The process this member is.
     *
     * @return its identity and lifetime
     */
    public PeerId id() {
        return new PeerId(node, incarnation);
    }

    /**
     * The same member in another state.
     *
     * @param newState the state
     * @param version the map version that says so
     * @return the member
     */
    public Member inState(MemberState newState, long version) {
        return new Member(
                index, node, incarnation, endpoint, peer, zone, weightGib, newState, version);
    }
}
