/**
 * Virtual disk images: the table of names and ids as a state machine over cluster events, the
 * layouts of inodes and attributes, ordered changes of an inode, creation and deletion.
 */
@NullMarked
package io.kelpie.cluster.vdi;

import org.jspecify.annotations.NullMarked;
