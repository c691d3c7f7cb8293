package io.kelpie.cluster.replication;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.HeldObject;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore;

import org.jspecify.annotations.Nullable;

import java.util.ArrayDeque;
import java.util.TreeMap;

/**
 * Lets those who need to know what the node holds of an object go one after the other, in the order
 * they came: while the store is asked, or somebody keeps the object to itself, the rest waits. So
 * writes of one object are ordered as they arrived, whether its version was known or not. Bounded
 * by the requests and messages in flight.
 */
final class ObjectTurns {
    private final PgId pg;
    private final LocalStore store;
    /** Null: what the store holds changes past this class, so it is asked every time. */
    private final @Nullable VersionCache versions;

    private final TreeMap<ObjectId, Queue> queues = new TreeMap<>();
    private boolean closed;

    ObjectTurns(PgId pg, LocalStore store, @Nullable VersionCache versions) {
        this.pg = pg;
        this.store = store;
        this.versions = versions;
    }

    /** Whether somebody waits for an object or keeps it. */
    boolean isBusy(ObjectId object) {
        return !queues.isEmpty() && queues.containsKey(object);
    }

    int waiting() {
        return queues.size();
    }

    /** Runs a turn once it is its turn and the object's head is known; perhaps at once. */
    void take(ObjectId object, Turn turn) {
        Queue queue = queues.get(object);
        if (queue == null) {
            HeldObject known = versions == null ? null : versions.find(object);
            if (known != null) {
                turn.run(known);
                return;
            }
            queue = new Queue();
            queues.put(object, queue);
        }
        queue.turns.add(turn);
        proceed(object, queue);
    }

    /** Keeps later turns of an object waiting; called within a turn. */
    void keep(ObjectId object) {
        Queue queue = queues.computeIfAbsent(object, id -> new Queue());
        queue.keepers++;
    }

    /** Lets the turns of a kept object go on. */
    void leave(ObjectId object) {
        if (closed) {
            return;
        }
        Queue queue = Invariant.present(queues.get(object), "a kept object has a queue");
        queue.keepers--;
        proceed(object, queue);
    }

    /** Drops everything that waits. */
    void close() {
        closed = true;
        TreeMap<ObjectId, Queue> left = new TreeMap<>(queues);
        queues.clear();
        left.values().forEach(queue -> queue.turns.forEach(Turn::abandoned));
    }

    private void proceed(ObjectId object, Queue queue) {
        if (queue.running) {
            return;
        }
        queue.running = true;
        while (!closed && queue.keepers == 0 && !queue.asking && !queue.turns.isEmpty()) {
            HeldObject known = versions == null ? queue.answer : versions.find(object);
            queue.answer = null;
            if (known == null) {
                ask(object, queue);
            } else {
                queue.turns.remove().run(known);
            }
        }
        queue.running = false;
        if (!closed && queue.keepers == 0 && !queue.asking && queue.turns.isEmpty()) {
            queues.remove(object);
        }
    }

    private void ask(ObjectId object, Queue queue) {
        queue.asking = true;
        store.held(pg, object, new Completion<>() {
            @Override
            public void done(HeldObject held) {
                if (closed) {
                    return;
                }
                queue.asking = false;
                if (versions == null) {
                    queue.answer = held;
                } else {
                    versions.put(held);
                }
                proceed(object, queue);
            }

            @Override
            public void failed(ErrorCode error) {
                if (closed) {
                    return;
                }
                queue.asking = false;
                if (!queue.turns.isEmpty()) {
                    queue.turns.remove().failed(error);
                }
                proceed(object, queue);
            }
        });
    }

    /** Somebody who needs an object's head. One of the three is called, once. */
    interface Turn {
        /** Its turn: what is done within the call comes before everything later. */
        void run(HeldObject head);

        /** The store could not tell. */
        void failed(ErrorCode error);

        /** The epoch is over. */
        void abandoned();
    }

    private static final class Queue {
        private final ArrayDeque<Turn> turns = new ArrayDeque<>();
        private int keepers;
        private boolean asking;
        private boolean running;
        private @Nullable HeldObject answer;
    }
}
