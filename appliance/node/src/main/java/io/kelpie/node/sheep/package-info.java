/**
 * The Sheepdog port: clients of the Sheepdog protocol, QEMU up to 5.2 and {@code dog}. Translates
 * requests to calls of the engine; knows nothing of how objects are kept.
 */
@NullMarked
package io.kelpie.node.sheep;

import org.jspecify.annotations.NullMarked;
