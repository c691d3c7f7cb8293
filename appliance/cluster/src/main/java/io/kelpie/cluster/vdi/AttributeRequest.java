package io.kelpie.cluster.vdi;

import io.kelpie.cluster.port.Payload;

/**
 * A request for an attribute of a VDI (Sheepdog protocol, section 13).
 *
 * @param action what to do
 * @param snapshotId snapshot id of the VDI meant, or 0
 * @param attribute a whole attribute object, {@link InodeLayout#ATTRIBUTE_BYTES} bytes: name, tag,
 *     snapshot id, key and, for writing, the value
 */
public record AttributeRequest(Action action, int snapshotId, Payload attribute) {
    /** What to do with the attribute. */
    public enum Action {
        /** Find it. */
        GET,
        /** Write it, replacing one of that key. */
        PUT,
        /** Write it unless the key exists. */
        PUT_NEW,
        /** Remove it. */
        DELETE
    }

    /**
     * Where an attribute is.
     *
     * @param vdi VDI part of the attribute object's id
     * @param attributeId index part of it
     */
    public record Location(int vdi, int attributeId) {}
}
