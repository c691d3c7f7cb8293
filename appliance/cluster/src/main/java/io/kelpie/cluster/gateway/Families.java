package io.kelpie.cluster.gateway;

/** Answers which family a VDI belongs to; objects are placed by family. Core loop only. */
public interface Families {
    /**
     * The first ancestor of a VDI.
     *
     * @param vdiNumber a VDI id, known or not
     * @return the ancestor's id, the given one without a parent
     */
    int rootOf(int vdiNumber);
}
