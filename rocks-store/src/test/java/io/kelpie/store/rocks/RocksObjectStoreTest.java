package io.kelpie.store.rocks;

import io.kelpie.store.ObjectStore;
import io.kelpie.store.ObjectStoreContract;
import io.kelpie.store.StoreConfig;

import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

class RocksObjectStoreTest extends ObjectStoreContract {
    @TempDir
    private Path directory;

    @Override
    protected ObjectStore open() {
        return RocksObjectStore.open(StoreConfig.small(directory.resolve("store")));
    }
}
