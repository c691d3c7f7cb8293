package io.kelpie.cluster.model;

/**
 * A contiguous range inside one data object of a VDI.
 *
 * @param index position of the object in the VDI, at least 0
 * @param offset first byte inside the object, at least 0
 * @param length bytes, at least 1
 */
public record Extent(int index, long offset, long length) {}
