package io.kelpie.wire.frame;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.wire.sheep.HeaderWords;
import io.kelpie.wire.sheep.RequestHeader;
import io.kelpie.wire.sheep.ResponseHeader;
import io.kelpie.wire.sheep.SheepFlags;
import io.kelpie.wire.sheep.SheepFormatException;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepProtocol;
import io.kelpie.wire.sheep.SheepResult;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Framing over an embedded channel. */
final class SheepFrameTest {
    private static final long OBJECT_BYTES = 4 << 20;

    @Test
    void findsTheSameRequestsAtEverySplitPoint() {
        byte[] stream = concatenate(
                request(SheepOpcode.WRITE_OBJ, "abcde"), request(SheepOpcode.READ_VDIS, ""));
        for (int split = 0; split <= stream.length; split++) {
            EmbeddedChannel channel = new EmbeddedChannel(new SheepRequestDecoder(OBJECT_BYTES));

            channel.writeInbound(Unpooled.copiedBuffer(stream, 0, split));
            channel.writeInbound(Unpooled.copiedBuffer(stream, split, stream.length - split));

            assertThat(received(channel))
                    .as("split at " + split)
                    .containsExactly("WRITE_OBJ abcde", "READ_VDIS ");
            channel.finishAndReleaseAll();
        }
    }

