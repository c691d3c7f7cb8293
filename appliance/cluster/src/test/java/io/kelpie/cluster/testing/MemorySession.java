package io.kelpie.cluster.testing;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Coordinator;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.function.Consumer;

/** One process's way to the coordinator in memory: it may be cut, and end. */
public final class MemorySession implements Coordinator {
    private final MemoryCoordinator shared;
    private final Loop loop;
    private @Nullable Listener listener;
    private @Nullable Announcement own;
    private boolean cut;
    private boolean dead;

    MemorySession(MemoryCoordinator shared, Loop loop) {
        this.shared = shared;
        this.loop = loop;
    }

    /** The process dies: its announcement goes, nothing is answered any more. */
    public void kill() {
        dead = true;
        withdraw();
        shared.end(this);
    }

    /** The connection breaks; the announcement stays until the session is over. */
    public void suspend() {
        cut = true;
        say(Connection.SUSPENDED);
    }

    /** The session is over. */
    public void lose() {
        cut = true;
        withdraw();
        say(Connection.LOST);
    }

    /** The connection is there again. */
    public void reconnect() {
        cut = false;
        Announcement again = own;
        if (again != null) {
            shared.announce(again);
        }
        say(Connection.CONNECTED);
    }

    void tell(Consumer<Listener> news) {
        Listener receiver = listener;
        if (receiver != null && !dead && !cut) {
            loop.post(() -> {
                if (!dead) {
                    news.accept(receiver);
                }
            });
        }
    }

    private void say(Connection connection) {
        Listener receiver = listener;
        if (receiver != null) {
            loop.post(() -> receiver.onConnection(connection));
        }
    }

    private void withdraw() {
        Announcement gone = own;
        if (gone != null) {
            PeerId id = gone.id();
            shared.announced().remove(id);
            shared.tell(Listener::onAnnouncedMaybeChanged);
        }
    }

    private <T> void call(Completion<T> completion, Consumer<Completion<T>> work) {
        if (dead) {
            return;
        }
        if (cut) {
            loop.post(() -> completion.failed(ErrorCode.COORDINATOR_FAILED));
            return;
        }
        work.accept(new Completion<>() {
            @Override
            public void done(T result) {
                if (!dead) {
                    completion.done(result);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                if (!dead) {
                    completion.failed(error);
                }
            }
        });
    }

    @Override
    public void readMap(Completion<ClusterMap> completion) {
        call(completion, shared::readMap);
    }

    @Override
    public void swapMap(long expectedVersion, ClusterMap next, Completion<SwapOutcome> completion) {
        call(completion, each -> shared.swapMap(expectedVersion, next, each));
    }

    @Override
    public void appendEvent(EventId id, byte[] body, Completion<Long> completion) {
        call(completion, each -> shared.appendEvent(id, body, each));
    }

    @Override
    public void readEvents(long afterIndex, int max, Completion<List<LoggedEvent>> completion) {
        call(completion, each -> shared.readEvents(afterIndex, max, each));
    }

    @Override
    public void trimEvents(long throughIndex) {
        shared.trimEvents(throughIndex);
    }

    @Override
    public void announce(Announcement self) {
        own = self;
        if (!cut && !dead) {
            shared.announce(self);
        }
    }

    @Override
    public void readAnnounced(Completion<List<Announcement>> completion) {
        call(completion, shared::readAnnounced);
    }

    @Override
    public void readController(Completion<Controller> completion) {
        call(completion, shared::readController);
    }

    @Override
    public void claimController(
            long expectedTerm, Controller next, Completion<SwapOutcome> completion) {
        call(completion, each -> shared.claimController(expectedTerm, next, each));
    }

    @Override
    public void listen(Listener receiver) {
        Invariant.check(listener == null, "one receiver");
        listener = receiver;
    }
}
