// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.nbd.wire.NbdConstants;
import io.kelpie.nbd.wire.ReplyChunk;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Replies in chunks, in both of their forms: holes, DF, errors, extents. */
@ExtendWith(NoLeaks.class)
class StructuredReplyTest {

    private static final long SIZE = 1L << 40;
    private static final String ALLOCATION = NbdConstants.BASE_ALLOCATION;

    private final HeldDevice held =
            new HeldDevice(SIZE, DeviceLimits.writable().withCache(true).withFastZero(true));

    @Test
    void aReadIsOneChunkWithData() {
        try (var door = Door.serving(held, structured())) {
            door.send(new ClientBytes().read(7, 4096, 3));
            held.take(0).reply().data(bytes(1, 2, 3));

            var chunk = door.takeChunk();

            assertThat(chunk)
                    .isEqualTo(new ReplyChunk(
                            false, 1, NbdConstants.REPLY_TYPE_OFFSET_DATA, 7, 0, 8 + 3));
            assertThat(door.received().readLong()).isEqualTo(4096);
            assertThat(ByteBufUtil.getBytes(door.received())).containsExactly(1, 2, 3);
            assertThat(door.server.stats().readBytesTotal()).isEqualTo(3);
            door.received().clear();
            door.closeQuiet();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aReadTellsHolesAndJoinsNeighbours(boolean isExtended) {
        try (var door = Door.serving(held, wishes(isExtended))) {
            door.send(requests(isExtended).read(7, 1000, 14));
            held.take(0)
                    .reply()
                    .pieces(List.of(
                            ReadPiece.data(bytes(1)),
                            ReadPiece.data(bytes(2, 3)),
                            ReadPiece.hole(4),
                            ReadPiece.hole(5),
                            ReadPiece.data(bytes(4, 5))));

            expectData(door, isExtended, 1000, false, 1, 2, 3);
            expectHole(door, isExtended, 1003, 9, false);
            expectData(door, isExtended, 1012, true, 4, 5);
            door.expectNothing();
            door.closeQuiet();
        }
    }

    @Test
    void anUnfragmentedReadHasItsZeroesInTheData() {
        try (var door = Door.serving(held, structured())) {
            door.send(new ClientBytes()
                    .request(NbdConstants.CMD_READ, NbdConstants.CMD_FLAG_DF, 7, 0, 5));
            held.take(0)
                    .reply()
                    .pieces(List.of(
                            ReadPiece.hole(2), ReadPiece.data(bytes(9)), ReadPiece.hole(2)));

            expectData(door, false, 0, true, 0, 0, 9, 0, 0);
            door.expectNothing();
        }
    }

    @Test
    void aClientWithSimpleRepliesGetsZeroes() {
        try (var door = Door.serving(held)) {
            door.send(new ClientBytes().read(7, 0, (2 << 20) + 2));
            held.take(0)
                    .reply()
                    .pieces(List.of(ReadPiece.hole((2 << 20) + 1), ReadPiece.data(bytes(9))));

            door.expectReply(7);
            var data = ByteBufUtil.getBytes(door.received());
            assertThat(data).hasSize((2 << 20) + 2).endsWith(0, 0, 9);
            assertThat(data[0] | data[1 << 20] | data[2 << 20]).isZero();
            door.closeQuiet();
        }
    }

    @Test
    void dustIsAnsweredInOneChunk() {
        try (var door = Door.serving(held, structured())) {
            var dust = new ArrayList<ReadPiece>();
            for (var i = 0; i <= ReplyWriter.MAX_CHUNKS / 2; i++) {
                dust.add(ReadPiece.hole(1));
                dust.add(ReadPiece.data(bytes(1)));
            }
            door.send(new ClientBytes().read(7, 0, dust.size()));
            held.take(0).reply().pieces(dust);

            var chunk = door.takeChunk();

            assertThat(chunk.type()).isEqualTo(NbdConstants.REPLY_TYPE_OFFSET_DATA);
            assertThat(chunk.isLast()).isTrue();
            assertThat(chunk.length()).isEqualTo(8 + dust.size());
            assertThat(door.received().readableBytes()).isEqualTo(8 + dust.size());
            door.received().clear();
        }
    }

    @Test
    void piecesThatDoNotAddUpAreAnErrorAndReleased() {
        try (var door = Door.serving(held, structured())) {
            door.send(new ClientBytes().read(1, 0, 10).flush(2));
            var lost = bytes(1, 2, 3);
            held.take(0).reply().pieces(List.of(ReadPiece.data(lost), ReadPiece.hole(6)));
            held.take(0).reply().pieces(List.of(ReadPiece.hole(6)));

            expectError(door, false, 1, NbdError.EIO);
            expectError(door, false, 2, NbdError.EIO);
            assertThat(lost.refCnt()).isZero();
        }
    }

    @Test
    void piecesOfASecondAnswerAreReleased() {
        try (var door = Door.serving(held, structured())) {
            door.send(new ClientBytes().read(1, 0, 1));
            var reply = held.take(0).reply();
            reply.pieces(List.of(ReadPiece.hole(1)));
            var late = bytes(1);

            assertThatThrownBy(() -> reply.pieces(List.of(ReadPiece.data(late))))
                    .isInstanceOf(IllegalStateException.class);

            assertThat(late.refCnt()).isZero();
            expectHole(door, false, 0, 1, true);
        }
    }

    @Test
    void joinedPiecesHaveZeroesForHoles() {
        var joined = ReadPiece.join(
                List.of(ReadPiece.hole(2), ReadPiece.data(bytes(9, 8)), ReadPiece.hole(1)));

        assertThat(ByteBufUtil.getBytes(joined)).containsExactly(0, 0, 9, 8, 0);
        assertThat(joined.release()).isTrue();
        assertThat(ReadPiece.join(List.of(ReadPiece.hole(3 << 20))).readableBytes())
                .isEqualTo(3 << 20);
    }

    @Test
    void aPieceHasWhatItSays() {
        assertThatThrownBy(() -> ReadPiece.hole(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ReadPiece(2, bytes(1))).hasMessageContaining("2 bytes");
        assertThat(ReadPiece.hole(3).isHole()).isTrue();
        assertThat(ReadPiece.data(bytes(1)).isHole()).isFalse();
    }

    @Test
    void piecesForAClientThatVanishedAreReleased() {
        var door = Door.serving(held, structured().setMeta("disk", ALLOCATION));
        door.send(new ClientBytes().read(1, 0, 3).read(2, 0, 5).blockStatus(0, 3, 0, 512));
        door.vanish();
        door.settle();
        var late = bytes(1, 2, 3);
        var closesBefore = held.closes();

        held.take(0).reply().pieces(List.of(ReadPiece.data(late)));
        held.take(0).reply().pieces(List.of(ReadPiece.hole(5)));
        assertThat(held.closes()).isEqualTo(closesBefore);
        held.sinks.get(0).extent(512, false, false);
        held.sinks.get(0).done();

        door.closeQuiet();
        assertThat(late.refCnt()).isZero();
        assertThat(held.closes()).isEqualTo(closesBefore + 1);
    }

    @Test
    void errorsCarryTheirReason() {
        try (var door = Door.serving(held, structured())) {
            door.send(
                    new ClientBytes().read(7, 0, 3).request(NbdConstants.CMD_READ, 0, 8, SIZE, 1));
            held.take(0).reply().failed(NbdError.EIO, "the disk is wet");

            assertThat(expectError(door, false, 8, NbdError.EINVAL)).contains("leave the export");
            assertThat(expectError(door, false, 7, NbdError.EIO)).isEqualTo("the disk is wet");
        }
    }

    @Test
    void successWithoutContentStaysSimple() {
        try (var door = Door.serving(held, structured())) {
            door.send(new ClientBytes().flush(1).write(2, 0, (byte) 1));
            held.take(0).succeed();
            held.take(0).succeed();

            door.expectReply(1);
            door.expectReply(2);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void blockStatusDescribesJoinedExtents(boolean isExtended) {
        try (var door = Door.serving(held, wishes(isExtended).setMeta("disk", ALLOCATION))) {
            door.send(requests(isExtended).blockStatus(0, 7, 4096, 10_000));
            var sink = held.sinks.get(0);
            sink.extent(1000, false, false);
            sink.extent(2000, false, false);
            sink.extent(500, true, true);
            assertThat(sink.isFull()).isFalse();
            sink.extent(50_000, false, true);
            assertThat(sink.isFull()).isTrue();
            sink.extent(1, true, true);
            sink.done();

            expectStatus(door, isExtended, 7, 3000, 0, 500, 3, 6500, 2);
            door.expectNothing();
            door.closeQuiet();
        }
    }

    @Test
    void blockStatusOfOneExtentGrowsOnlyByItsNeighbours() {
        try (var door = Door.serving(held, structured().setMeta("disk", ALLOCATION))) {
            door.send(new ClientBytes().blockStatus(NbdConstants.CMD_FLAG_REQ_ONE, 7, 0, 10_000));
            var sink = held.sinks.get(0);
            sink.extent(1000, true, true);
            sink.extent(1000, true, true);
            assertThat(sink.isFull()).isFalse();
            sink.extent(1000, false, false);
            assertThat(sink.isFull()).isTrue();
            sink.extent(1000, true, true);
            sink.done();

            expectStatus(door, false, 7, 2000, 3);
        }
    }

    @Test
    void blockStatusIsBounded() {
        try (var door = Door.serving(held, structured().setMeta("disk", ALLOCATION))) {
            door.send(new ClientBytes().blockStatus(0, 7, 0, 0xffffffffL));
            var sink = held.sinks.get(0);
            for (var i = 0; i < 3 * ExtentList.MAX_EXTENTS; i++) {
                sink.extent(512, i % 2 == 0, false);
            }
            assertThat(sink.isFull()).isTrue();
            sink.done();

            assertThat(door.takeChunk().length()).isEqualTo(4 + 8 * ExtentList.MAX_EXTENTS);
            door.received().clear();
            door.closeQuiet();
        }
    }

    @Test
    void blockStatusFailsAsTheDeviceSays() {
        try (var door = Door.serving(held, structured().setMeta("disk", ALLOCATION))) {
            door.send(new ClientBytes().blockStatus(0, 1, 0, 512).blockStatus(0, 2, 0, 512));
            held.sinks.get(0).failed(NbdError.ENOMEM, "no room");
            held.sinks.get(1).done();

            expectError(door, false, 1, NbdError.ENOMEM);
            expectError(door, false, 2, NbdError.EIO);
            assertThatThrownBy(() -> held.sinks.get(0).done())
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> held.sinks.get(0).extent(1, true, true))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> held.sinks.get(0).extent(0, true, true))
                    .isInstanceOf(IllegalArgumentException.class);
            door.closeQuiet();
        }
    }

    @Test
    void blockStatusHoldsBytesOfTheBudgetUntilItIsSent() {
        var config = Door.config()
                .maxRequestBytes(4096)
                .connectionBudgetBytes(4096)
                .serverBudgetBytes(4096)
                .build();
        try (var door = Door.serving(held, structured().setMeta("disk", ALLOCATION), config)) {
            door.send(new ClientBytes().blockStatus(0, 1, 0, 512).read(2, 0, 1));
            assertThat(door.server.budget.usedBytes()).isEqualTo(4096);
            assertThat(held.callCount()).isZero();

            held.sinks.get(0).extent(512, false, false);
            held.sinks.get(0).done();
            expectStatus(door, false, 1, 512, 0);
            held.take(0).succeed();
            door.received();

            door.closeQuiet();
        }
    }

    @Test
    void blockStatusNeedsAContextOfThisExport() {
        var wishes = List.of(
                structured(),
                structured().setMeta("disk", ALLOCATION).setMeta("disk", "base:nothing"),
                structured().setMeta("disk", ALLOCATION).setMeta("nothing", ALLOCATION),
                structured().setMeta("disk", ALLOCATION).setMeta("disk", "no-namespace"),
                structured().setMeta("", ALLOCATION),
                new ClientBytes().flags().setMeta("disk", ALLOCATION).structuredReply());
        for (var wish : wishes) {
            try (var door = Door.serving(held, wish)) {
                door.send(new ClientBytes().blockStatus(0, 1, 0, 512));

                expectError(door, false, 1, NbdError.EINVAL);
            }
        }
    }

    @Test
    void metadataContextsAreListedAndSelected() {
        var door = new Door(new Exports().with("disk", new MemoryDevice(4096)));
        door.send(new ClientBytes()
                .flags()
                .structuredReply()
                .listMeta("disk")
                .listMeta("disk", "base:")
                .listMeta("disk", "x-other:")
                .setMeta("disk")
                .setMeta("disk", "base:")
                .setMeta("disk", "x-other:thing", ALLOCATION)
                .setMeta("nothing", ALLOCATION)
                .listMeta("disk", "thing"));
        door.takeGreeting();
        door.expectAck(NbdConstants.OPT_STRUCTURED_REPLY);

        expectContext(door, NbdConstants.OPT_LIST_META_CONTEXT, 0);
        door.expectAck(NbdConstants.OPT_LIST_META_CONTEXT);
        expectContext(door, NbdConstants.OPT_LIST_META_CONTEXT, 0);
        door.expectAck(NbdConstants.OPT_LIST_META_CONTEXT);
        door.expectAck(NbdConstants.OPT_LIST_META_CONTEXT);
        door.expectAck(NbdConstants.OPT_SET_META_CONTEXT);
        door.expectAck(NbdConstants.OPT_SET_META_CONTEXT);
        expectContext(door, NbdConstants.OPT_SET_META_CONTEXT, 1);
        door.expectAck(NbdConstants.OPT_SET_META_CONTEXT);
        door.takeOptionReply(NbdConstants.OPT_SET_META_CONTEXT, NbdConstants.REP_ERR_UNKNOWN);
        door.takeOptionReply(NbdConstants.OPT_LIST_META_CONTEXT, NbdConstants.REP_ERR_INVALID);
        door.expectNothing();
        door.closeQuiet();
    }

    @Test
    void metadataContextsNeedStructuredReplies() {
        var door = new Door(new Exports().with("disk", new MemoryDevice(4096)));
        door.send(new ClientBytes().flags().listMeta("disk").setMeta("disk", ALLOCATION));
        door.takeGreeting();

        door.takeOptionReply(NbdConstants.OPT_LIST_META_CONTEXT, NbdConstants.REP_ERR_INVALID);
        door.takeOptionReply(NbdConstants.OPT_SET_META_CONTEXT, NbdConstants.REP_ERR_INVALID);
        door.closeQuiet();
    }

    @Test
    void repliesAreNegotiatedUpwardsOnly() {
        var door = new Door(new Exports().with("disk", new MemoryDevice(4096)));
        door.send(new ClientBytes()
                .flags()
                .option(NbdConstants.OPT_STRUCTURED_REPLY, (byte) 1)
                .option(NbdConstants.OPT_EXTENDED_HEADERS, (byte) 1)
                .structuredReply()
                .structuredReply()
                .option(NbdConstants.OPT_EXTENDED_HEADERS)
                .option(NbdConstants.OPT_EXTENDED_HEADERS)
                .structuredReply());
        door.takeGreeting();

        door.takeOptionReply(NbdConstants.OPT_STRUCTURED_REPLY, NbdConstants.REP_ERR_INVALID);
        door.takeOptionReply(NbdConstants.OPT_EXTENDED_HEADERS, NbdConstants.REP_ERR_INVALID);
        door.expectAck(NbdConstants.OPT_STRUCTURED_REPLY);
        door.expectAck(NbdConstants.OPT_STRUCTURED_REPLY);
        door.expectAck(NbdConstants.OPT_EXTENDED_HEADERS);
        door.takeOptionReply(NbdConstants.OPT_EXTENDED_HEADERS, NbdConstants.REP_ERR_INVALID);
        door.takeOptionReply(
                NbdConstants.OPT_STRUCTURED_REPLY, NbdConstants.REP_ERR_EXT_HEADER_REQD);
        door.send(new ClientBytes().exportName("disk"));
        door.expectClosed();
        door.closeQuiet();
    }

    @Test
    void dfIsAnnouncedWithStructuredRepliesOnly() {
        assertThat(flagsOf(new ClientBytes().flags()) & NbdConstants.FLAG_SEND_DF)
                .isZero();
        assertThat(flagsOf(structured()) & NbdConstants.FLAG_SEND_DF).isNotZero();
        assertThat(flagsOf(extended()) & NbdConstants.FLAG_SEND_DF).isNotZero();
    }

    private static int flagsOf(ClientBytes wishes) {
        try (var door = new Door(new Exports().with("disk", new MemoryDevice(4096)))) {
            door.send(wishes.info("disk"));
            var in = door.received();
            // The flags are the last of the information, before the ACK.
            return in.getUnsignedShort(in.writerIndex() - 20 - 2);
        }
    }

    @Test
    void extendedRequestsHaveLongLengths() {
        try (var door = Door.serving(held, extended())) {
            door.send(new ClientBytes()
                    .extended()
                    .request(NbdConstants.CMD_TRIM, 0, 1, 4096, 1L << 39)
                    .request(
                            NbdConstants.CMD_WRITE_ZEROES,
                            NbdConstants.CMD_FLAG_FAST_ZERO,
                            2,
                            0,
                            SIZE)
                    .request(NbdConstants.CMD_CACHE, 0, 3, 0, SIZE)
                    .write(4, 5, new byte[6])
                    .request(NbdConstants.CMD_TRIM, 0, 5, 4096, SIZE)
                    .request(NbdConstants.CMD_READ, 0, 6, 0, Long.MIN_VALUE));

            assertThat(held.calls)
                    .extracting(call -> call.offset() + "+" + call.length())
                    .containsExactly("4096+549755813888", "0+" + SIZE, "0+" + SIZE, "5+6");
            expectError(door, true, 5, NbdError.EINVAL);
            expectError(door, true, 6, NbdError.EINVAL);
            while (held.callCount() > 0) {
                held.take(0).succeed();
            }
            assertThat(door.takeChunk())
                    .isEqualTo(new ReplyChunk(true, 1, NbdConstants.REPLY_TYPE_NONE, 1, 4096, 0));
            for (var cookie = 2; cookie <= 4; cookie++) {
                assertThat(door.takeChunk().cookie()).isEqualTo(cookie);
            }
            door.closeQuiet();
        }
    }

    @Test
    void extendedBlockStatusCoversMoreThanFourGigabytes() {
        try (var door = Door.serving(held, extended().setMeta("disk", ALLOCATION))) {
            door.send(new ClientBytes().extended().blockStatus(0, 7, 0, SIZE));
            held.sinks.get(0).extent(SIZE, true, true);
            held.sinks.get(0).done();

            expectStatus(door, true, 7, SIZE, 3);
        }
    }

    @Test
    void payloadsWhereNoneBelongAreSkippedAndRefused() {
        try (var door = Door.serving(held, extended().setMeta("disk", ALLOCATION))) {
            var flag = NbdConstants.CMD_FLAG_PAYLOAD_LEN;
            door.send(new ClientBytes()
                    .extended()
                    .blockStatus(flag, 1, 0, 12)
                    .raw(new byte[12])
                    .request(NbdConstants.CMD_FLUSH, flag, 2, 0, 0)
                    .request(99, flag, 3, 0, 5)
                    .raw(new byte[5])
                    .request(NbdConstants.CMD_WRITE, 0, 4, 0, 512)
                    .request(NbdConstants.CMD_WRITE, flag, 5, SIZE, 6)
                    .raw(new byte[6])
                    .flush(6));

            for (var cookie = 1; cookie <= 4; cookie++) {
                expectError(door, true, cookie, NbdError.EINVAL);
            }
            expectError(door, true, 5, NbdError.ENOSPC);
            held.take(0).succeed();
            assertThat(door.takeChunk().cookie()).isEqualTo(6);
            door.closeQuiet();
        }
    }

    @Test
    void anAbsurdPayloadIsAnsweredAndCloses() {
        for (var length : new long[] {Long.MIN_VALUE, -1, Transmission.MAX_SKIPPED_BYTES + 1}) {
            try (var door = Door.serving(held, extended())) {
                door.send(new ClientBytes()
                        .extended()
                        .request(
                                NbdConstants.CMD_BLOCK_STATUS,
                                NbdConstants.CMD_FLAG_PAYLOAD_LEN,
                                1,
                                0,
                                length));

                expectError(door, true, 1, NbdError.EINVAL);
                door.expectClosed();
                door.closeQuiet();
            }
        }
    }

    @Test
    void compactHeadersAfterExtendedOnesClose() {
        try (var door = Door.serving(held, extended())) {
            door.send(new ClientBytes().flush(1).raw(new byte[4]));

            door.expectClosed();
        }
    }

    private static ClientBytes structured() {
        return new ClientBytes().flags().structuredReply();
    }

    private static ClientBytes extended() {
        return new ClientBytes().flags().option(NbdConstants.OPT_EXTENDED_HEADERS);
    }

    private static ClientBytes wishes(boolean isExtended) {
        return isExtended ? extended() : structured();
    }

    private static ClientBytes requests(boolean isExtended) {
        return isExtended ? new ClientBytes().extended() : new ClientBytes();
    }

    private static ByteBuf bytes(int... values) {
        var buffer = Unpooled.buffer(values.length);
        for (var value : values) {
            buffer.writeByte(value);
        }
        return buffer;
    }

    private static void expectData(
            Door door, boolean isExtended, long offset, boolean isLast, int... data) {
        var chunk = door.takeChunk();
        assertThat(chunk.isExtended()).isEqualTo(isExtended);
        assertThat(chunk.type()).isEqualTo(NbdConstants.REPLY_TYPE_OFFSET_DATA);
        assertThat(chunk.isLast()).isEqualTo(isLast);
        assertThat(chunk.length()).isEqualTo(8 + data.length);
        assertThat(door.received().readLong()).isEqualTo(offset);
        assertThat(door.received().readSlice(data.length)).isEqualTo(bytes(data));
    }

    private static void expectHole(
            Door door, boolean isExtended, long offset, int length, boolean isLast) {
        var chunk = door.takeChunk();
        assertThat(chunk.isExtended()).isEqualTo(isExtended);
        assertThat(chunk.type()).isEqualTo(NbdConstants.REPLY_TYPE_OFFSET_HOLE);
        assertThat(chunk.isLast()).isEqualTo(isLast);
        assertThat(chunk.length()).isEqualTo(12);
        assertThat(door.received().readLong()).isEqualTo(offset);
        assertThat(door.received().readInt()).isEqualTo(length);
    }

    private static String expectError(Door door, boolean isExtended, long cookie, NbdError error) {
        var chunk = door.takeChunk();
        assertThat(chunk.isExtended()).isEqualTo(isExtended);
        assertThat(chunk.type()).isEqualTo(NbdConstants.REPLY_TYPE_ERROR);
        assertThat(chunk.cookie()).isEqualTo(cookie);
        assertThat(chunk.isLast()).isTrue();
        assertThat(door.received().readInt()).isEqualTo(error.number());
        var text = door.received().readSlice(door.received().readUnsignedShort());
        assertThat(chunk.length()).isEqualTo(6 + text.readableBytes());
        return text.toString(StandardCharsets.UTF_8);
    }

    /** Lengths and flags in turn. */
    private static void expectStatus(Door door, boolean isExtended, long cookie, long... extents) {
        var chunk = door.takeChunk();
        assertThat(chunk.type())
                .isEqualTo(
                        isExtended
                                ? NbdConstants.REPLY_TYPE_BLOCK_STATUS_EXT
                                : NbdConstants.REPLY_TYPE_BLOCK_STATUS);
        assertThat(chunk.cookie()).isEqualTo(cookie);
        assertThat(chunk.isLast()).isTrue();
        var in = door.received().readSlice((int) chunk.length());
        assertThat(in.readInt()).isEqualTo(ReplyWriter.ALLOCATION_ID);
        if (isExtended) {
            assertThat(in.readInt()).isEqualTo(extents.length / 2);
        }
        for (var value : extents) {
            assertThat(isExtended ? in.readLong() : in.readUnsignedInt()).isEqualTo(value);
        }
        assertThat(in.isReadable()).isFalse();
    }

    private static void expectContext(Door door, int option, int id) {
        var context = door.takeOptionReply(option, NbdConstants.REP_META_CONTEXT);
        assertThat(context.readInt()).isEqualTo(id);
        assertThat(context.toString(StandardCharsets.UTF_8)).isEqualTo(ALLOCATION);
    }
}
