package io.kelpie.cluster.vdi;

/**
 * What a new VDI shall be.
 *
 * @param name 1 to 255 characters, one a byte ({@link VdiName})
 * @param sizeBytes size of the disk, at least 0, at most 2^20 objects
 * @param copies 1 to 31, or 0 for the cluster's default
 * @param blockSizeShift 20 to 31, or 0 for the cluster's default
 */
public record CreateRequest(String name, long sizeBytes, int copies, int blockSizeShift) {}
