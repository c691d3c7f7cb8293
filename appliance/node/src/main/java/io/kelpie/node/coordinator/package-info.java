/**
 * The {@code Coordinator} port: for a single node over records of its own store. Knows the object
 * store library and no other adapter.
 */
@NullMarked
package io.kelpie.node.coordinator;

import org.jspecify.annotations.NullMarked;
