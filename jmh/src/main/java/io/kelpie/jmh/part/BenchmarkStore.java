package io.kelpie.jmh.part;

import io.kelpie.store.ObjectKey;
import io.kelpie.store.ObjectKind;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.ObjectVersion;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreConfig;
import io.kelpie.store.rocks.RocksObjectStore;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** A store in a directory of its own with objects of 4 MiB, all pages written once. Any thread. */
final class BenchmarkStore implements AutoCloseable {
    /** Bytes of an object, as in the appliance. */
    static final long OBJECT_BYTES = 4L << 20;

    /** Bytes of a page. */
    static final int PAGE_BYTES = ObjectStore.PAGE_BYTES;

    /** Pages of an object. */
    static final int PAGES = (int) (OBJECT_BYTES / PAGE_BYTES);

    private static final long CACHE_BYTES = 1L << 30;
    private static final long WRITE_BUFFER_BYTES = 256L << 20;
    private static final int FILL_BYTES = 1 << 20;

    private final TemporaryDirectory directory;
    private final ObjectStore store;
    private final int objectCount;

    /** Opens and fills; the directory is made below {@code parent}. */
    BenchmarkStore(Path parent, int objectCount) {
        this.objectCount = objectCount;
        try {
            directory = TemporaryDirectory.below(parent);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make a directory in " + parent, e);
        }
        store = RocksObjectStore.open(StoreConfig.at(directory.path().resolve("store"))
                .withMemory(CACHE_BYTES, WRITE_BUFFER_BYTES));
        fill();
    }

    ObjectStore store() {
        return store;
    }

    /** The object that an index falls to; any index. */
    ObjectKey object(int index) {
        return ObjectKey.of(0, ObjectKind.DATA, 1 + Math.floorMod(index, objectCount));
    }

    /** One write with the version raised, as the appliance does it. */
    void write(ObjectKey key, long offset, ByteBuffer bytes, long sequence) {
        store.write(new StoreBatch()
                .write(key, offset, bytes.duplicate())
                .setVersion(key, new ObjectVersion(1, sequence)));
    }

    private void fill() {
        ByteBuffer bytes = Bytes.random(FILL_BYTES);
        for (int i = 0; i < objectCount; i++) {
            ObjectKey key = object(i);
            store.write(new StoreBatch().create(key, OBJECT_BYTES, new ObjectVersion(1, 1)));
            for (long offset = 0; offset < OBJECT_BYTES; offset += FILL_BYTES) {
                write(key, offset, bytes, 2);
            }
        }
        store.syncAll();
    }

    @Override
    public void close() {
        store.close();
        directory.close();
    }
}
