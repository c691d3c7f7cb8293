package io.kelpie.wire.peer;

import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;

import java.nio.ByteBuffer;

/**
 * The first frame of each side of a connection. Body: u16 lowest and u16 highest protocol version,
 * process, u64 features, u64 time of the cluster's creation, node that is meant, u64 link, u8
 * connection. Its layout never changes; new fields come with a new version behind it.
 *
 * @param minVersion lowest version of the protocol that the sender speaks
 * @param maxVersion highest
 * @param sender the process
 * @param features bits that both must set for something to be used; none yet
 * @param clusterCreatedNanos time of creation of the cluster that its store belongs to; 0: none
 * @param receiver the node it wants to talk to
 * @param link number of the set of connections, rising in the dialler's lifetime; echoed
 * @param connection which of the set: 0 for control, then those for data; echoed
 */
public record Hello(
        int minVersion,
        int maxVersion,
        PeerId sender,
        long features,
        long clusterCreatedNanos,
        NodeId receiver,
        long link,
        int connection) {
    /** The version of the protocol that this code speaks. */
    public static final int VERSION = 1;

    /** Most connections in a link. */
    public static final int MAX_CONNECTIONS = 64;

    /** Checks the ranges. */
    public Hello {
        if (minVersion < 1 || maxVersion < minVersion || maxVersion > 0xFFFF) {
            throw new IllegalArgumentException(
                    "protocol versions " + minVersion + " to " + maxVersion);
        }
        if (connection < 0 || connection >= MAX_CONNECTIONS) {
            throw new IllegalArgumentException("connection " + connection + " of a link");
        }
    }

    /**
     * A hello of this version.
     *
     * @param sender the process
     * @param clusterCreatedNanos time of creation of the cluster, 0: none
     * @param receiver the node it wants to talk to
     * @param link number of the set of connections
     * @param connection which of the set
     * @return the hello
     */
    public static Hello of(
            PeerId sender, long clusterCreatedNanos, NodeId receiver, long link, int connection) {
        return new Hello(
                VERSION, VERSION, sender, 0, clusterCreatedNanos, receiver, link, connection);
    }

    /**
     * The version both speak.
     *
     * @param other the other side's hello
     * @return the highest, or 0 if there is none
     */
    public int versionWith(Hello other) {
        int highest = Math.min(maxVersion, other.maxVersion);
        return highest >= Math.max(minVersion, other.minVersion) ? highest : 0;
    }

    /**
     * Whether two nodes may belong together: a store that belongs to no cluster yet fits all.
     *
     * @param other the other side's hello
     * @return false if both stores belong to clusters and these differ
     */
    public boolean isOfSameCluster(Hello other) {
        return clusterCreatedNanos == 0
                || other.clusterCreatedNanos == 0
                || clusterCreatedNanos == other.clusterCreatedNanos;
    }

    /**
     * Encodes the frame.
     *
     * @return its bytes with the header
     */
    public EncodedFrame encode() {
        return new PeerOutput(PeerType.HELLO)
                .u16(minVersion)
                .u16(maxVersion)
                .peer(sender)
                .u64(features)
                .u64(clusterCreatedNanos)
                .node(receiver)
                .u64(link)
                .u8(connection)
                .finish();
    }

    /**
     * Decodes the frame.
     *
     * @param header its header
     * @param frame the bytes behind it; left unchanged
     * @return the hello
     * @throws PeerFormatException if it is none
     */
    public static Hello decode(PeerHeader header, ByteBuffer frame) {
        if (header.type() != PeerType.HELLO) {
            throw new PeerFormatException("a " + header.type() + " before the hello");
        }
        PeerInput in = new PeerInput(header, frame, PeerInput.NO_PAYLOADS);
        try {
            // What a later version adds behind is left unread.
            return new Hello(
                    in.u16(), in.u16(), in.peer(), in.u64(), in.u64(), in.node(), in.u64(),
                    in.u8());
        } catch (IllegalArgumentException e) {
            throw in.refused(String.valueOf(e.getMessage()));
        }
    }
}
