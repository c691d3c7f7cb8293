/**
 * What happens inside a placement group: the primary orders writes, gives them versions and answers
 * reads. With one node every group's in-sync set is this node; its acknowledgement is the local
 * store's.
 */
@NullMarked
package io.kelpie.cluster.replication;

import org.jspecify.annotations.NullMarked;
