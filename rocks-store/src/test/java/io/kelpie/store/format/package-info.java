/** Tests of the record layouts. */
@NullMarked
package io.kelpie.store.format;

import org.jspecify.annotations.NullMarked;
