/**
 * Any object by its id: finds the placement group and its primary and routes the request there, and
 * knows the road of everything that is in flight. Knows no VDI beyond its family.
 */
@NullMarked
package io.kelpie.cluster.gateway;

import org.jspecify.annotations.NullMarked;
