package io.kelpie.node.coordinator;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;

/** For calls that report nothing; their failures were traced. */
final class Ignored<T> implements Completion<T> {
    @Override
    public void done(T result) {
        // Nobody asked.
    }

    @Override
    public void failed(ErrorCode error) {
        // What matters of it is tried again by the next call or the next tick.
    }
}
