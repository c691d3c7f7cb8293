// Kelpie, Apache-2.0.
/**
 * The bytes of the NBD protocol: constants, and pure functions between bytes and records.
 *
 * <p>Internal to the library; public only because Java has no other way to share between packages.
 * The package must not know channels, devices or exports. Every number on the wire is big endian.
 */
@NullMarked
package io.kelpie.nbd.wire;

import org.jspecify.annotations.NullMarked;
