package io.kelpie.store.rocks;

import io.kelpie.store.StoreException;

import org.rocksdb.RocksDBException;
import org.rocksdb.Status;

/** What RocksDB's errors mean to the store. */
final class Errors {
    private Errors() {}

    static StoreException of(String what, RocksDBException e) {
        return new StoreException(kind(e.getStatus()), what + ": " + e.getMessage(), e);
    }

    private static boolean isNoSpace(Status status) {
        return status.getSubCode() == Status.SubCode.NoSpace;
    }

    private static StoreException.Kind kind(Status status) {
        if (status == null) {
            return StoreException.Kind.IO;
        }
        if (isNoSpace(status)) {
            return StoreException.Kind.NO_SPACE;
        }
        return status.getCode() == Status.Code.Corruption
                ? StoreException.Kind.CORRUPTION
                : StoreException.Kind.IO;
    }
}
