package io.kelpie.store;

/**
 * A run of bytes of one object that are all held, or all holes.
 *
 * @param offset from the start of the object, in bytes
 * @param length in bytes, above 0
 * @param allocated whether pages are held (here or in a base object); a hole reads as zeros
 */
public record ObjectExtent(long offset, long length, boolean allocated) {}
