// Kelpie, Apache-2.0.
package io.kelpie.nbd.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Vectors written by hand from the specification's tables. */
class WireTest {

    @Test
    void greetingOffersFixedNewstyleWithoutZeroes() {
        var out = Unpooled.buffer();

        Greeting.encode(out);

        assertThat(hex(out)).isEqualTo("4e42444d4147494349484156454f50540003");
        assertThat(out.writerIndex()).isEqualTo(Greeting.LENGTH_BYTES);
    }

    @Test
    void greetingKnowsExactlyTheFlagsItOffers() {
        assertThat(Greeting.isKnown(0)).isTrue();
        assertThat(Greeting.isKnown(3)).isTrue();
        assertThat(Greeting.isKnown(4)).isFalse();
        assertThat(Greeting.isKnown(0x80000001)).isFalse();
    }

    @Test
    void requestHeaderReadsEveryField() {
        var in = bytes("25609513" + "0001" + "0006" + "0102030405060708" + "8000000000000000"
                + "ffffffff");

        assertThat(RequestHeader.hasMagic(in, false)).isTrue();
        var header = RequestHeader.decode(in, false);

        assertThat(header)
                .isEqualTo(
                        new RequestHeader(1, 6, 0x0102030405060708L, Long.MIN_VALUE, 0xffffffffL));
        assertThat(in.isReadable()).isFalse();
    }

    @Test
    void requestHeaderSurvivesARoundTrip() {
        var header = new RequestHeader(0x8001, 0xfffe, -2, 1L << 40, 4096);
        var out = Unpooled.buffer();

        header.encode(out, false);

        assertThat(out.readableBytes()).isEqualTo(RequestHeader.LENGTH_BYTES);
        assertThat(RequestHeader.decode(out, false)).isEqualTo(header);
    }

    @Test
    void requestHeaderDoubtsAnotherMagic() {
        assertThat(RequestHeader.hasMagic(bytes("25609514" + "00".repeat(24)), false))
                .isFalse();
    }

    @Test
    void extendedRequestHeaderIsReadAsSpecified() {
        var in = bytes("21e41c71" + "0021" + "0001" + "0102030405060708" + "0000000100000000"
                + "8000000000000000");

        assertThat(RequestHeader.hasMagic(in, true)).isTrue();
        assertThat(RequestHeader.hasMagic(in, false)).isFalse();
        assertThat(RequestHeader.decode(in, true))
                .isEqualTo(
                        new RequestHeader(0x21, 1, 0x0102030405060708L, 1L << 32, Long.MIN_VALUE));
        assertThat(in.isReadable()).isFalse();
    }

    @Test
    void extendedRequestHeaderSurvivesARoundTrip() {
        var header = new RequestHeader(0x8001, 0xfffe, -2, 1L << 40, 1L << 41);
        var out = Unpooled.buffer();

        header.encode(out, true);

        assertThat(out.readableBytes()).isEqualTo(RequestHeader.EXTENDED_LENGTH_BYTES);
        assertThat(RequestHeader.decode(out, true)).isEqualTo(header);
    }

    @Test
    void structuredChunksAreLaidOutAsSpecified() {
        var to = new RequestHeader(0, 0, 0x1122334455667788L, 4096, 8192);
        var out = Unpooled.buffer();

        ReplyChunk.encodeNone(out, false, to);
        ReplyChunk.encodeDataPrefix(out, false, to, 4096, 16, false);
        ReplyChunk.encodeHole(out, false, to, 8192, 0x80000000L, true);
        ReplyChunk.encodeError(out, false, to, 22, "no");
        ReplyChunk.encodeStatusPrefix(out, false, to, 1, 2);
        ReplyChunk.encodeExtent(out, false, 0xffffffffL, 3);
        ReplyChunk.encodeExtent(out, false, 512, 0);

        var cookie = "1122334455667788";
        assertThat(hex(out))
                .isEqualTo("668e33ef" + "0001" + "0000" + cookie + "00000000"
                        + "668e33ef" + "0000" + "0001" + cookie + "00000018"
                        + "0000000000001000"
                        + "668e33ef" + "0001" + "0002" + cookie + "0000000c"
                        + "0000000000002000" + "80000000"
                        + "668e33ef" + "0001" + "8001" + cookie + "00000008"
                        + "00000016" + "0002" + "6e6f"
                        + "668e33ef" + "0001" + "0005" + cookie + "00000014"
                        + "00000001" + "ffffffff" + "00000003" + "00000200" + "00000000");
    }

