package io.kelpie.cluster.model;

/**
 * What a node holds of an object. {@link ObjectVersion#NONE}: nothing.
 * {@link ObjectVersion#PARTIAL}: a copy that is still being received.
 *
 * @param object the object
 * @param version version of its last write here
 * @param sizeBytes its size, 0 if the node holds nothing
 */
public record HeldObject(ObjectId object, ObjectVersion version, long sizeBytes) {}