    @Test
    void findsRequestsInSingleBytes() {
        EmbeddedChannel channel = new EmbeddedChannel(new SheepRequestDecoder(OBJECT_BYTES));

        for (byte b : concatenate(
                request(SheepOpcode.NEW_VDI, "name"), request(SheepOpcode.WRITE_OBJ, ""))) {
            channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {b}));
        }

        assertThat(received(channel)).containsExactly("NEW_VDI name", "WRITE_OBJ ");
        channel.finishAndReleaseAll();
    }

    @Test
    void givesThePayloadInOneDirectBufferOfItsSize() {
        EmbeddedChannel channel = new EmbeddedChannel(new SheepRequestDecoder(OBJECT_BYTES));

        channel.writeInbound(Unpooled.wrappedBuffer(request(SheepOpcode.WRITE_OBJ, "abcde")));

        SheepRequest request = channel.readInbound();
        assertThat(request.payload().isDirect()).isTrue();
        assertThat(request.payload().capacity()).isEqualTo(5);
        assertThat(request.payload().refCnt()).isEqualTo(1);
        request.payload().release();
        channel.finishAndReleaseAll();
    }

    @Test
    void refusesAPayloadBeyondItsLimitBeforeAllocating() {
        EmbeddedChannel channel = new EmbeddedChannel(new SheepRequestDecoder(OBJECT_BYTES));
        byte[] header = header(SheepOpcode.NEW_VDI, SheepFlags.WRITE, 128 * 1024 + 1);

        assertThatThrownBy(() -> channel.writeInbound(Unpooled.wrappedBuffer(header)))
                .isInstanceOf(SheepFormatException.class)
                .hasMessage(
                        "opcode 0x11 with a payload of 131073 bytes; at most 131072 are allowed");
        channel.writeInbound(Unpooled.wrappedBuffer(request(SheepOpcode.READ_VDIS, "")));
        assertThat(channel.<Object>readInbound())
                .as("nothing after the frame is lost")
                .isNull();
        channel.finishAndReleaseAll();
    }

    @Test
    void allowsAWholeInodeAndOneObject() {
        EmbeddedChannel channel = new EmbeddedChannel(new SheepRequestDecoder(1 << 24));
        byte[] inode = header(SheepOpcode.CREATE_AND_WRITE_OBJ, SheepFlags.WRITE, 1 << 24);

        channel.writeInbound(Unpooled.wrappedBuffer(inode));

        assertThat(channel.<Object>readInbound())
                .as("the payload is still to come")
                .isNull();
        assertThatThrownBy(() -> new EmbeddedChannel(new SheepRequestDecoder(1 << 20))
                        .writeInbound(Unpooled.wrappedBuffer(header(
                                SheepOpcode.WRITE_OBJ,
                                SheepFlags.WRITE,
                                SheepProtocol.INODE_BYTES + 1))))
                .isInstanceOf(SheepFormatException.class);
        channel.finishAndReleaseAll();
    }

    @Test
    void ignoresTheReceiveCapacityOfARead() {
        EmbeddedChannel channel = new EmbeddedChannel(new SheepRequestDecoder(OBJECT_BYTES));

        channel.writeInbound(Unpooled.wrappedBuffer(header(SheepOpcode.READ_OBJ, 0, 0xFFFF_FFFFL)));

        SheepRequest request = channel.readInbound();
        assertThat(request.header().dataLength()).isEqualTo(0xFFFF_FFFFL);
        assertThat(request.payload().isReadable()).isFalse();
        channel.finishAndReleaseAll();
    }

    @Test
    void releasesAHalfReadPayloadWhenTheChannelCloses() {
        EmbeddedChannel channel = new EmbeddedChannel(new SheepRequestDecoder(OBJECT_BYTES));
        ByteBuf half = Unpooled.copiedBuffer(request(SheepOpcode.WRITE_OBJ, "abcde"), 0, 50);

        channel.writeInbound(half);
        channel.finishAndReleaseAll();

        assertThat(half.refCnt()).isZero();
        assertThat(channel.<Object>readInbound()).isNull();
    }

    @Test
    void writesHeaderAndThePayloadBufferItself() {
        EmbeddedChannel channel = new EmbeddedChannel(new SheepReplyEncoder());
        ByteBuf payload = Unpooled.directBuffer().writeBytes(new byte[] {1, 2, 3});
        RequestHeader request =
                new RequestHeader(2, SheepOpcode.READ_OBJ.number(), 0, 0, 77, 3, HeaderWords.ZERO);

        channel.writeOutbound(
                SheepReply.of(request, 9, SheepResult.SUCCESS, HeaderWords.ZERO, payload));

        ByteBuf header = channel.readOutbound();
        ResponseHeader decoded = ResponseHeader.decode(header.nioBuffer());
        assertThat(decoded)
                .isEqualTo(new ResponseHeader(
                        0, SheepOpcode.READ_OBJ.number(), 0, 9, 77, 3, HeaderWords.ZERO));
        assertThat(channel.<ByteBuf>readOutbound()).isSameAs(payload);
        assertThat(payload.refCnt()).isEqualTo(1);
        header.release();
        payload.release();
    }

    @Test
    void writesAnEmptyReplyAsAHeaderOnly() {
        EmbeddedChannel channel = new EmbeddedChannel(new SheepReplyEncoder());
        RequestHeader request =
                new RequestHeader(2, SheepOpcode.NEW_VDI.number(), 1, 0, 5, 256, HeaderWords.ZERO);

        channel.writeOutbound(SheepReply.of(request, 1, SheepResult.VDI_EXIST, HeaderWords.ZERO));

        ByteBuf header = channel.readOutbound();
        assertThat(ResponseHeader.decode(header.nioBuffer()).result()).isEqualTo(4);
        assertThat(channel.<Object>readOutbound()).isNull();
        header.release();
    }

    @Test
    void refusesAReplyWhoseLengthLies() {
        ResponseHeader header = new ResponseHeader(0, 2, 0, 1, 0, 4, HeaderWords.ZERO);

        assertThatThrownBy(() -> new SheepReply(header, Unpooled.EMPTY_BUFFER))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("data length 4 does not match a payload of 0 bytes");
    }

    private static List<String> received(EmbeddedChannel channel) {
        List<String> requests = new ArrayList<>();
        for (SheepRequest request = channel.readInbound();
                request != null;
                request = channel.readInbound()) {
            String payload = request.payload().toString(java.nio.charset.StandardCharsets.US_ASCII);
            requests.add(SheepOpcode.of(request.header().opcode()) + " " + payload);
            request.payload().release();
        }
        return requests;
    }

    private static byte[] request(SheepOpcode opcode, String payload) {
        int flags = opcode == SheepOpcode.READ_VDIS ? 0 : SheepFlags.WRITE;
        byte[] bytes = payload.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
        return concatenate(header(opcode, flags, bytes.length), bytes);
    }

    private static byte[] header(SheepOpcode opcode, int flags, long dataLength) {
        ByteBuffer bytes = ByteBuffer.allocate(SheepProtocol.HEADER_BYTES);
        new RequestHeader(2, opcode.number(), flags, 0, 0, dataLength, HeaderWords.ZERO)
                .encode(bytes);
        return bytes.array();
    }

    private static byte[] concatenate(byte[] first, byte[] second) {
        return ByteBuffer.allocate(first.length + second.length)
                .put(first)
                .put(second)
                .array();
    }
}
