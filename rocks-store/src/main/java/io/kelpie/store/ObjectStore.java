package io.kelpie.store;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A store of objects and records on one disk. Objects are sparse: what was never written reads as
 * zeros and takes no space. All methods block, may be called by any thread, and throw
 * {@link StoreException} with the kinds named; after {@link #close} all of them throw kind CLOSED.
 *
 * <p>Durability: when {@link #write} has returned, the batch survives the end of this process, by
 * whatever cause. When its ticket is synced, it survives the end of the host.
 */
public interface ObjectStore extends AutoCloseable {
    /** Bytes of a page, the unit of allocation and of checksums. */
    int PAGE_BYTES = 4096;

    /** The largest object: 24 bits of page number. */
    long MAX_OBJECT_BYTES = (1L << 24) * PAGE_BYTES;

    /** The longest key of a record. */
    int MAX_RECORD_KEY_BYTES = 1024;

    /** The longest chain of base objects that a read follows, the object itself not counted. */
    int MAX_BASE_DEPTH = 64;

    /** The most entries one enumeration call returns. */
    int MAX_LISTED = 65_536;

    /**
     * Applies a batch: all of it or, when an exception is thrown, nothing. Batches that touch a
     * common object are applied one after the other.
     *
     * @return the ticket with which to sync
     * @throws StoreException NOT_FOUND when a change needs an object that is not there; EXISTS;
     *     NO_SPACE; CORRUPTION when a page that is overwritten in part, or a head, is damaged; IO;
     *     CLOSED. Only after IO may the batch be applied or not
     * @throws IllegalArgumentException when a range lies outside its object
     */
    SyncTicket write(StoreBatch batch);

    /**
     * Blocks until the ticket's batch is on the disk. One sync of the log serves all who wait.
     *
     * @throws StoreException IO when the sync failed: the store is broken from then on, and nobody
     *     may assume anything of unsynced batches; CLOSED
     */
    void sync(SyncTicket ticket);

    /**
     * Blocks until every batch applied before this call is on the disk; otherwise as {@link #sync}.
     */
    void syncAll();

    /**
     * Syncs everything applied before this call and returns {@link #syncedThrough()}: for a caller
     * that groups tickets itself. Otherwise as {@link #sync}.
     */
    long syncOnce();

    /**
     * The highest ticket sequence known to be on the disk. Does not block; works on a closed store.
     */
    long syncedThrough();

    /**
     * Reads from {@code offset} until the destination is full or the object ends; holes are filled
     * with zeros, also over what was in the destination. The position moves behind the bytes read,
     * the limit stays. Each page read is one that was there at some moment of the call; several
     * pages may be of different moments unless writers are kept away (use {@link #snapshot}
     * otherwise), but never of different generations.
     *
     * @param offset in bytes, 0 or more
     * @param destination direct is faster than heap; borrowed until return; its content is
     *     undefined when an exception is thrown
     * @return bytes read, 0 when offset is at or behind the end of the object
     * @throws StoreException NOT_FOUND; CORRUPTION when the checksum of a page in the range does
     *     not hold, or the chain of base objects is longer than {@link #MAX_BASE_DEPTH}; IO; CLOSED
     */
    int read(ObjectKey key, long offset, ByteBuffer destination);

    /**
     * The head of an object, a buried one's too; empty when there is none, or one of another kind.
     *
     * @throws StoreException CORRUPTION when the head is damaged; IO; CLOSED
     */
    Optional<ObjectHead> head(ObjectKey key);

    /**
     * One object at this instant; to be closed by the caller.
     *
     * @throws StoreException NOT_FOUND; CORRUPTION; IO; CLOSED
     */
    ObjectSnapshot snapshot(ObjectKey key);

    /**
     * The runs of held pages and of holes in a range, in order and without gaps, cut to the range
     * and to the object's size. Page data is not read or checked.
     *
     * @throws StoreException NOT_FOUND; CORRUPTION; IO; CLOSED
     */
    List<ObjectExtent> extents(ObjectKey key, long offset, long length);

    /**
     * Bytes of pages the object holds itself, without those of its base.
     *
     * @throws StoreException NOT_FOUND; CORRUPTION; IO; CLOSED
     */
    long allocatedBytes(ObjectKey key);

    /**
     * The objects from a place on, in key order over all partitions; no page is read. Go on from
     * {@link ObjectPosition#after} of the last entry; fewer than {@code max} entries mean the end.
     *
     * @param max 1 to {@link #MAX_LISTED}
     */
    List<ObjectEntry> heads(ObjectPosition from, int max);

    /**
     * The objects of one partition from an object id (unsigned) on; otherwise as
     * {@link #heads(ObjectPosition, int)}, but ends with the partition.
     */
    List<ObjectEntry> heads(int partition, ObjectPosition from, int max);

    /**
     * As {@link #heads(int, ObjectPosition, int)} from the first erasure index of an object id on.
     */
    default List<ObjectEntry> heads(int partition, long fromObjectId, int max) {
        return heads(partition, new ObjectPosition(partition, fromObjectId, 0), max);
    }

    /** The partitions that hold at least one object, ascending. */
    List<Integer> partitions();

    /**
     * Removes every object of a partition in one atomic step; a partition that holds none is no
     * error. Must not run at the same time as writes to that partition's objects.
     */
    SyncTicket dropPartition(int partition);

    /** The value of a record, or empty; the array belongs to the caller. */
    Optional<byte[]> readRecord(RecordFamily family, byte[] key);

    /**
     * Records with from &lt;= key &lt; to in key order, at one instant.
     *
     * @param max 1 to {@link #MAX_LISTED}
     */
    List<StoreRecord> scanRecords(RecordFamily family, byte[] from, byte[] to, int max);

    /**
     * Makes a copy of the whole store at one instant that can be opened as a store; hard links
     * where possible.
     *
     * @param directory must not exist, its parent must
     */
    void checkpoint(Path directory);

    /** Counters and sizes now. */
    StoreStats stats();

    /** What was found at open. */
    OpenReport openReport();

    /**
     * Why the store is broken, or empty when it is not. A broken store stays so until opened anew.
     */
    Optional<StoreException> failure();

    /**
     * Refuses new calls, waits for running ones, syncs, and gives the directory free. Closing twice
     * does nothing.
     *
     * @throws StoreException IO when the last sync failed; the store is closed nevertheless
     */
    @Override
    void close();
}
