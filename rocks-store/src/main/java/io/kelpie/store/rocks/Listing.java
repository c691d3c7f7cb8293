package io.kelpie.store.rocks;

import io.kelpie.store.ObjectEntry;
import io.kelpie.store.ObjectHead;
import io.kelpie.store.ObjectKey;
import io.kelpie.store.ObjectKind;
import io.kelpie.store.ObjectPosition;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.RecordFamily;
import io.kelpie.store.StoreRecord;
import io.kelpie.store.format.DamagedRecordException;
import io.kelpie.store.format.HeadLayout;
import io.kelpie.store.format.KeyLayout;

import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.Slice;
import org.rocksdb.WriteBatch;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Enumerates heads and records, and drops partitions: everything that goes by ranges of keys. */
final class Listing {
    /** Longer than every key, so that a range to the last partition has an end. */
    private static final int BEYOND_ALL_KEYS = KeyLayout.PAGE_END_BYTES + 1;

    private final Database database;

    Listing(Database database) {
        this.database = database;
    }

    /** Heads from a place on to the end of a partition. */
    List<ObjectEntry> heads(Scratch scratch, ObjectPosition from, int lastPartition, int max) {
        requireMax(max);
        List<ObjectEntry> entries = new ArrayList<>();
        if (from.partition() > lastPartition) {
            return entries;
        }
        try (RocksIterator iterator =
                database.rocks().newIterator(database.heads(), scratch.point())) {
            iterator.seek(KeyLayout.headKey(
                    scratch.key, from.partition(), from.objectId(), from.erasureIndex()));
            while (iterator.isValid() && entries.size() < max) {
                iterator.key(scratch.key.buffer(KeyLayout.HEAD_KEY_BYTES));
                if (KeyLayout.partition(scratch.key) > lastPartition) {
                    break;
                }
                entries.add(entry(scratch, iterator));
                iterator.next();
            }
            iterator.status();
            return entries;
        } catch (RocksDBException e) {
            throw Errors.of("cannot list objects", e);
        }
    }

    private static ObjectEntry entry(Scratch scratch, RocksIterator iterator) {
        int length = iterator.value(scratch.head.buffer(HeadLayout.BYTES));
        try {
            ObjectHead head = HeadLayout.decode(scratch.head, length, scratch.checksums);
            return new ObjectEntry(KeyLayout.objectKey(scratch.key, head.kind()), head);
        } catch (DamagedRecordException e) {
            // The kind is in the damaged head; data is what most objects are, and it is only for
            // the text.
            throw ObjectReader.damaged(KeyLayout.objectKey(scratch.key, ObjectKind.DATA), e);
        }
    }

    /** Partitions with a head: one seek each. */
    List<Integer> partitions(Scratch scratch) {
        List<Integer> partitions = new ArrayList<>();
        try (RocksIterator iterator =
                database.rocks().newIterator(database.heads(), scratch.point())) {
            iterator.seekToFirst();
            while (iterator.isValid()) {
                iterator.key(scratch.key.buffer(KeyLayout.HEAD_KEY_BYTES));
                int partition = KeyLayout.partition(scratch.key);
                partitions.add(partition);
                if (partition == ObjectKey.MAX_PARTITION) {
                    break;
                }
                iterator.seek(KeyLayout.headKey(scratch.key, partition + 1, 0, 0));
            }
            iterator.status();
            return partitions;
        } catch (RocksDBException e) {
            throw Errors.of("cannot list partitions", e);
        }
    }

    /** Adds what removes a partition: one range in each family. */
    void deletePartition(WriteBatch target, int partition) throws RocksDBException {
        byte[] from = prefix(partition);
        byte[] to = partition == ObjectKey.MAX_PARTITION ? beyondAll() : prefix(partition + 1);
        target.deleteRange(database.heads(), from, to);
        for (ObjectKind kind : ObjectKind.values()) {
            target.deleteRange(database.pages(kind), from, to);
        }
    }

    private static byte[] prefix(int partition) {
        return new byte[] {(byte) (partition >>> 8), (byte) partition};
    }

    private static byte[] beyondAll() {
        byte[] key = new byte[BEYOND_ALL_KEYS];
        Arrays.fill(key, (byte) 0xff);
        return key;
    }

    Optional<byte[]> record(Scratch scratch, RecordFamily family, byte[] key) {
        try {
            return Optional.ofNullable(
                    database.rocks().get(database.records(family), scratch.point(), key));
        } catch (RocksDBException e) {
            throw Errors.of("cannot read a record of " + family, e);
        }
    }

    List<StoreRecord> records(RecordFamily family, byte[] from, byte[] to, int max) {
        requireMax(max);
        List<StoreRecord> found = new ArrayList<>();
        if (Arrays.compareUnsigned(from, to) >= 0) {
            return found;
        }
        try (Slice end = new Slice(to);
                ReadOptions options = new ReadOptions().setIterateUpperBound(end);
                RocksIterator iterator =
                        database.rocks().newIterator(database.records(family), options)) {
            iterator.seek(from);
            while (iterator.isValid() && found.size() < max) {
                found.add(new StoreRecord(iterator.key(), iterator.value()));
                iterator.next();
            }
            iterator.status();
            return found;
        } catch (RocksDBException e) {
            throw Errors.of("cannot list records of " + family, e);
        }
    }

    private static void requireMax(int max) {
        if (max < 1 || max > ObjectStore.MAX_LISTED) {
            throw new IllegalArgumentException(
                    "max " + max + " is not within 1 to " + ObjectStore.MAX_LISTED);
        }
    }

    /** Whether there is no object and no record. */
    boolean isEmpty(Scratch scratch) {
        try {
            for (var family : database.all()) {
                try (RocksIterator iterator =
                        database.rocks().newIterator(family, scratch.point())) {
                    iterator.seekToFirst();
                    iterator.status();
                    if (iterator.isValid()) {
                        return false;
                    }
                }
            }
            return true;
        } catch (RocksDBException e) {
            throw Errors.of("cannot look into the store", e);
        }
    }
}
