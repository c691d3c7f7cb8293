/**
 * The {@code sheep} daemon: its main class, how it goes into the background, and the composition of
 * one node out of the adapters. The only package that sees all of them.
 */
@NullMarked
package io.kelpie.node;

import org.jspecify.annotations.NullMarked;
