package io.kelpie.node.peer;

import io.kelpie.cluster.port.Payload;
import io.kelpie.node.runtime.BufferPayload;
import io.kelpie.wire.peer.EncodedFrame;
import io.kelpie.wire.peer.PeerHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;

/**
 * A frame that came in whole.
 *
 * @param header its header
 * @param content the bytes behind it; the receiver of the frame owns it
 * @param cost bytes taken from the budget, to be given back
 */
record Frame(PeerHeader header, ByteBuf content, long cost) {
    /**
     * Writes a frame; its payloads' references pass to the channel. Event loop only.
     *
     * @return completes with the last byte
     */
    static ChannelFuture write(Channel channel, EncodedFrame frame) {
        ChannelFuture last = channel.write(Unpooled.wrappedBuffer(frame.head()));
        for (Payload payload : frame.data()) {
            last = channel.write(bufferOf(payload));
        }
        return last;
    }

    /**
     * A view with indexes of its own: the same payload may be on its way to several nodes and to
     * the disk, and a socket that takes a buffer moves the buffer's index.
     */
    private static ByteBuf bufferOf(Payload payload) {
        return BufferPayload.toBuffer(payload).duplicate();
    }
}
