package io.kelpie.store.memory;

import static io.kelpie.store.StoreFixtures.dataKey;
import static io.kelpie.store.StoreFixtures.version;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.store.ObjectStore;
import io.kelpie.store.ObjectStoreContract;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreException;

import org.junit.jupiter.api.Test;

class MemoryObjectStoreTest extends ObjectStoreContract {
    @Override
    protected ObjectStore open() {
        return new MemoryObjectStore();
    }

    @Test
    void crashLosesWhatWasNotSynced() {
        MemoryObjectStore store = new MemoryObjectStore();
        store.write(new StoreBatch().create(dataKey(1), 10, version(1)));
        store.syncAll();
        store.write(new StoreBatch().create(dataKey(2), 10, version(1)));

        store.crash();

        assertThat(store.head(dataKey(1))).isPresent();
        assertThat(store.head(dataKey(2))).isEmpty();
    }

    @Test
    void failureIsThrownUntilItIsTakenBack() {
        MemoryObjectStore store = new MemoryObjectStore();
        StoreException failure = new StoreException(StoreException.Kind.NO_SPACE, "full");

        store.fail(failure);
        assertThatThrownBy(() -> store.write(new StoreBatch().create(dataKey(1), 10, version(1))))
                .hasCause(failure);
        store.fail(null);
        store.write(new StoreBatch().create(dataKey(1), 10, version(1)));

        assertThat(store.head(dataKey(1))).isPresent();
    }
}
