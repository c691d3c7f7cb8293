/**
 * What a node was told to be: the table of settings, their sources (defaults, configuration file,
 * environment, command line), checks and the immutable result. Knows nothing of what the settings
 * are for.
 */
@NullMarked
package io.kelpie.node.config;

import org.jspecify.annotations.NullMarked;
