package io.kelpie.cluster.membership;

import io.kelpie.cluster.message.ControlMessage;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.Coordinator.Connection;
import io.kelpie.cluster.port.Ports;

import java.util.List;

/**
 * Edits the map while it holds the controller's record. Every node has one; those that are not the
 * controller wait for it to fall silent ({@code cluster.md} 6.5, 16.4). Two at once do no harm, as
 * each map replaces exactly the one it was made from. Core loop only.
 */
public final class Controller {
    Controller(
            Ports ports,
            PeerId self,
            ControlConfig config,
            Liveness liveness,
            ClusterWatch.News news) {}

    /**
     * Whether this node edits the map at the moment.
     *
     * @return its term, or 0 if it does not or cannot reach the coordinator
     */
    public long term() {
        return 0;
    }

    void start() {}

    void close() {}

    void onMap(ClusterMap installed) {}

    void onMapMaybeChanged() {}

    void onAnnounced(List<Announcement> processes) {}

    void onConnection(Connection connection) {}

    void onController(PeerId from, long term) {}

    void onSuspicion() {}

    void onMessage(PeerId from, ControlMessage message) {}
}
