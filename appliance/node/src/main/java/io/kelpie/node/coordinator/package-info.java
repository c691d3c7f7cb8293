/**
 * The {@code Coordinator} port: for a single node over records of its own store, for several nodes
 * of one host over a directory, for several hosts over ZooKeeper. Knows the object store library
 * and no other adapter.
 */
@NullMarked
package io.kelpie.node.coordinator;

import org.jspecify.annotations.NullMarked;
