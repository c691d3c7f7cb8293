/**
 * What the bytes on disk mean: keys, heads, page trailers, superblock and watermark, laid out with
 * Chronicle Bytes. Pure codecs; must not know RocksDB.
 */
@NullMarked
package io.kelpie.store.format;

import org.jspecify.annotations.NullMarked;
