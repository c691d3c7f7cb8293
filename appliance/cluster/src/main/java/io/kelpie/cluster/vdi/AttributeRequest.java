package io.kelpie.cluster.vdi;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Payload;

import org.jspecify.annotations.Nullable;

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
     * Where an attribute is or would be.
     *
     * @param vdi VDI part of the attribute object's id
     * @param attributeId index part of it
     * @param refusal NO_SUCH_OBJECT if the key was wanted and is not there, VDI_EXISTS if it was to
     *     be new and is there, else null
     */
    public record Location(
            int vdi, int attributeId, @Nullable ErrorCode refusal) {
        private static final long WANTED = 1L << 56;
        private static final long TAKEN = 1L << 57;

        /** As the answer of the VDI's home carries it. */
        long toNumber() {
            long flags = 0;
            if (refusal != null) {
                flags = refusal == ErrorCode.NO_SUCH_OBJECT ? WANTED : TAKEN;
            }
            return flags | (long) vdi << Integer.SIZE | Integer.toUnsignedLong(attributeId);
        }

        static Location of(long number) {
            ErrorCode refusal = null;
            if ((number & (WANTED | TAKEN)) != 0) {
                refusal = (number & WANTED) != 0 ? ErrorCode.NO_SUCH_OBJECT : ErrorCode.VDI_EXISTS;
            }
            return new Location((int) (number >>> Integer.SIZE) & VdiId.MAX, (int) number, refusal);
        }
    }
}
