/**
 * The object store on RocksDB: the only package of Kelpie that touches RocksDB's classes.
 *
 * <p>Every native object has one owner that closes it; every native call passes a gate, so that a
 * use after close is an exception and not a crash of the process.
 */
@NullMarked
package io.kelpie.store.rocks;

import org.jspecify.annotations.NullMarked;
