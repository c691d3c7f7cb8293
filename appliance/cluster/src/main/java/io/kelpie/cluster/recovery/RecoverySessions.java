package io.kelpie.cluster.recovery;

import io.kelpie.cluster.membership.ControllerLine;
import io.kelpie.cluster.membership.MapListener;
import io.kelpie.cluster.message.RecoveryMessage;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.Member;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.replication.ActiveGroup;
import io.kelpie.cluster.replication.RecoveryListener;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * All learning sessions of a node: those it leads as active primary, in the order of danger and few
 * at a time, and the places of those it receives. Core loop only.
 */
public final class RecoverySessions implements RecoveryListener, MapListener {
    /**
     * Starts without sessions. Register it with replication and membership before the first map.
     *
     * @param ports the world
     * @param self this process
     * @param controller asked to add learners
     * @param config limits and times
     */
    public RecoverySessions(
            Ports ports, PeerId self, ControllerLine controller, RecoveryConfig config) {}

    @Override
    public void onMap(ClusterMap map, @Nullable Member self) {}

    @Override
    public void onActive(ActiveGroup group) {}

    @Override
    public void onOver(ActiveGroup group) {}

    /**
     * Takes a message of another node.
     *
     * @param from the process that sent it
     * @param message the message
     */
    public void onMessage(PeerId from, RecoveryMessage message) {}

    /**
     * Sets other limits, for {@code dog node recovery set-throttle}.
     *
     * @param outgoing sessions led at a time, at least 1
     * @param bytesPerSecond most that is sent; 0: no limit
     */
    public void limit(int outgoing, long bytesPerSecond) {}

    /**
     * What the sessions led here do.
     *
     * @return one for each learner of each group of which this node is the active primary, by group
     */
    public List<SessionProgress> progress() {
        return List.of();
    }

    /** Ends all timers; nothing is sent any more. */
    public void close() {}
}
