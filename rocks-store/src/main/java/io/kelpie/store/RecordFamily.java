package io.kelpie.store;

import java.util.Locale;

/** A family of small records with byte keys in unsigned byte order. */
public enum RecordFamily {
    /** The node's own identity and state. */
    NODE,
    /** Maps and the epoch log. */
    EPOCH,
    /** The cluster's state machine. */
    CLUSTER,
    /** The log of operations, by partition, object and version. */
    OPLOG;

    /** The name of the column family. */
    public String familyName() {
        return name().toLowerCase(Locale.ROOT);
    }
}
