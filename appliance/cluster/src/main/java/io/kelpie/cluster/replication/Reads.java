package io.kelpie.cluster.replication;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore.DataRange;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.StoreRead;

import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Reads at an active primary: after the overlapping open writes, from the local copy, and answered
 * only if after that the lease still holds. What was current before the check was current at some
 * instant between request and answer, however long the process was paused.
 */
final class Reads {
    /** Rounds of grants to wait for, damaged copies to replace, late writes to let pass. */
    private static final int MAX_ATTEMPTS = 3;

    private final Group group;
    private final Traffic traffic;
    private final Healing healing;
    private final Teaching teaching;
    private final BooleanSupplier over;

    Reads(Group group, Traffic traffic, Healing healing, Teaching teaching, BooleanSupplier over) {
        this.group = group;
        this.traffic = traffic;
        this.healing = healing;
        this.teaching = teaching;
        this.over = over;
    }

    /** The only node: nobody can have taken over. */
    void readAlone(ObjectId object, long offset, int length, Completion<Payload> completion) {
        traffic.afterOverlapping(object, offset, length, () -> {
            if (over.getAsBoolean()) {
                completion.failed(ErrorCode.NO_PRIMARY);
            } else {
                group.store().read(new StoreRead(group.pg, object, offset, length), completion);
            }
        });
    }

    void read(ObjectId object, long offset, int length, Completion<Payload> completion) {
        StoreRead range = new StoreRead(group.pg, object, offset, length);
        new Attempt<Payload>(range, completion, Payload::release) {
            @Override
            void ask() {
                group.store().read(range, this);
            }
        }.begin();
    }

    void allocated(
            ObjectId object, long offset, int length, Completion<List<DataRange>> completion) {
        StoreRead range = new StoreRead(group.pg, object, offset, length);
        new Attempt<List<DataRange>>(range, completion, ranges -> {}) {
            @Override
            void ask() {
                group.store().allocated(range, this);
            }
        }.begin();
    }

    void list(ObjectId from, int max, Completion<List<ObjectId>> completion) {
        StoreRead nothing = new StoreRead(group.pg, from, 0, 0);
        new Attempt<List<ObjectId>>(nothing, completion, ids -> {}) {
            @Override
            void ask() {
                group.store().list(group.pg, from, max, this);
            }
        }.begin();
    }

    private abstract class Attempt<T> implements Completion<T> {
        private final StoreRead range;
        private final Completion<T> client;
        private final Consumer<T> drop;
        private int attempts;

        Attempt(StoreRead range, Completion<T> client, Consumer<T> drop) {
            this.range = range;
            this.client = client;
            this.drop = drop;
        }

        abstract void ask();

        void begin() {
            attempts++;
            boolean clean = group.around.has(Rule.CLEAN_READ);
            long length = clean ? range.length() : 0;
            traffic.afterOverlapping(range.object(), range.offset(), length, () -> {
                if (over.getAsBoolean()) {
                    client.failed(ErrorCode.NO_PRIMARY);
                } else {
                    ask();
                }
            });
        }

        @Override
        public void done(T result) {
            boolean last = attempts >= MAX_ATTEMPTS;
            if (over.getAsBoolean()) {
                drop.accept(result);
                client.failed(ErrorCode.NO_PRIMARY);
            } else if (!last
                    && group.around.has(Rule.CLEAN_READ)
                    && traffic.overlaps(range.object(), range.offset(), range.length())) {
                drop.accept(result);
                begin();
            } else if (isLeaseHeld()) {
                client.done(result);
            } else {
                drop.accept(result);
                if (last) {
                    client.failed(ErrorCode.NO_PRIMARY);
                } else {
                    group.around.leases.afterNextGrant(this::begin);
                }
            }
        }

        @Override
        public void failed(ErrorCode error) {
            if (over.getAsBoolean()) {
                client.failed(ErrorCode.NO_PRIMARY);
            } else if (error == ErrorCode.CORRUPT_OBJECT && attempts < MAX_ATTEMPTS) {
                healing.heal(range.object(), healed -> {
                    if (healed) {
                        begin();
                    } else {
                        end(error);
                    }
                });
            } else {
                end(error);
            }
        }

        /** That an object is missing is a value too: it needs the lease like any other. */
        private void end(ErrorCode error) {
            if (isLeaseHeld()) {
                client.failed(error);
            } else if (attempts >= MAX_ATTEMPTS) {
                client.failed(ErrorCode.NO_PRIMARY);
            } else {
                group.around.leases.afterNextGrant(this::begin);
            }
        }

        private boolean isLeaseHeld() {
            return !group.around.has(Rule.LEASE)
                    || group.around.leases.isHeld(
                            group.epoch(), group.around.map.version(), teaching.givers());
        }
    }
}
