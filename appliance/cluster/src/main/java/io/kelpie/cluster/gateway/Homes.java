package io.kelpie.cluster.gateway;

import io.kelpie.cluster.message.GatewayMessage.Answer;
import io.kelpie.cluster.message.PrimaryCall;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.port.Completion;

/** Serves what is asked of the home of a VDI, once this node is it. Core loop only. */
public interface Homes {
    /**
     * Carries out a call at the home.
     *
     * @param call one that names a VDI; its payloads are borrowed until the completion runs
     * @param operation the client's operation, the same in all attempts
     * @param completion gets the answer; NO_PRIMARY if this node is not, or no longer, the home:
     *     the same operation is asked again then
     */
    void call(PrimaryCall call, OperationId operation, Completion<Answer> completion);
}
