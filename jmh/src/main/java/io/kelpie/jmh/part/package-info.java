/**
 * Micro-benchmarks of parts: the object store, its group sync, the NBD codec and the hand-over to
 * the core loop. Run by {@code jmh/bench}, never by the build. Knows no door.
 */
@NullMarked
package io.kelpie.jmh.part;

import org.jspecify.annotations.NullMarked;
