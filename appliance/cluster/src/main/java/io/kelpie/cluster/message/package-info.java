/**
 * What nodes say to each other ({@code cluster.md} 12): five families of records, one for each
 * talker. {@link io.kelpie.cluster.message.LivenessMessage} between all nodes,
 * {@link io.kelpie.cluster.message.ControlMessage} to and from the controller,
 * {@link io.kelpie.cluster.message.GatewayMessage} between a gateway and a primary,
 * {@link io.kelpie.cluster.message.GroupMessage} inside a placement group,
 * {@link io.kelpie.cluster.message.RecoveryMessage} before copies are made. Messages are values; a
 * message with payloads owns one reference of each, which the receiver of the message takes over.
 */
@NullMarked
package io.kelpie.cluster.message;

import org.jspecify.annotations.NullMarked;
