// Kelpie, Apache-2.0.
package io.kelpie.nbd;

/**
 * Counters of a running server at one moment; the totals never fall.
 *
 * @param connections clients connected now
 * @param requestsInFlight requests that wait for their device now
 * @param budgetUsedBytes payload bytes held now, at most the server's budget
 * @param connectionsTotal clients accepted since the start
 * @param connectionsRefusedTotal clients closed at once because of the limit of connections
 * @param requestsTotal transmission requests received
 * @param requestsFailedTotal transmission requests answered with an error
 * @param readBytesTotal bytes sent as read payload
 * @param writtenBytesTotal bytes received as write payload
 */
public record NbdServerStats(
        int connections,
        int requestsInFlight,
        long budgetUsedBytes,
        long connectionsTotal,
        long connectionsRefusedTotal,
        long requestsTotal,
        long requestsFailedTotal,
        long readBytesTotal,
        long writtenBytesTotal) {}
