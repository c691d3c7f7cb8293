/**
 * Brings learners up to date and removes copies that nobody needs any more: learning sessions at
 * the active primary ({@code cluster.md} 7.6, 16.3), their limits and their order (section 9), the
 * purge of strays. Knows what replication says of its groups; it never orders a write itself.
 */
@NullMarked
package io.kelpie.cluster.recovery;

import org.jspecify.annotations.NullMarked;
