package io.kelpie.cluster.membership;

import io.kelpie.cluster.message.ControlMessage;
import io.kelpie.cluster.message.ControlMessage.Evidence;
import io.kelpie.cluster.message.LivenessMessage.Heartbeat;
import io.kelpie.cluster.message.LivenessMessage.HeartbeatReply;
import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.Coordinator.Connection;
import io.kelpie.cluster.port.PeerMessage;
import io.kelpie.cluster.port.Ports;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * How a node of several watches the others and has the map edited: heartbeats with leases, reports
 * to the controller, and the controller itself, which every node may become. Whoever composes it
 * passes on messages, maps and news of the coordinator. Core loop only.
 */
public final class ClusterWatch {
    private final PeerId self;
    private final Liveness liveness;
    private final Reports reports;
    private final Controller controller;
    private final Announcements announcements;
    private final CopySurvey survey;
    private List<Announcement> announced = List.of();

    /**
     * Composes it; nothing runs before {@link #start}.
     *
     * @param ports all but payloads are used; of the store only the space and lists
     * @param self this process
     * @param config times and mutations
     * @param news gets what concerns the installing of maps and events
     */
    public ClusterWatch(Ports ports, PeerId self, ControlConfig config, News news) {
        this.self = self;
        reports = new Reports(ports, self, config.times());
        survey = new CopySurvey(ports);
        liveness = new Liveness(ports, self, config, new Signs(news));
        controller = new Controller(ports, self, config, liveness, news);
        announcements =
                new Announcements(ports, config.times().pollNanos(), this::onAnnouncedProcesses);
    }

    /** Gets what concerns the installing of maps and events; called on the core loop. */
    public interface News {
        /**
         * What this node applied.
         *
         * @return index of the last event
         */
        long eventsIndex();

        /**
         * The settings of the last format event that was applied.
         *
         * @return the settings; with another time of creation than the map's while a format is
         *     under way
         */
        ClusterSettings formatted();

        /**
         * A node has a newer map than this one; repeated with each heartbeat.
         *
         * @param from the node
         * @param version its map
         */
        void onNewerMap(NodeId from, long version);

        /**
         * A node applied events that this one did not; repeated with each heartbeat.
         *
         * @param from the node
         * @param index last event it applied
         */
        void onLaterEvents(NodeId from, long index);

        /**
         * This node, as the controller, wrote a map or read one that is newer than what it had: to
         * be installed here and sent to all nodes.
         *
         * @param map a map that is in force
         */
        void onNextMap(ClusterMap map);

        /**
         * Has an event appended to the log.
         *
         * @param kind what applies it
         * @param body its body
         * @param completion runs once it is applied here
         */
        void append(byte kind, ByteBuffer body, Completion<Integer> completion);
    }

    /** Begins to send heartbeats, and to want to be the controller. */
    public void start() {
        liveness.start();
        announcements.read();
        controller.start();
    }

    /** Ends all timers; nothing is answered any more. */
    public void close() {
        announcements.close();
        controller.close();
        liveness.close();
        reports.close();
        survey.close();
    }

    /**
     * The leases.
     *
     * @return both sides of them
     */
    public Leases leases() {
        return liveness;
    }

    /**
     * The heartbeats.
     *
     * @return what is known of the other nodes
     */
    public Liveness liveness() {
        return liveness;
    }

    /**
     * The way to the controller.
     *
     * @return what takes reports
     */
    public Reports reports() {
        return reports;
    }

    /**
     * The controller that this node may be.
     *
     * @return the machine
     */
    public Controller controller() {
        return controller;
    }

    /**
     * A message arrived.
     *
     * @param from the process that sent it
     * @param message the message
     * @return false if it is none of those that are dealt with here: heartbeats, their replies, and
     *     what is said to the controller
     */
    public boolean onMessage(PeerId from, PeerMessage message) {
        if (message instanceof Heartbeat heartbeat) {
            liveness.onHeartbeat(from, heartbeat);
        } else if (message instanceof HeartbeatReply reply) {
            liveness.onReply(from, reply);
        } else if (message instanceof ControlMessage.CopiesRequest request) {
            survey.onRequest(from.node(), request);
        } else if (message instanceof ControlMessage control
                && !(message instanceof ControlMessage.OrderReply)) {
            controller.onMessage(from, control);
        } else {
            return false;
        }
        return true;
    }

    /**
     * A node's host says that no process listens there.
     *
     * @param node the node
     */
    public void onRefused(NodeId node) {
        liveness.onRefused(node);
    }

    /**
     * A map was installed.
     *
     * @param map the map
     */
    public void onMap(ClusterMap map) {
        liveness.onMap(map);
        reports.onMap(map);
        controller.onMap(map);
    }

    /** The coordinator says that the map may have changed. */
    public void onMapMaybeChanged() {
        controller.onMapMaybeChanged();
    }

    /** The coordinator says that processes may have come or gone. */
    public void onAnnouncedMaybeChanged() {
        announcements.read();
    }

    /**
     * The connection to the coordinator changed; taken as CONNECTED before the first call.
     *
     * @param connection how it is now
     */
    public void onConnection(Connection connection) {
        controller.onConnection(connection);
        if (connection == Connection.CONNECTED) {
            announcements.read();
        }
    }

    /**
     * The processes that are announced, as last read.
     *
     * @return in ascending order of node and incarnation
     */
    public List<Announcement> announced() {
        return announced;
    }

    private void onAnnouncedProcesses(List<Announcement> processes) {
        announced = List.copyOf(processes);
        liveness.onAnnounced(processes);
        controller.onAnnounced(processes);
    }

    private final class Signs implements Liveness.Listener {
        private final News news;

        Signs(News news) {
            this.news = news;
        }

        @Override
        public long eventsIndex() {
            return news.eventsIndex();
        }

        @Override
        public long controllerTerm() {
            long term = controller.term();
            if (term > 0) {
                reports.onController(self, term);
            }
            return term;
        }

        @Override
        public void onNewerMap(NodeId from, long version) {
            news.onNewerMap(from, version);
        }

        @Override
        public void onLaterEvents(NodeId from, long index) {
            news.onLaterEvents(from, index);
        }

        @Override
        public void onSilent(NodeId node) {
            reports.suspect(node, Evidence.SILENT, List.of());
            controller.onSuspicion();
        }

        @Override
        public void onRefused(NodeId node) {
            reports.suspect(node, Evidence.REFUSED, List.of());
            controller.onSuspicion();
        }

        @Override
        public void onController(PeerId from, long term) {
            reports.onController(from, term);
            controller.onController(from, term);
        }
    }
}
