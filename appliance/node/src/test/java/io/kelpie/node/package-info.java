/** Tests of the daemon's composition, and what the packages' tests share. */
package io.kelpie.node;
