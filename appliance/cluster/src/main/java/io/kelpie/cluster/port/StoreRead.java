package io.kelpie.cluster.port;

import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgId;

/**
 * A read of one object.
 *
 * @param pg its placement group
 * @param object its id
 * @param offset first byte, at least 0
 * @param length bytes, at least 0; beyond the object's end zeros are read
 */
public record StoreRead(PgId pg, ObjectId object, long offset, int length) {}
