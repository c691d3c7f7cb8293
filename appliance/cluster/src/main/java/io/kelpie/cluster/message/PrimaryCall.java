package io.kelpie.cluster.message;

import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Payload;

/** What a gateway can ask of the primary of an object's group. */
public sealed interface PrimaryCall {
    /** Drops the references of payloads inside. */
    default void release() {}

    /**
     * Changes an object; answered by Done.
     *
     * @param change the change
     */
    record Change(ObjectChange change) implements PrimaryCall {
        @Override
        public void release() {
            change.releasePieces();
        }
    }

    /**
     * Reads an object; answered by Bytes.
     *
     * @param object the object
     * @param offset first byte
     * @param length bytes
     */
    record Read(ObjectId object, long offset, int length) implements PrimaryCall {}

    /**
     * Asks which parts of a range hold stored bytes; answered by Ranges.
     *
     * @param object the object
     * @param offset first byte
     * @param length bytes
     */
    record Allocated(ObjectId object, long offset, int length) implements PrimaryCall {}

    /**
     * Lists the group's objects; answered by Objects.
     *
     * @param from first id wanted
     * @param max at most this many, 1 to 65536
     */
    record ListObjects(ObjectId from, int max) implements PrimaryCall {}

    /** Makes every write committed before durable on every in-sync copy; answered by Done. */
    record Flush() implements PrimaryCall {}

    /**
     * Asks the home of a VDI, the primary of its inode's group, to give an extent an object of the
     * VDI's own and enter it in the data index; answered by Done.
     *
     * @param vdi the VDI
     * @param change what to write into the object, an {@link ObjectChange.Action#ENSURE}
     */
    record Allocate(VdiId vdi, ObjectChange change) implements PrimaryCall {
        @Override
        public void release() {
            change.releasePieces();
        }
    }

    /**
     * Asks the home of a VDI to make a range inside one extent read as zeros and to free it when it
     * is all of the extent; answered by Done.
     *
     * @param vdi the VDI
     * @param extent position of the extent
     * @param offset first byte in it
     * @param length bytes
     * @param durable whether to sync
     */
    record Discard(VdiId vdi, int extent, long offset, long length, boolean durable)
            implements PrimaryCall {}

    /**
     * Asks the home of a VDI whose object backs an extent, for somebody who found that object
     * missing; the home takes an entry of the VDI's own away if its object is not there. Answered
     * by Number: the VDI number in the entry, 0 for a hole.
     *
     * @param vdi the VDI
     * @param extent position of the extent
     */
    record CheckEntry(VdiId vdi, int extent) implements PrimaryCall {}

    /**
     * Asks the home of a VDI for bytes of the inode, once the allocations and discards that are
     * under way in the range have ended; answered by Bytes.
     *
     * @param vdi the VDI
     * @param offset first byte
     * @param length bytes
     */
    record ReadInode(VdiId vdi, long offset, int length) implements PrimaryCall {}

    /**
     * Asks the home of a VDI to change the disk's size; answered by Done.
     *
     * @param vdi the VDI
     * @param sizeBytes the new size
     */
    record Resize(VdiId vdi, long sizeBytes) implements PrimaryCall {}

    /**
     * Asks the home of a VDI to write bytes of the inode as a Sheepdog client does; answered by
     * Done.
     *
     * @param vdi the VDI
     * @param offset first byte
     * @param payload the bytes
     * @param durable whether to sync
     */
    record WriteInode(VdiId vdi, long offset, Payload payload, boolean durable)
            implements PrimaryCall {
        @Override
        public void release() {
            payload.release();
        }
    }

    /**
     * Asks the home of a VDI to find, write or remove one of its attributes, apart from all other
     * requests for attributes of the VDI; answered by Number: the VDI part of the attribute
     * object's id times 2^32, plus its index part as unsigned, plus 2^56 if the key was wanted and
     * is not there, 2^57 if it was to be new and is there.
     *
     * @param vdi the VDI
     * @param action what to do
     * @param attribute a whole attribute object, with the value for writing
     */
    record Attribute(VdiId vdi, AttributeAction action, Payload attribute) implements PrimaryCall {
        @Override
        public void release() {
            attribute.release();
        }
    }

    /** What to do with an attribute. */
    enum AttributeAction {
        /** Find it. */
        GET,
        /** Write it, replacing one of that key. */
        PUT,
        /** Write it unless the key exists. */
        PUT_NEW,
        /** Remove it. */
        DELETE
    }
}
