package io.kelpie.cluster.engine;

import io.kelpie.cluster.membership.NodeNews.StopReason;

/** Learns what the process around an engine must do. Core loop only. */
public interface EngineListener {
    /** Does nothing. */
    EngineListener NONE = reason -> {};

    /**
     * This process should end. The engine goes on until it is stopped.
     *
     * @param reason why
     */
    void onStop(StopReason reason);
}
