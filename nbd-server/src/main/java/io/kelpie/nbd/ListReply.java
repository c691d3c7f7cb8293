// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import java.util.List;

/**
 * Where a provider answers a list request: exactly one call, exactly once, from any thread, also
 * before {@link ExportProvider#list} returns. A second call throws {@link IllegalStateException}.
 */
public interface ListReply {

    /** The exports the client may see, in the order to show; at most the first 10000 are sent. */
    void exports(List<ExportInfo> exports);

    /**
     * The list is not given.
     *
     * @param refusal the reason as the protocol knows it
     * @param why one sentence for the person at the client; cut to 4096 bytes
     */
    void refused(ExportRefusal refusal, String why);
}
