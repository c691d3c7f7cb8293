package io.kelpie.cluster.replication;

import io.kelpie.cluster.message.GroupMessage.Digest;
import io.kelpie.cluster.message.GroupMessage.DigestRequest;
import io.kelpie.cluster.message.GroupMessage.Info;
import io.kelpie.cluster.message.GroupMessage.ListRequest;
import io.kelpie.cluster.message.GroupMessage.Listing;
import io.kelpie.cluster.message.GroupMessage.Pull;
import io.kelpie.cluster.message.GroupMessage.Versions;
import io.kelpie.cluster.message.GroupMessage.VersionsRequest;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.LogEntry;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.ObjectDigest;
import io.kelpie.cluster.port.ObjectSnapshot;
import io.kelpie.cluster.port.Outcome;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;

/** What a member tells the primary about its copies. An answer that fails is not given. */
final class Answers {
    /** Lines in one message: some 100 KiB. */
    private static final int LINES = 1024;

    private static final int MAX_OBJECTS = 4096;

    private final Group group;
    private boolean closed;

    Answers(Group group) {
        this.group = group;
    }

    void close() {
        closed = true;
    }

    /**
     * Tells what was written lately, once nothing older can change any more and every lease that
     * this process may have granted to a former primary is over.
     */
    void onQuery(int to) {
        group.promises.whenFree(() -> gather(part -> group.send(to, part)));
    }

    /** Makes the parts of this member's answer to a query. */
    void gather(Consumer<Info> receiver) {
        group.whenLogLoaded(() -> group.whenQuiet(() -> group.store().sync(new Asked<Outcome>() {
            @Override
            public void done(Outcome result) {
                if (!closed) {
                    tell(receiver);
                }
            }
        })));
    }

    private void tell(Consumer<Info> receiver) {
        List<LogEntry> lines = group.log.lines();
        boolean full = group.around.config.unclean() || !group.gapped.isEmpty();
        int from = 0;
        do {
            int to = Math.min(lines.size(), from + LINES);
            receiver.accept(new Info(
                    group.pg,
                    group.epoch(),
                    full,
                    group.log.highest(),
                    lines.subList(from, to),
                    to == lines.size()));
            from = to;
        } while (from < lines.size());
    }

    void onVersionsRequest(int to, VersionsRequest message) {
        versions(
                message.objects(),
                held -> group.send(to, new Versions(group.pg, group.epoch(), held)));
    }

    /** What this member holds of some objects, removals included. */
    void versions(List<ObjectId> objects, Consumer<List<HeldObject>> receiver) {
        TreeMap<ObjectId, HeldObject> found = new TreeMap<>();
        for (ObjectId object : objects.subList(0, Math.min(MAX_OBJECTS, objects.size()))) {
            group.store().held(group.pg, object, new Asked<HeldObject>() {
                @Override
                public void done(HeldObject held) {
                    found.put(object, told(held));
                    if (found.size() == objects.size() && !closed) {
                        List<HeldObject> all = new ArrayList<>();
                        objects.forEach(each -> all.add(found.getOrDefault(each, held)));
                        receiver.accept(all);
                    }
                }
            });
        }
    }

    private HeldObject told(HeldObject held) {
        ObjectVersion worth = Group.worth(held);
        if (group.gapped.contains(held.object())) {
            ObjectVersion version = worth.sequence() == 0
                    ? ObjectVersion.NONE
                    : new ObjectVersion(worth.epoch(), worth.sequence() - 1);
            return new HeldObject(held.object(), version, held.sizeBytes());
        }
        ObjectVersion known = group.known(held);
        if (known.compareTo(worth) > 0) {
            return new HeldObject(held.object(), known, PushReceiver.REMOVED);
        }
        return new HeldObject(held.object(), worth, held.sizeBytes());
    }

    /** What an earlier role still has on the way to the disk would belie the list afterwards. */
    void onListRequest(int to, ListRequest message) {
        group.whenQuiet(() -> list(
                message.from(),
                Math.min(MAX_OBJECTS, message.max()),
                held -> onceDurable(() -> group.send(
                        to,
                        new Listing(
                                group.pg,
                                group.epoch(),
                                message.session(),
                                message.from(),
                                held,
                                held.size() < message.max())))));
    }

    /** What is listed counts as a copy without being pushed, so it must not be lost any more. */
    private void onceDurable(Runnable then) {
        group.store().sync(new Asked<Outcome>() {
            @Override
            public void done(Outcome result) {
                if (!closed) {
                    then.run();
                }
            }
        });
    }

    /** Lists what this member holds; copies that do not count are listed with version NONE. */
    void list(ObjectId from, int max, Consumer<List<HeldObject>> receiver) {
        group.store().listHeld(group.pg, from, max, new Asked<List<HeldObject>>() {
            @Override
            public void done(List<HeldObject> held) {
                if (!closed) {
                    receiver.accept(held.stream().map(Answers.this::counted).toList());
                }
            }
        });
    }

    private HeldObject counted(HeldObject held) {
        ObjectVersion worth = Group.worth(held);
        boolean lags = group.gapped.contains(held.object());
        return new HeldObject(held.object(), lags ? ObjectVersion.NONE : worth, held.sizeBytes());
    }

    void onDigestRequest(int to, DigestRequest message) {
        group.store().digest(group.pg, message.object(), new Completion<>() {
            @Override
            public void done(ObjectDigest digest) {
                answer(new ObjectDigest(counted(digest.held()), digest.sums()));
            }

            @Override
            public void failed(ErrorCode error) {
                // A copy that cannot be read counts for nothing: it is replaced whole.
                group.gapped.add(message.object());
                answer(new ObjectDigest(
                        new HeldObject(message.object(), ObjectVersion.NONE, 0), new int[0]));
            }

            private void answer(ObjectDigest digest) {
                if (!closed) {
                    group.send(to, new Digest(group.pg, group.epoch(), message.session(), digest));
                }
            }
        });
    }

    void onPull(int to, Pull message) {
        group.store().openSnapshot(group.pg, message.object(), new Asked<ObjectSnapshot>() {
            @Override
            public void done(ObjectSnapshot snapshot) {
                if (closed) {
                    snapshot.close();
                    return;
                }
                var target = new PushSender.Target(to, 0, ObjectVersion.NONE, null);
                new PushSender(group, target, snapshot, () -> !closed, new Asked<ObjectVersion>() {
                            @Override
                            public void done(ObjectVersion version) {}
                        })
                        .start();
            }
        });
    }

    /** A question whose failure leaves the asker without an answer; it looks elsewhere then. */
    private abstract static class Asked<T> implements Completion<T> {
        @Override
        public void failed(ErrorCode error) {}
    }
}
