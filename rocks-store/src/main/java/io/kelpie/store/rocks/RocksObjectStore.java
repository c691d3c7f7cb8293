package io.kelpie.store.rocks;

import io.kelpie.store.ObjectStore;
import io.kelpie.store.StoreConfig;

/** Opens object stores on RocksDB. */
public final class RocksObjectStore {
    private RocksObjectStore() {}

    /**
     * Opens a store, or creates it. One process and one opener at a time.
     *
     * @throws io.kelpie.store.StoreException LOCKED, UNUSABLE, CORRUPTION (synced writes are
     *     missing, or the superblock is damaged), IO, NO_SPACE; each with one line that says what
     *     to do
     */
    public static ObjectStore open(StoreConfig config) {
        throw new UnsupportedOperationException("not yet: " + config.directory());
    }
}
