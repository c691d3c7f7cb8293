/**
 * What people see of a node: the {@code Tracer} port to log lines and to a ring of the last events,
 * and the log file with its formats and rotation. The only package that knows a logging library.
 */
@NullMarked
package io.kelpie.node.trace;

import org.jspecify.annotations.NullMarked;
