package io.kelpie.node.store;

import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.PgId;
import io.kelpie.store.ObjectKey;
import io.kelpie.store.ObjectKind;

import java.nio.charset.StandardCharsets;

/**
 * How the core's names become keys of the object store. The partition of a placement group is the
 * key prefix; records of the core lie in the cluster family behind a prefix of their own, because
 * the single coordinator keeps its event log there too.
 */
final class StoreKeys {
    /** Before the head of a named record. */
    private static final String RECORD = "record/";
    /** Before the pieces of a large record. */
    private static final String PIECE = "piece/";

    private static final int MAX_NAME = 64;

    private StoreKeys() {}

    static ObjectKey object(PgId pg, ObjectId object) {
        return ObjectKey.of(pg.partition(), kindOf(object), object.value());
    }

    static ObjectKind kindOf(ObjectId object) {
        return switch (object.kind()) {
            case INODE, BTREE, LEDGER -> ObjectKind.VDI;
            case DATA -> ObjectKind.DATA;
            case ATTRIBUTE -> ObjectKind.VATTR;
            case VMSTATE -> ObjectKind.VMSTATE;
        };
    }

    static byte[] record(String name) {
        return ascii(RECORD + checked(name));
    }

    /** Pieces sort by generation, then by index, because both have a fixed width. */
    static byte[] piece(String name, long generation, int index) {
        return ascii(String.format("%s%s/%016x/%08x", PIECE, checked(name), generation, index));
    }

    /** The first key of a generation's pieces. */
    static byte[] pieces(String name, long generation) {
        return ascii(String.format("%s%s/%016x", PIECE, checked(name), generation));
    }

    private static String checked(String name) {
        if (name.isEmpty() || name.length() > MAX_NAME || name.indexOf('/') >= 0) {
            throw new IllegalArgumentException(
                    "a record's name has 1 to 64 characters and no slash, not '" + name + "'");
        }
        return name;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
