/**
 * A node-local store of versioned objects and small records: the API and its values.
 *
 * <p>Knows nothing of networks, placement or VDIs: a partition is an opaque 16-bit prefix, flags
 * are opaque bits, an object id is 64 opaque bits ordered as an unsigned number. RocksDB stays
 * behind {@link io.kelpie.store.rocks.RocksObjectStore}.
 */
@NullMarked
package io.kelpie.store;

import org.jspecify.annotations.NullMarked;
