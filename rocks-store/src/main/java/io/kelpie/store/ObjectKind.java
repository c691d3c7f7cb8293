package io.kelpie.store;

/**
 * What an object holds; decides the column family of its pages.
 *
 * <p>The codes are written to disk and never change.
 */
public enum ObjectKind {
    /** The inode of a VDI. */
    VDI(1, "vdi"),
    /** Content of a VDI. */
    DATA(2, "data"),
    /** An attribute of a VDI. */
    VATTR(3, "vattr"),
    /** A saved machine state. */
    VMSTATE(4, "vmstate");

    private final int code;
    private final String familyName;

    ObjectKind(int code, String familyName) {
        this.code = code;
        this.familyName = familyName;
    }

    /** The code in heads on disk, 1 to 4. */
    public int code() {
        return code;
    }

    /** The name of the column family that holds the pages of objects of this kind. */
    public String familyName() {
        return familyName;
    }

    /**
     * The kind with this code.
     *
     * @throws IllegalArgumentException when no kind has it
     */
    public static ObjectKind ofCode(int code) {
        for (ObjectKind kind : values()) {
            if (kind.code == code) {
                return kind;
            }
        }
        throw new IllegalArgumentException("object kind code " + code + " is not one of 1 to 4");
    }
}
