package io.kelpie.cluster.model;

/**
 * Id of an object, the unit of placement and replication. 64 bits: kind bits 63..59, VDI id in bits
 * 55..32, index in bits 31..0 (Sheepdog protocol, section 9). Ordered as an unsigned number.
 *
 * @param value the raw 64 bits
 */
public record ObjectId(long value) implements Comparable<ObjectId> {
    private static final int VDI_SHIFT = 32;

    /**
     * The VDI object (inode) of a VDI.
     *
     * @param vdi the VDI
     * @return its inode's id
     */
    public static ObjectId inode(VdiId vdi) {
        return of(ObjectKind.INODE, vdi, 0);
    }

    /**
     * A data object.
     *
     * @param vdi the VDI that owns the object
     * @param index its position in the VDI, as an unsigned 32-bit number
     * @return the object's id
     */
    public static ObjectId data(VdiId vdi, int index) {
        return of(ObjectKind.DATA, vdi, index);
    }

    /**
     * An attribute object.
     *
     * @param vdi hash of the VDI's name
     * @param attributeId low 32 bits of the attribute's hash, plus probing
     * @return the object's id
     */
    public static ObjectId attribute(VdiId vdi, int attributeId) {
        return of(ObjectKind.ATTRIBUTE, vdi, attributeId);
    }

    private static ObjectId of(ObjectKind kind, VdiId vdi, int index) {
        return new ObjectId(kind.bit() | ((long) vdi.value() << VDI_SHIFT) | (index & 0xFFFFFFFFL));
    }

    /**
     * What the object holds.
     *
     * @return the kind told by the type bits
     */
    public ObjectKind kind() {
        return ObjectKind.of(value);
    }

    /**
     * The 24 bits of the VDI id; 0 is possible in ids that clients make up.
     *
     * @return 0 to 0xFFFFFF
     */
    public int vdiNumber() {
        return (int) (value >>> VDI_SHIFT) & VdiId.MAX;
    }

    /**
     * The VDI the object belongs to.
     *
     * @return its id
     * @throws IllegalArgumentException if the id's VDI bits are zero
     */
    public VdiId vdi() {
        return new VdiId(vdiNumber());
    }

    /**
     * Position in the VDI, attribute hash or state position, by kind.
     *
     * @return the low 32 bits
     */
    public int index() {
        return (int) value;
    }

    @Override
    public int compareTo(ObjectId other) {
        return Long.compareUnsigned(value, other.value);
    }

    @Override
    public String toString() {
        return String.format("%016x", value);
    }
}