    @Test
    void extendedChunksAreLaidOutAsSpecified() {
        var to = new RequestHeader(0, 0, 0x1122334455667788L, 4096, 8192);
        var out = Unpooled.buffer();

        ReplyChunk.encodeNone(out, true, to);
        ReplyChunk.encodeDataPrefix(out, true, to, 8192, 16, true);
        ReplyChunk.encodeHole(out, true, to, 8192, 512, false);
        ReplyChunk.encodeError(out, true, to, 22, "");
        ReplyChunk.encodeStatusPrefix(out, true, to, 1, 1);
        ReplyChunk.encodeExtent(out, true, 1L << 40, 3);

        var ids = "1122334455667788" + "0000000000001000";
        assertThat(hex(out))
                .isEqualTo("6e8a278c" + "0001" + "0000" + ids + "0000000000000000"
                        + "6e8a278c" + "0001" + "0001" + ids + "0000000000000018"
                        + "0000000000002000"
                        + "6e8a278c" + "0000" + "0002" + ids + "000000000000000c"
                        + "0000000000002000" + "00000200"
                        + "6e8a278c" + "0001" + "8001" + ids + "0000000000000006"
                        + "00000016" + "0000"
                        + "6e8a278c" + "0001" + "0006" + ids + "0000000000000018"
                        + "00000001" + "00000001" + "0000010000000000" + "0000000000000003");
    }

