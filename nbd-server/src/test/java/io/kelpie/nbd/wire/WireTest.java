// Kelpie, Apache-2.0.
package io.kelpie.nbd.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;

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

        assertThat(RequestHeader.hasMagic(in)).isTrue();
        var header = RequestHeader.decode(in);

        assertThat(header)
                .isEqualTo(
                        new RequestHeader(1, 6, 0x0102030405060708L, Long.MIN_VALUE, 0xffffffffL));
        assertThat(in.isReadable()).isFalse();
    }

    @Test
    void requestHeaderSurvivesARoundTrip() {
        var header = new RequestHeader(0x8001, 0xfffe, -2, 1L << 40, 4096);
        var out = Unpooled.buffer();

        header.encode(out);

        assertThat(out.readableBytes()).isEqualTo(RequestHeader.LENGTH_BYTES);
        assertThat(RequestHeader.decode(out)).isEqualTo(header);
    }

    @Test
    void requestHeaderDoubtsAnotherMagic() {
        assertThat(RequestHeader.hasMagic(bytes("25609514" + "00".repeat(24)))).isFalse();
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
