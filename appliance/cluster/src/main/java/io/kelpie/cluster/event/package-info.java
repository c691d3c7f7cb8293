/**
 * The ordered event log: events are appended through the coordinator and applied in index order to
 * deterministic state machines. Knows no VDI; those who keep state register an applier.
 */
@NullMarked
package io.kelpie.cluster.event;

import org.jspecify.annotations.NullMarked;
