package io.kelpie.node.coordinator;

import io.kelpie.cluster.port.Coordinator.Connection;
import io.kelpie.cluster.port.Coordinator.Listener;
import io.kelpie.node.runtime.CoreLoop;

import org.jspecify.annotations.Nullable;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * Brings news to the core: those of one kind that the core has not looked at yet are one. Any
 * thread.
 */
final class News {
    private final CoreLoop loop;
    private final Kind map = new Kind(Listener::onMapMaybeChanged);
    private final Kind events = new Kind(Listener::onEventsMaybeChanged);
    private final Kind announced = new Kind(Listener::onAnnouncedMaybeChanged);
    private volatile @Nullable Listener listener;

    News(CoreLoop loop) {
        this.loop = loop;
    }

    void listen(Listener receiver) {
        listener = receiver;
    }

    void tellMap() {
        map.tell();
    }

    void tellEvents() {
        events.tell();
    }

    void tellAnnounced() {
        announced.tell();
    }

    void tellAll() {
        tellMap();
        tellEvents();
        tellAnnounced();
    }

    void tellConnection(Connection now) {
        loop.post(() -> {
            Listener receiver = listener;
            if (receiver != null) {
                receiver.onConnection(now);
            }
        });
    }

    /** News of one kind. */
    private final class Kind {
        private final Consumer<Listener> told;
        private final AtomicBoolean isUnderWay = new AtomicBoolean();

        Kind(Consumer<Listener> told) {
            this.told = told;
        }

        void tell() {
            if (isUnderWay.compareAndSet(false, true)) {
                loop.post(() -> {
                    // Before the receiver looks: what changes from now on is news again.
                    isUnderWay.set(false);
                    Listener receiver = listener;
                    if (receiver != null) {
                        told.accept(receiver);
                    }
                });
            }
        }
    }
}
