// Kelpie, Apache-2.0.
package io.kelpie.nbd;

/**
 * Where a provider says how an open ended: exactly one call, exactly once, from any thread, also
 * before {@link ExportProvider#open} returns. A second call throws {@link IllegalStateException}.
 */
public interface OpenReply {

    /**
     * The export is open.
     *
     * @param info canonical name and description
     * @param device the device; the server owns it from now on and closes it, also when the client
     *     has gone meanwhile
     */
    void opened(ExportInfo info, BlockDevice device);

    /**
     * The export was not opened.
     *
     * @param refusal the reason as the protocol knows it
     * @param why one sentence for the person at the client: what was wrong and what the choices
     *     are; cut to 4096 bytes
     */
    void refused(ExportRefusal refusal, String why);
}
