package io.kelpie.cluster.membership;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator.Announcement;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.port.Timers.Timer;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.function.Consumer;

/**
 * Reads who is announced, when told that it may have changed and from time to time, one reading at
 * a time. Core loop only.
 */
final class Announcements {
    private final Ports ports;
    private final long pollNanos;
    private final Consumer<List<Announcement>> receiver;
    private @Nullable Timer poll;
    private boolean reading;
    private boolean again;
    private boolean closed;

    /** The receiver gets every reading, also those that show nothing new. */
    Announcements(Ports ports, long pollNanos, Consumer<List<Announcement>> receiver) {
        this.ports = ports;
        this.pollNanos = pollNanos;
        this.receiver = receiver;
    }

    void read() {
        if (closed) {
            return;
        }
        if (reading) {
            again = true;
            return;
        }
        reading = true;
        if (poll != null) {
            poll.cancel();
        }
        ports.coordinator().readAnnounced(new Completion<>() {
            @Override
            public void done(List<Announcement> result) {
                if (!closed) {
                    receiver.accept(result);
                }
                next();
            }

            @Override
            public void failed(ErrorCode error) {
                next();
            }
        });
    }

    void close() {
        closed = true;
        if (poll != null) {
            poll.cancel();
        }
    }

    private void next() {
        reading = false;
        if (closed) {
            return;
        }
        if (again) {
            again = false;
            read();
        } else {
            poll = ports.timers().after(pollNanos, this::read);
        }
    }
}
