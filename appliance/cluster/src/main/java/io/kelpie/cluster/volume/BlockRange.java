package io.kelpie.cluster.volume;

/**
 * A part of a volume in one allocation state, for block status.
 *
 * @param offset first byte in the volume
 * @param length bytes, at least 1
 * @param hole true if nothing is stored there: it reads as zeros
 */
public record BlockRange(long offset, long length, boolean hole) {}
