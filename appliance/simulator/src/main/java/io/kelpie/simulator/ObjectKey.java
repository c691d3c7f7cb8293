package io.kelpie.simulator;

import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgId;

import java.util.Comparator;

/**
 * Name of an object on disk: partition first, as the real store orders keys.
 *
 * @param pg its placement group
 * @param object its id
 */
record ObjectKey(PgId pg, ObjectId object) implements Comparable<ObjectKey> {
    private static final Comparator<ObjectKey> ORDER =
            Comparator.comparing(ObjectKey::pg).thenComparing(ObjectKey::object);

    @Override
    public int compareTo(ObjectKey other) {
        return ORDER.compare(this, other);
    }
}
