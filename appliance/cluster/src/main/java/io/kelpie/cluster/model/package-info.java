/**
 * Ids and immutable values of the cluster: object, VDI, node and placement-group ids, versions, the
 * cluster map and the closed list of errors. No behaviour beyond arithmetic and checks; knows no
 * other package.
 */
@NullMarked
package io.kelpie.cluster.model;

import org.jspecify.annotations.NullMarked;
