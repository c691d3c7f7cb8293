package io.kelpie.cluster.model;

/**
 * Identity of a client's operation, kept over all retries, by which a primary recognises one that
 * took effect already.
 *
 * @param gateway the process that serves the client
 * @param counter number of the operation in that lifetime, from 1
 */
public record OperationId(PeerId gateway, long counter) implements Comparable<OperationId> {
    @Override
    public int compareTo(OperationId other) {
        int order = gateway.compareTo(other.gateway);
        return order != 0 ? order : Long.compare(counter, other.counter);
    }
}
