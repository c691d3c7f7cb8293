package io.kelpie.store.rocks;

import io.kelpie.store.ObjectKind;
import io.kelpie.store.RecordFamily;
import io.kelpie.store.StoreConfig;

import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.BloomFilter;
import org.rocksdb.Cache;
import org.rocksdb.ChecksumType;
import org.rocksdb.ColumnFamilyDescriptor;
import org.rocksdb.ColumnFamilyHandle;
import org.rocksdb.ColumnFamilyOptions;
import org.rocksdb.CompressionType;
import org.rocksdb.DBOptions;
import org.rocksdb.HyperClockCache;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBufferManager;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;

/**
 * RocksDB with the store's families and options; owns every native object and closes them in
 * reverse order.
 */
final class Database implements AutoCloseable {
    private static final String HEAD_FAMILY = "head";
    private static final int BLOOM_BITS = 10;
    private static final int BLOCK_BYTES = 16 << 10;
    private static final long MAX_PAGE_BUFFER_BYTES = 64L << 20;
    private static final long MAX_SMALL_BUFFER_BYTES = 16L << 20;
    private static final long MIN_BUFFER_BYTES = 1L << 20;
    private static final long MIN_WAL_BYTES = 16L << 20;
    private static final int MAX_WRITE_BUFFERS = 4;

    /**
     * Range tombstones in a memtable slow its readers down (rocks-store.md 9), so it is flushed at
     * this many.
     */
    private static final int MAX_MEMTABLE_RANGE_DELETIONS = 256;

    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private final Map<ObjectKind, ColumnFamilyHandle> pages = new EnumMap<>(ObjectKind.class);
    private final Map<RecordFamily, ColumnFamilyHandle> records = new EnumMap<>(RecordFamily.class);
    private final Cache cache;
    private final RocksDB rocks;
    private final ColumnFamilyHandle superblock;
    private final ColumnFamilyHandle heads;

    /** Opens or creates it. */
    Database(Path directory, StoreConfig config, boolean directIo, WALRecoveryMode recovery)
            throws RocksDBException {
        boolean opened = false;
        try {
            cache = own(new HyperClockCache(config.cacheBytes(), 0, -1, false));
            WriteBufferManager buffers =
                    own(new WriteBufferManager(config.writeBufferBytes(), cache, false));
            DBOptions options = options(config, directIo, recovery, buffers);
            ColumnFamilyOptions dataOptions = family(config, MAX_PAGE_BUFFER_BYTES);
            ColumnFamilyOptions smallOptions = family(config, MAX_SMALL_BUFFER_BYTES);
            List<ColumnFamilyDescriptor> descriptors = new ArrayList<>();
            for (String name : familyNames()) {
                boolean large = name.equals(ObjectKind.DATA.familyName())
                        || name.equals(ObjectKind.VMSTATE.familyName());
                descriptors.add(new ColumnFamilyDescriptor(
                        name.getBytes(StandardCharsets.US_ASCII),
                        large ? dataOptions : smallOptions));
            }
            List<ColumnFamilyHandle> handles = new ArrayList<>();
            rocks = RocksDB.open(options, directory.toString(), descriptors, handles);
            own(rocks);
            handles.forEach(this::own);
            int next = 0;
            superblock = handles.get(next++);
            heads = handles.get(next++);
            for (ObjectKind kind : ObjectKind.values()) {
                pages.put(kind, handles.get(next++));
            }
            for (RecordFamily family : RecordFamily.values()) {
                records.put(family, handles.get(next++));
            }
            opened = true;
        } finally {
            if (!opened) {
                close();
            }
        }
    }

    /** The names of all families in the order in which they are opened. */
    private static List<String> familyNames() {
        List<String> names = new ArrayList<>();
        names.add(new String(RocksDB.DEFAULT_COLUMN_FAMILY, StandardCharsets.US_ASCII));
        names.add(HEAD_FAMILY);
        for (ObjectKind kind : ObjectKind.values()) {
            names.add(kind.familyName());
        }
        for (RecordFamily family : RecordFamily.values()) {
            names.add(family.familyName());
        }
        return names;
    }

    /**
     * Families in a database on disk that this version does not know; a database is not changed by
     * this.
     */
    static Set<String> foreignFamilies(Path directory) throws RocksDBException {
        Set<String> foreign = new TreeSet<>();
        try (Options options = new Options()) {
            for (byte[] name : RocksDB.listColumnFamilies(options, directory.toString())) {
                foreign.add(new String(name, StandardCharsets.UTF_8));
            }
        }
        foreign.removeAll(familyNames());
        return foreign;
    }

