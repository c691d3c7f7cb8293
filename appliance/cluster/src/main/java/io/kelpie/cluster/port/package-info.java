/**
 * The ports through which cluster logic touches the world: clock, timers, entropy, the local store,
 * the coordinator and the tracer, plus the carried types. Adapters with real threads stand behind
 * them in the daemon, virtual ones in the simulator. Facts that hold for every port: calls come
 * from the core loop only; a completion is always posted to the core loop, never run inside the
 * call that caused it; each completion ends exactly once; after close, completions fail with
 * {@code SHUTTING_DOWN}.
 */
@NullMarked
package io.kelpie.cluster.port;

import org.jspecify.annotations.NullMarked;
