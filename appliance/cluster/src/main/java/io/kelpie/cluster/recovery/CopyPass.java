package io.kelpie.cluster.recovery;

import io.kelpie.cluster.message.GroupMessage.Digest;
import io.kelpie.cluster.message.GroupMessage.DigestRequest;
import io.kelpie.cluster.message.GroupMessage.ListRequest;
import io.kelpie.cluster.message.GroupMessage.Listing;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore;
import io.kelpie.cluster.port.ObjectDigest;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.replication.ActiveGroup;
import io.kelpie.cluster.replication.Learner;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One walk over a group in the order of ids, that makes a learner's copies equal to the primary's
 * ({@code cluster.md} 7.6). It goes window by window: the lists of both sides, joined, and every
 * object in it looked at in its turn among the writes, so that a write is either in what is pushed
 * or sent behind it. Lists may be a little old: what is written meanwhile in front of the cursor is
 * noted and looked at too.
 */
final class CopyPass {
    /** Objects asked of each side for a window. */
    private static final int PAGE = 512;
    /** Objects in a window, with those that writes added; one with more is made shorter. */
    private static final int MAX_WINDOW = 4096;

    private final ActiveGroup group;
    private final Learner learner;
    private final LocalStore store;
    private final Owner owner;
    private final boolean leavesForeign;
    /** What is to be looked at: for each object what the learner holds. */
    private final TreeMap<ObjectId, HeldObject> window = new TreeMap<>();

    private ObjectId from = new ObjectId(0);
    /** Last object that is done with; null before the first. */
    private @Nullable ObjectId cursor;
    /** Last object of the window; null: there is no end, or it is not known yet. */
    private @Nullable ObjectId end;

    private @Nullable List<HeldObject> mine;
    private @Nullable Listing theirs;
    /** The object whose checksums were asked for. */
    private @Nullable ObjectId digesting;

    private boolean atEnd;
    private boolean over;

    /**
     * Prepares the walk; the learner must be registered with the group by then.
     *
     * @param leavesForeign true to leave what only the learner has, which a mutation does
     */
    CopyPass(
            ActiveGroup group,
            Learner learner,
            LocalStore store,
            Owner owner,
            boolean leavesForeign) {
        this.group = group;
        this.learner = learner;
        this.store = store;
        this.owner = owner;
        this.leavesForeign = leavesForeign;
    }

    /** Gets what comes of the walk; not called any more after {@link #cancel}. */
    interface Owner {
        /**
         * Something differs.
         *
         * @param bytes at most so many will be sent
         * @param task to be run when they may be sent
         */
        void whenRoom(long bytes, Runnable task);

        /** An object is on its way. */
        void onPushed(ObjectId object, ObjectVersion version, long bytes);

        /** An object is done with. */
        void onCompared(HeldObject held);

        /** A question was sent to the learner. */
        void onAsked();

        /** Everything was looked at, and everything written from now on is sent. */
        void onEnd();

        /** It cannot go on. */
        void onFailure(String reason);
    }

    void start() {
        openWindow();
    }

    void cancel() {
        over = true;
        window.clear();
    }

    /** Whether writes to an object go to the learner: it is at or behind the cursor. */
    boolean covers(ObjectId object) {
        ObjectId at = cursor;
        return atEnd || (at != null && object.compareTo(at) <= 0);
    }

    /** Whether the learner owes an answer. */
    boolean isAsking() {
        return !atEnd && (digesting != null || (mine != null && theirs == null));
    }

    /** A write was ordered in front of the cursor. */
    void onPassedBy(ObjectId object) {
        ObjectId last = end;
        if (over || (last != null && object.compareTo(last) > 0)) {
            return;
        }
        window.putIfAbsent(object, new HeldObject(object, ObjectVersion.NONE, 0));
        shorten();
    }

    /** What is cut off comes with the next window, whose lists are newer. */
    private void shorten() {
        while (window.size() > MAX_WINDOW) {
            window.pollLastEntry();
            end = window.lastKey();
        }
    }

    /** The walk's present object is pushed as it is now. */
    void onSnapshot(ObjectId object) {
        if (!over && !covers(object)) {
            moveTo(object);
        }
    }

    private void moveTo(ObjectId object) {
        cursor = object;
        window.headMap(object, true).clear();
    }

    /**
     * Lists do not show writes under way that were ordered before this session took part, so what
     * was ordered until now has to be applied first. Later ones are noted.
     */
    private void openWindow() {
        end = null;
        mine = null;
        theirs = null;
        window.clear();
        store.sync(new Step<>() {
            @Override
            void then(Outcome result) {
                list();
            }
        });
    }

