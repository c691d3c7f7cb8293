/**
 * Real processes and real clients against the tree that the package installs. One behaviour a test,
 * written like a script; what a command printed is part of the message when it fails.
 */
@NullMarked
package io.kelpie.system;

import org.jspecify.annotations.NullMarked;
