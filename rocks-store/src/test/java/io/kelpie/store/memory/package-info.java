/** An object store in memory: the double that tests of this and other modules use. */
@NullMarked
package io.kelpie.store.memory;

import org.jspecify.annotations.NullMarked;