    private void list() {
        group.listHeld(from, PAGE, new Step<>() {
            @Override
            void then(List<HeldObject> held) {
                mine = held;
                owner.onAsked();
                group.send(
                        learner,
                        new ListRequest(
                                group.pg(), group.entry().epoch(), learner.session(), from, PAGE));
            }
        });
    }

    void onListing(Listing listing) {
        List<HeldObject> held = mine;
        if (over || held == null || theirs != null || !listing.from().equals(from)) {
            return;
        }
        theirs = listing;
        if (held.size() == PAGE) {
            endAt(held.get(PAGE - 1).object());
        }
        if (!listing.last()) {
            if (listing.held().isEmpty()) {
                owner.onFailure("the learner lists nothing and says that more follows");
                return;
            }
            endAt(listing.held().get(listing.held().size() - 1).object());
        }
        for (HeldObject each : held) {
            window.putIfAbsent(each.object(), new HeldObject(each.object(), ObjectVersion.NONE, 0));
        }
        for (HeldObject each : listing.held()) {
            window.put(each.object(), each);
        }
        ObjectId last = end;
        if (last != null) {
            window.tailMap(last, false).clear();
        }
        shorten();
        next();
    }

    private void endAt(ObjectId object) {
        ObjectId last = end;
        if (last == null || object.compareTo(last) < 0) {
            end = object;
        }
    }

    private void next() {
        if (over) {
            return;
        }
        Map.Entry<ObjectId, HeldObject> first = window.pollFirstEntry();
        if (first != null) {
            look(first.getValue());
            return;
        }
        ObjectId last = end;
        if (last == null || last.value() == -1) {
            atEnd = true;
            owner.onEnd();
        } else {
            cursor = last;
            from = new ObjectId(last.value() + 1);
            openWindow();
        }
    }

    private void look(HeldObject found) {
        group.visit(found.object(), new Step<>() {
            @Override
            void then(HeldObject own) {
                boolean foreign = own.version().equals(ObjectVersion.NONE);
                // A copy without a version is the rest of a push that was cut short.
                boolean rest = found.version().equals(ObjectVersion.NONE) && found.sizeBytes() > 0;
                boolean equal = own.version().equals(found.version()) && !(foreign && rest);
                if (equal || (foreign && leavesForeign)) {
                    moveTo(found.object());
                    owner.onCompared(own);
                    next();
                } else if (isComparable(own, found)) {
                    askDigest(found.object());
                } else {
                    push(own, found, null, foreign ? 0 : own.sizeBytes());
                }
            }
        });
    }

    /** Whether chunks of one may be laid over the other, and finding out which is worth it. */
    private static boolean isComparable(HeldObject own, HeldObject found) {
        return !found.version().equals(ObjectVersion.NONE)
                && own.sizeBytes() == found.sizeBytes()
                && own.sizeBytes() > ObjectDigest.CHUNK_BYTES;
    }

    private void askDigest(ObjectId object) {
        digesting = object;
        owner.onAsked();
        group.send(
                learner,
                new DigestRequest(group.pg(), group.entry().epoch(), learner.session(), object));
    }

    void onDigest(Digest answer) {
        ObjectDigest digest = answer.digest();
        HeldObject found = digest.held();
        if (over || digesting == null || !found.object().equals(digesting)) {
            return;
        }
        digesting = null;
        group.visit(found.object(), new Step<>() {
            @Override
            void then(HeldObject own) {
                // No checksums: the learner cannot read what it has.
                boolean whole = digest.sums().length == 0 || !isComparable(own, found);
                push(own, found, whole ? null : digest.sums(), own.sizeBytes());
            }
        });
    }

    private void push(HeldObject own, HeldObject found, int @Nullable [] sums, long bytes) {
        owner.whenRoom(bytes, () -> {
            if (over) {
                return;
            }
            group.push(learner, found, sums, new Step<>() {
                @Override
                void then(ObjectVersion version) {
                    Invariant.check(covers(found.object()), "a pushed object is covered", found);
                    owner.onPushed(found.object(), version, bytes);
                    owner.onCompared(own);
                    next();
                }
            });
        });
    }

    /** A step whose failure ends the walk, and whose success means nothing after its end. */
    private abstract class Step<T> implements Completion<T> {
        abstract void then(T result);

        @Override
        public final void done(T result) {
            if (!over) {
                then(result);
            }
        }

        @Override
        public final void failed(ErrorCode error) {
            if (!over) {
                owner.onFailure("the primary cannot read its copy: " + error);
            }
        }
    }
}
