/**
 * The node's disk: the {@code LocalStore} port over the object store library, with threads striped
 * by object and one thread for group commit, and the node's identity. Knows no network and no other
 * adapter.
 */
@NullMarked
package io.kelpie.node.store;

import org.jspecify.annotations.NullMarked;