    @Test
    void chunksSurviveARoundTrip() {
        var to = new RequestHeader(0, 0, 9, 4096, 8192);
        var out = Unpooled.buffer();

        ReplyChunk.encodeHeader(out, false, to, 5, true, 0xffffffffL);
        ReplyChunk.encodeHeader(out, true, to, 0x8001, false, 1L << 40);

        assertThat(ReplyChunk.decode(out))
                .isEqualTo(new ReplyChunk(false, 1, 5, 9, 0, 0xffffffffL));
        assertThat(ReplyChunk.decode(out))
                .isEqualTo(new ReplyChunk(true, 0, 0x8001, 9, 4096, 1L << 40));
        assertThatThrownBy(() -> ReplyChunk.decode(bytes("00".repeat(20))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0x0");
    }

    @Test
    void metaQueryReadsNameAndQueries() throws OptionFormatException {
        var none = MetaQuery.decode(bytes("00000002" + "6162" + "00000000"));
        var several = MetaQuery.decode(bytes("00000000" + "00000003" + text("x-other:thing")
                + text("base:allocation") + text("base:")));
        var wildcard = MetaQuery.decode(bytes("00000000" + "00000001" + text("base:")));

        assertThat(none).isEqualTo(new MetaQuery("ab", true, false, false));
        assertThat(several).isEqualTo(new MetaQuery("", false, true, true));
        assertThat(wildcard).isEqualTo(new MetaQuery("", false, false, true));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00000000",
                "00000001" + "00000000",
                "00000009" + "00000000",
                "ffffffff" + "00000000",
                "00000000" + "00000001",
                "00000000" + "00000001" + "ffffffff",
                "00000000" + "00000001" + "00000006" + "626173653a",
                "00000000" + "ffffffff" + "00000005" + "626173653a",
                "00000000" + "00000001" + "00000004" + "62617365",
                "00000000" + "00000001" + "00000002" + "3aff",
                "00000000" + "00000000" + "00",
            })
    void malformedMetaQueriesAreRefused(String hex) {
        assertThatThrownBy(() -> MetaQuery.decode(bytes(hex)))
                .isInstanceOf(OptionFormatException.class);
    }

    private static String text(String text) {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        return String.format("%08x", bytes.length) + HexFormat.of().formatHex(bytes);
    }

    @Test
    void simpleReplyHasSixteenBytes() {
        var out = Unpooled.buffer();

        SimpleReply.encode(out, 28, 0x1122334455667788L);

        assertThat(hex(out)).isEqualTo("674466980000001c1122334455667788");
        assertThat(SimpleReply.decode(out)).isEqualTo(new SimpleReply(28, 0x1122334455667788L));
    }

    @Test
    void simpleReplyRefusesAnotherMagic() {
        assertThatThrownBy(() -> SimpleReply.decode(bytes("00".repeat(16))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0x0");
    }

    @Test
    void optionHeaderSurvivesARoundTrip() {
        var out = Unpooled.buffer();

        new OptionHeader(7, 0xfffffffeL).encode(out);

        assertThat(hex(out)).isEqualTo("49484156454f505400000007fffffffe");
        assertThat(OptionHeader.hasMagic(out)).isTrue();
        assertThat(OptionHeader.decode(out)).isEqualTo(new OptionHeader(7, 0xfffffffeL));
    }

    @Test
    void optionRepliesAreLaidOutAsSpecified() {
        var out = Unpooled.buffer();

        OptionReply.encodeAck(out, 3);
        OptionReply.encodeInfoExport(out, 7, 4096, 0x0103);
        OptionReply.encodeInfoBlockSize(out, 6, 1, 4096, 1 << 25);
        OptionReply.encodeServer(out, 3, "ab", "c");
        OptionReply.encodeInfoText(out, 7, NbdConstants.INFO_NAME, "ab");
        OptionReply.encodeError(out, 9, NbdConstants.REP_ERR_UNSUP, "no");

        assertThat(hex(out))
                .isEqualTo("0003e889045565a9" + "00000003" + "00000001" + "00000000"
                        + "0003e889045565a9" + "00000007" + "00000003" + "0000000c" + "0000"
                        + "0000000000001000"
                        + "0103"
                        + "0003e889045565a9" + "00000006" + "00000003" + "0000000e" + "0003"
                        + "00000001"
                        + "00001000" + "02000000"
                        + "0003e889045565a9" + "00000003" + "00000002" + "00000007" + "00000002"
                        + "6162" + "63"
                        + "0003e889045565a9" + "00000007" + "00000003" + "00000004" + "0001"
                        + "6162"
                        + "0003e889045565a9" + "00000009" + "80000001" + "00000002" + "6e6f");
    }

    @Test
    void exportNameReplyCarriesZeroesOnlyForOldClients() {
        var short10 = Unpooled.buffer();
        var long134 = Unpooled.buffer();

        OptionReply.encodeExportName(short10, 1 << 20, 3, false);
        OptionReply.encodeExportName(long134, 1 << 20, 3, true);

        assertThat(hex(short10)).isEqualTo("00000000001000000003");
        assertThat(hex(long134)).isEqualTo("00000000001000000003" + "00".repeat(124));
    }

    @Test
    void exportQueryReadsNameAndKnownRequests() throws OptionFormatException {
        var query = ExportQuery.decode(
                bytes("00000002" + "6162" + "0004" + "0001" + "0003" + "0040" + "ffff"));

        assertThat(query).isEqualTo(new ExportQuery("ab", true, false, true));
    }

    @Test
    void exportQueryRefusesLengthsThatDoNotAddUp() {
        assertThatThrownBy(() -> ExportQuery.decode(bytes("0000")))
                .isInstanceOf(OptionFormatException.class)
                .hasMessageContaining("fewer than 6");
        assertThatThrownBy(() -> ExportQuery.decode(bytes("ffffffff" + "0000")))
                .isInstanceOf(OptionFormatException.class)
                .hasMessageContaining("4294967295");
        assertThatThrownBy(() -> ExportQuery.decode(bytes("00000001" + "0000")))
                .isInstanceOf(OptionFormatException.class);
        assertThatThrownBy(() -> ExportQuery.decode(bytes("00000000" + "0002" + "0001")))
                .isInstanceOf(OptionFormatException.class)
                .hasMessageContaining("2 information requests");
        assertThatThrownBy(() -> ExportQuery.decode(bytes("00000000" + "0000" + "00")))
                .isInstanceOf(OptionFormatException.class);
    }

    @Test
    void textMustBeUtf8WithoutNulAndNotTooLong() {
        assertThatThrownBy(() -> WireText.decode(bytes("ff"), 1)).hasMessageContaining("UTF-8");
        assertThatThrownBy(() -> WireText.decode(bytes("610062"), 3)).hasMessageContaining("NUL");
        assertThatThrownBy(() -> WireText.decode(bytes("61".repeat(4097)), 4097))
                .hasMessageContaining("4097");
    }

    @Test
    void textIsCutAtACharacter() {
        var cut = WireText.encodeCut("ä".repeat(3000));

        assertThat(cut).hasSize(4096);
        assertThat(new String(cut, StandardCharsets.UTF_8)).isEqualTo("ä".repeat(2048));
        assertThat(WireText.encodeCut("€".repeat(3000))).hasSize(4095);
        assertThat(WireText.encodeCut("kelpie")).asString().isEqualTo("kelpie");
    }

    private static ByteBuf bytes(String hex) {
        return Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(hex));
    }

    private static String hex(ByteBuf buffer) {
        return ByteBufUtil.hexDump(buffer);
    }
}