    private DBOptions options(
            StoreConfig config,
            boolean directIo,
            WALRecoveryMode recovery,
            WriteBufferManager buffers) {
        // Has no setter: each log names the one before it, so that a log gone missing is an error
        // at open.
        Properties unset = new Properties();
        unset.setProperty("track_and_verify_wals", "true");
        DBOptions options = own(DBOptions.getDBOptionsFromProps(unset));
        options.setCreateIfMissing(true)
                .setCreateMissingColumnFamilies(true)
                .setWriteBufferManager(buffers)
                .setMaxTotalWalSize(Math.max(MIN_WAL_BYTES, config.writeBufferBytes()))
                .setMaxBackgroundJobs(config.backgroundJobs())
                .setMaxSubcompactions(1)
                .setMaxOpenFiles(-1)
                .setMaxFileOpeningThreads(16)
                .setSkipStatsUpdateOnDbOpen(true)
                .setBytesPerSync(1L << 20)
                .setWritableFileMaxBufferSize(1L << 20)
                .setUseDirectReads(directIo)
                .setUseDirectIoForFlushAndCompaction(directIo)
                .setAdviseRandomOnOpen(false)
                .setEnablePipelinedWrite(false)
                .setManualWalFlush(false)
                .setRecycleLogFileNum(0)
                .setWalRecoveryMode(recovery)
                .setKeepLogFileNum(4)
                .setMaxLogFileSize(16L << 20)
                .setStatsDumpPeriodSec(0);
        return options;
    }

    private ColumnFamilyOptions family(StoreConfig config, long maxBufferBytes) {
        long buffer =
                Math.max(MIN_BUFFER_BYTES, Math.min(maxBufferBytes, config.writeBufferBytes() / 2));
        BlockBasedTableConfig table = new BlockBasedTableConfig()
                .setBlockCache(cache)
                .setBlockSize(BLOCK_BYTES)
                .setFormatVersion(6)
                .setChecksumType(ChecksumType.kXXH3)
                .setFilterPolicy(own(new BloomFilter(BLOOM_BITS, false)))
                .setOptimizeFiltersForMemory(true)
                .setCacheIndexAndFilterBlocks(true)
                .setCacheIndexAndFilterBlocksWithHighPriority(true)
                .setPinL0FilterAndIndexBlocksInCache(true);
        ColumnFamilyOptions options = own(new ColumnFamilyOptions());
        options.setTableFormatConfig(table)
                .setWriteBufferSize(buffer)
                .setMaxWriteBufferNumber(MAX_WRITE_BUFFERS)
                .setMinWriteBufferNumberToMerge(1)
                .setLevel0FileNumCompactionTrigger(4)
                .setLevel0SlowdownWritesTrigger(20)
                .setLevel0StopWritesTrigger(36)
                .setTargetFileSizeBase(buffer)
                .setMaxBytesForLevelBase(4 * buffer)
                .setLevelCompactionDynamicLevelBytes(true)
                .setCompressionType(CompressionType.NO_COMPRESSION)
                .setMemtablePrefixBloomSizeRatio(0.02)
                .setMemtableWholeKeyFiltering(true)
                .setMemtableMaxRangeDeletions(MAX_MEMTABLE_RANGE_DELETIONS);
        return options;
    }

    private <T extends AutoCloseable> T own(T resource) {
        owned.push(resource);
        return resource;
    }

    RocksDB rocks() {
        return rocks;
    }

    ColumnFamilyHandle superblock() {
        return superblock;
    }

    ColumnFamilyHandle heads() {
        return heads;
    }

    ColumnFamilyHandle pages(ObjectKind kind) {
        ColumnFamilyHandle handle = pages.get(kind);
        if (handle == null) {
            throw new IllegalStateException("no family for " + kind);
        }
        return handle;
    }

    ColumnFamilyHandle records(RecordFamily family) {
        ColumnFamilyHandle handle = records.get(family);
        if (handle == null) {
            throw new IllegalStateException("no family for " + family);
        }
        return handle;
    }

    /** Every family but the superblock's. */
    List<ColumnFamilyHandle> all() {
        List<ColumnFamilyHandle> all = new ArrayList<>(pages.values());
        all.add(heads);
        all.addAll(records.values());
        return all;
    }

    long cacheUsedBytes() {
        return cache.getUsage();
    }

    /** Bytes of writes that are not in tables yet. */
    long memtableBytes() throws RocksDBException {
        return rocks.getAggregatedLongProperty("rocksdb.cur-size-all-mem-tables");
    }

    @Override
    public void close() {
        while (!owned.isEmpty()) {
            AutoCloseable next = owned.pop();
            try {
                next.close();
            } catch (Exception e) {
                // No close of RocksDB's objects throws; the interface makes us say so.
                throw new IllegalStateException("cannot close " + next, e);
            }
        }
    }
}
