package io.kelpie.cluster.model;

/**
 * What an object holds; told by the type bits of its id, tested from the highest bit down (Sheepdog
 * protocol, section 9).
 */
public enum ObjectKind {
    /** A slice of a virtual disk's content. */
    DATA(0),
    /** The VDI object: header, data index and reference generations. */
    INODE(1L << 63),
    /** A slice of a saved machine state. */
    VMSTATE(1L << 62),
    /** One key and value attached to a VDI (vattr). */
    ATTRIBUTE(1L << 61),
    /** Reserved: index node of a hyper volume. */
    BTREE(1L << 60),
    /** Reserved: upstream's reference counts of a data object. */
    LEDGER(1L << 59);

    private final long bit;

    ObjectKind(long bit) {
        this.bit = bit;
    }

    /**
     * The id bit of this kind.
     *
     * @return a single bit, or 0 for data objects
     */
    public long bit() {
        return bit;
    }

    static ObjectKind of(long id) {
        if ((id & INODE.bit) != 0) {
            return INODE;
        }
        if ((id & VMSTATE.bit) != 0) {
            return VMSTATE;
        }
        if ((id & ATTRIBUTE.bit) != 0) {
            return ATTRIBUTE;
        }
        if ((id & BTREE.bit) != 0) {
            return BTREE;
        }
        return (id & LEDGER.bit) != 0 ? LEDGER : DATA;
    }
}
