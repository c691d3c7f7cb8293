package io.kelpie.cluster.gateway;

import io.kelpie.cluster.event.EventLog;
import io.kelpie.cluster.message.GatewayMessage.Answer;
import io.kelpie.cluster.message.GatewayMessage.Request;
import io.kelpie.cluster.message.GatewayMessage.Response;
import io.kelpie.cluster.message.PrimaryCall;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.model.PeerId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Ports;

import org.jspecify.annotations.Nullable;

import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Serves other nodes' gateways: what they ask goes to this node's groups or to the homes of VDIs. A
 * request that is repeated while it is in work is not begun a second time. Core loop only.
 */
final class PrimaryService {
    /** More are sent elsewhere, which makes them come back later. */
    private static final int MAX_SERVED = 65_536;
    /** How long a request waits for events that its sender knows and this node does not. */
    private static final long EVENTS_NANOS = 2_000_000_000L;

    private final Ports ports;
    private final LocalGroups groups;
    private final EventLog events;
    private final Gateway gateway;
    private final TreeMap<Key, Served> serving = new TreeMap<>();
    private final LinkedHashSet<Served> waitingForEvents = new LinkedHashSet<>();
    private @Nullable Homes homes;
    private boolean closed;

    PrimaryService(Ports ports, LocalGroups groups, EventLog events, Gateway gateway) {
        this.ports = ports;
        this.groups = groups;
        this.events = events;
        this.gateway = gateway;
    }

    void serve(Homes newHomes) {
        homes = newHomes;
    }

    Homes homes() {
        return Invariant.present(homes, "the homes of VDIs are registered");
    }

    void onRequest(PeerId from, Request request) {
        Key key = new Key(
                from,
                request.operation(),
                request.pg(),
                request.epoch(),
                vdiOf(request.call()) != null);
        Served present = serving.get(key);
        if (present != null) {
            // The earlier attempt was given up; its answer shows that this node is not silent.
            answer(from, present.requestId, elsewhere());
            present.requestId = request.requestId();
            request.release();
            return;
        }
        if (closed || serving.size() >= MAX_SERVED) {
            answer(from, request.requestId(), elsewhere());
            request.release();
            return;
        }
        Served served = new Served(key, request);
        serving.put(key, served);
        if (request.eventsIndex() <= events.appliedIndex()) {
            served.run();
        } else {
            waitForEvents(served);
        }
    }

    void close() {
        closed = true;
        List<Served> waiting = List.copyOf(waitingForEvents);
        waitingForEvents.clear();
        waiting.forEach(served -> served.failed(ErrorCode.SHUTTING_DOWN));
    }

    private void waitForEvents(Served served) {
        waitingForEvents.add(served);
        ports.timers().after(EVENTS_NANOS, () -> leave(served, ErrorCode.NO_PRIMARY));
        events.whenApplied(served.request.eventsIndex(), new Completion<>() {
            @Override
            public void done(Outcome result) {
                if (waitingForEvents.remove(served)) {
                    served.run();
                }
            }

            @Override
            public void failed(ErrorCode error) {
                leave(served, error);
            }
        });
    }

    private void leave(Served served, ErrorCode error) {
        if (waitingForEvents.remove(served)) {
            served.failed(error);
        }
    }

    private Answer elsewhere() {
        return new Answer.Elsewhere(gateway.mapVersion());
    }

    private void answer(PeerId to, long requestId, Answer answer) {
        ports.peers().send(to.node(), new Response(requestId, answer));
    }

    /** The VDI of a call to a home, or null for a call to a group. */
    static @Nullable VdiId vdiOf(PrimaryCall call) {
        if (call instanceof PrimaryCall.Allocate allocate) {
            return allocate.vdi();
        } else if (call instanceof PrimaryCall.Discard discard) {
            return discard.vdi();
        } else if (call instanceof PrimaryCall.CheckEntry check) {
            return check.vdi();
        } else if (call instanceof PrimaryCall.ReadInode read) {
            return read.vdi();
        } else if (call instanceof PrimaryCall.Resize resize) {
            return resize.vdi();
        } else if (call instanceof PrimaryCall.WriteInode write) {
            return write.vdi();
        } else if (call instanceof PrimaryCall.Attribute attribute) {
            return attribute.vdi();
        }
        return null;
    }

    /** The call with a reference more of every payload. */
    static PrimaryCall retained(PrimaryCall call) {
        if (call instanceof PrimaryCall.Allocate allocate) {
            allocate.change().retainPieces();
        } else if (call instanceof PrimaryCall.Change change) {
            change.change().retainPieces();
        } else if (call instanceof PrimaryCall.WriteInode write) {
            write.payload().retain();
        } else if (call instanceof PrimaryCall.Attribute attribute) {
            attribute.attribute().retain();
        }
        return call;
    }

    /** What makes two requests the same. */
    private record Key(PeerId from, OperationId operation, PgId pg, long epoch, boolean home)
            implements Comparable<Key> {
        private static final Comparator<Key> ORDER = Comparator.comparing(Key::operation)
                .thenComparing(Key::from)
                .thenComparing(Key::pg)
                .thenComparingLong(Key::epoch)
                .thenComparing(Key::home);

        @Override
        public int compareTo(Key other) {
            return ORDER.compare(this, other);
        }
    }

    /** A request in work; owns its payloads. */
    private final class Served {
        private final Key key;
        private final Request request;
        /** That of the latest repetition: its sender has given the earlier ones up. */
        private long requestId;

        Served(Key key, Request request) {
            this.key = key;
            this.request = request;
            this.requestId = request.requestId();
        }

        void run() {
            PrimaryCall call = request.call();
            PgId pg = request.pg();
            long epoch = request.epoch();
            if (call instanceof PrimaryCall.Change change) {
                groups.write(
                        pg,
                        epoch,
                        request.operation(),
                        change.change(),
                        ending(result -> new Answer.Done()));
            } else if (call instanceof PrimaryCall.Read read) {
                groups.read(
                        pg,
                        epoch,
                        read.object(),
                        read.offset(),
                        read.length(),
                        ending(Answer.Bytes::new));
            } else if (call instanceof PrimaryCall.Allocated allocated) {
                groups.allocated(
                        pg,
                        epoch,
                        allocated.object(),
                        allocated.offset(),
                        allocated.length(),
                        ending(Answer.Ranges::new));
            } else if (call instanceof PrimaryCall.ListObjects list) {
                groups.list(pg, epoch, list.from(), list.max(), ending(Answer.Objects::new));
            } else if (call instanceof PrimaryCall.Flush) {
                groups.flush(pg, epoch, ending(result -> new Answer.Done()));
            } else {
                runAtHome();
            }
        }

        private void runAtHome() {
            var vdi = Invariant.present(vdiOf(request.call()), "what is left is asked of a home");
            if (gateway.homeEpoch(vdi) == request.epoch()) {
                homes().call(request.call(), request.operation(), ending(answer -> answer));
            } else {
                failed(ErrorCode.NO_PRIMARY);
            }
        }

        private <T> Completion<T> ending(Function<T, Answer> answerOf) {
            return new Completion<>() {
                @Override
                public void done(T result) {
                    end(answerOf.apply(result));
                }

                @Override
                public void failed(ErrorCode error) {
                    Served.this.failed(error);
                }
            };
        }

        void failed(ErrorCode error) {
            end(GatewayOperation.isRetried(error) ? elsewhere() : new Answer.Failed(error));
        }

        private void end(Answer answer) {
            Invariant.check(serving.remove(key) == this, "a request is answered once", key);
            request.release();
            answer(key.from(), requestId, answer);
        }
    }
}
