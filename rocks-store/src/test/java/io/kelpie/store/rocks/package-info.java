/** Tests of the store on RocksDB. */
@NullMarked
package io.kelpie.store.rocks;

import org.jspecify.annotations.NullMarked;
