package io.kelpie.node.sheep;

import io.kelpie.cluster.model.Member;

/**
 * What the Sheepdog port needs of the daemon around it.
 *
 * @param self this node as it is listed before the first format
 * @param storePath the store directory, for people
 * @param stopAction begins a clean stop of the process; returns at once
 */
public record SheepNode(Member self, String storePath, Runnable stopAction) {
    void stop() {
        stopAction.run();
    }
}
