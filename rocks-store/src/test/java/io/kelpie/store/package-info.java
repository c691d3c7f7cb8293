/** The contract of object stores, as tests. */
@NullMarked
package io.kelpie.store;

import org.jspecify.annotations.NullMarked;
