/**
 * The protocol between nodes, {@code KLP1}, and the records they keep at the coordinator, as pure
 * functions between values and bytes. Knows neither sockets nor threads nor what the values mean.
 *
 * <p>A connection begins with the four bytes {@code KLP1} from the node that dialled, then both
 * sides send frames, the dialler a {@link io.kelpie.wire.peer.Hello} first, the other a hello or a
 * {@link io.kelpie.wire.peer.Close} in answer. A frame, little endian throughout:
 *
 * <pre>
 *  0  u32  length of what follows the header, bounded by type
 *  4  u16  type, {@link io.kelpie.wire.peer.PeerType}
 *  6  u16  flags: 0
 *  8  u64  request id: REQUEST, RESPONSE, ORDER, ORDER_REPLY; else 0
 * 16  u64  map version: HEARTBEAT, HEARTBEAT_REPLY, STALE; else 0
 * 24  u32  placement group: REQUEST, ADD_LEARNER, what members of a group
 *          say and what precedes copies; else 0
 * 28  u64  partition epoch: the same
 * 36  u32  CRC-32C of the 36 bytes before
 *
 * 40  u32  CRC-32C of what follows
 * 44  u32  length of the body
 * 48       body: the message's other fields in their order, by type
 *          data: the payloads of the message, one after the other
 * </pre>
 *
 * <p>Fields of a body: numbers as wide as in the record; a truth value is u8 0 or 1; a count or a
 * length of bytes is u32 and comes before its elements; an enumeration is u8 by
 * {@link io.kelpie.wire.peer.Codes}; a node is two u64, high first, a process a node and a u64
 * incarnation, a version u64 epoch and u64 sequence; what may be absent follows a truth value; of a
 * payload only the length stands in the body. What a field does not allow is refused, so is what is
 * left over. Every count is checked against its limit and against the bytes that are there before
 * anything is allocated.
 *
 * <p>The records at the coordinator ({@link io.kelpie.wire.peer.ClusterMapCodec},
 * {@link io.kelpie.wire.peer.AnnouncementCodec}, {@link io.kelpie.wire.peer.ControllerCodec}) are
 * big endian and carry a format number of their own: they outlive versions of this protocol.
 */
@NullMarked
package io.kelpie.wire.peer;

import org.jspecify.annotations.NullMarked;
