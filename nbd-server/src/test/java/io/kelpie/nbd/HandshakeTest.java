// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.nbd.wire.NbdConstants;
import io.netty.buffer.ByteBuf;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

@ExtendWith(NoLeaks.class)
class HandshakeTest {

    private final MemoryDevice disk = new MemoryDevice(1 << 20);
    private final Exports exports =
            new Exports().with("disk", disk).with("other", new MemoryDevice(512));
    private Door door = new Door(exports);

    @AfterEach
    void nothingStays() {
        door.closeQuiet();
    }

    @Test
    void exportNameLeadsToTransmission() {
        door.send(new ClientBytes().flags().exportName("disk"));

        door.takeGreeting();
        var in = door.received();
        assertThat(in.readLong()).isEqualTo(1 << 20);
        assertThat(in.readUnsignedShort()).isEqualTo(0b1_0110_1101);
        assertThat(in.isReadable()).isFalse();
        door.send(new ClientBytes().flush(5));
        door.expectReply(5);
    }

    @Test
    void exportNameSendsZeroesToOldClients() {
        door.send(new ClientBytes().flags(NbdConstants.FLAG_FIXED_NEWSTYLE).exportName("disk"));

        door.takeGreeting();
        assertThat(door.received().readableBytes()).isEqualTo(8 + 2 + 124);
    }

    @Test
    void exportNameOfAnUnknownExportCloses() {
        door.send(new ClientBytes().flags().exportName("nothing"));

        door.takeGreeting();
        door.expectNothing();
        door.expectClosed();
    }

    @Test
    void exportNameThatIsTooLongCloses() {
        door.send(new ClientBytes().flags().optionOfLength(NbdConstants.OPT_EXPORT_NAME, 4097));

        door.expectClosed();
    }

    @Test
    void exportNameThatIsNotUtf8Closes() {
        door.send(new ClientBytes().flags().option(NbdConstants.OPT_EXPORT_NAME, (byte) 0xff));

        door.expectClosed();
    }

    @Test
    void theEmptyNameIsLeftToTheProvider() {
        door.send(new ClientBytes().flags().go("", NbdConstants.INFO_NAME));

        door.takeGreeting();
        expectInfoExport(NbdConstants.OPT_GO, 1 << 20);
        expectOptionReply(NbdConstants.OPT_GO, NbdConstants.REP_INFO, "\0\1disk");
        expectAck(NbdConstants.OPT_GO);
    }

    @Test
    void goGivesTheInformationThatWasAskedFor() {
        door.send(new ClientBytes()
                .flags()
                .go("disk", NbdConstants.INFO_DESCRIPTION, NbdConstants.INFO_BLOCK_SIZE, 77));

        door.takeGreeting();
        expectInfoExport(NbdConstants.OPT_GO, 1 << 20);
        expectOptionReply(NbdConstants.OPT_GO, NbdConstants.REP_INFO, "\0\2disk disk");
        var sizes = takeOptionReply(NbdConstants.OPT_GO, NbdConstants.REP_INFO);
        assertThat(sizes.readUnsignedShort()).isEqualTo(NbdConstants.INFO_BLOCK_SIZE);
        assertThat(List.of(sizes.readInt(), sizes.readInt(), sizes.readInt()))
                .containsExactly(1, 4096, 32 << 20);
        expectAck(NbdConstants.OPT_GO);
        door.send(new ClientBytes().flush(9));
        door.expectReply(9);
    }

    @Test
    void goToAnUnknownExportNamesTheChoicesAndGoesOn() {
        door.send(new ClientBytes().flags().go("nothing"));

        door.takeGreeting();
        var text = takeOptionReply(NbdConstants.OPT_GO, NbdConstants.REP_ERR_UNKNOWN)
                .toString(StandardCharsets.UTF_8);
        assertThat(text).contains("nothing", "disk", "other");
        door.send(new ClientBytes().go("other"));
        expectInfoExport(NbdConstants.OPT_GO, 512);
        expectAck(NbdConstants.OPT_GO);
    }

    @Test
    void infoDescribesAndClosesTheDeviceAgain() {
        door.send(new ClientBytes().flags().info("disk"));

        door.takeGreeting();
        expectInfoExport(NbdConstants.OPT_INFO, 1 << 20);
        expectAck(NbdConstants.OPT_INFO);
        door.expectNothing();
        assertThat(disk.closes()).isEqualTo(1);
        door.expectOpen();
    }

    @Test
    void listNamesEveryExport() {
        door.send(new ClientBytes().flags().option(NbdConstants.OPT_LIST));

        door.takeGreeting();
        expectOptionReply(
                NbdConstants.OPT_LIST, NbdConstants.REP_SERVER, "\0\0\0\4disk" + "disk disk");
        expectOptionReply(
                NbdConstants.OPT_LIST, NbdConstants.REP_SERVER, "\0\0\0\5other" + "disk other");
        expectAck(NbdConstants.OPT_LIST);
    }

    @Test
    void listWithDataIsInvalid() {
        door.send(new ClientBytes().flags().option(NbdConstants.OPT_LIST, (byte) 1));

        door.takeGreeting();
        takeOptionReply(NbdConstants.OPT_LIST, NbdConstants.REP_ERR_INVALID);
        door.expectNothing();
        door.expectOpen();
    }

    @Test
    void abortIsAcknowledgedAndCloses() {
        door.send(new ClientBytes().flags().option(NbdConstants.OPT_ABORT, (byte) 1));

        door.takeGreeting();
        expectAck(NbdConstants.OPT_ABORT);
        door.expectClosed();
    }

    @Test
    void unknownOptionsAreRefusedAndTheirDataSkipped() {
        door.send(new ClientBytes()
                .flags()
                .option(4)
                .option(12, new byte[100_000])
                .option(0x12345678, new byte[3])
                .option(NbdConstants.OPT_LIST));

        door.takeGreeting();
        takeOptionReply(4, NbdConstants.REP_ERR_UNSUP);
        takeOptionReply(12, NbdConstants.REP_ERR_UNSUP);
        takeOptionReply(0x12345678, NbdConstants.REP_ERR_UNSUP);
        takeOptionReply(NbdConstants.OPT_LIST, NbdConstants.REP_SERVER);
    }

    @Test
    void aKnownOptionWithTooMuchDataIsTooBig() {
        door.send(new ClientBytes()
                .flags()
                .option(NbdConstants.OPT_INFO, new byte[20_000])
                .option(NbdConstants.OPT_LIST, new byte[5000])
                .option(NbdConstants.OPT_ABORT));

        door.takeGreeting();
        takeOptionReply(NbdConstants.OPT_INFO, NbdConstants.REP_ERR_TOO_BIG);
        takeOptionReply(NbdConstants.OPT_LIST, NbdConstants.REP_ERR_TOO_BIG);
        expectAck(NbdConstants.OPT_ABORT);
    }

    @Test
    void anOptionWithAbsurdDataIsTooBigAndCloses() {
        door.send(new ClientBytes().flags().optionOfLength(99, 0xffffffffL));

        door.takeGreeting();
        takeOptionReply(99, NbdConstants.REP_ERR_TOO_BIG);
        door.expectClosed();
    }

    @Test
    void malformedQueriesAreInvalid() {
        door.send(new ClientBytes()
                .flags()
                .option(NbdConstants.OPT_GO, new byte[5])
                .option(NbdConstants.OPT_GO, new byte[] {0, 0, 0, 9, 0, 0})
                .option(NbdConstants.OPT_INFO, new byte[] {0, 0, 0, 0, 0, 1}));

        door.takeGreeting();
        takeOptionReply(NbdConstants.OPT_GO, NbdConstants.REP_ERR_INVALID);
        takeOptionReply(NbdConstants.OPT_GO, NbdConstants.REP_ERR_INVALID);
        takeOptionReply(NbdConstants.OPT_INFO, NbdConstants.REP_ERR_INVALID);
        door.expectOpen();
    }

    @Test
    void unknownClientFlagsClose() {
        door.send(new ClientBytes().flags(4));

        door.expectClosed();
    }

    @Test
    void aWrongMagicCloses() {
        door.send(new ClientBytes().flags().raw(new byte[16]));

        door.expectClosed();
    }

    @Test
    void tooManyOptionsClose() {
        var bytes = new ClientBytes().flags();
        for (var i = 0; i < Handshake.MAX_OPTIONS; i++) {
            bytes.option(50);
        }
        door.send(bytes);
        door.expectOpen();

        door.send(new ClientBytes().option(50));

        door.expectClosed();
    }

    @Test
    void aSilentClientIsClosedAtTheLimit() {
        door.advance(Duration.ofSeconds(29));
        door.expectOpen();

        door.advance(Duration.ofSeconds(2));

        door.expectClosed();
    }

    @Test
    void theLimitDoesNotReachIntoTransmission() {
        door.send(new ClientBytes().flags().exportName("disk"));

        door.advance(Duration.ofHours(1));

        door.expectOpen();
    }

    @Test
    void aClientThatTakesNoRepliesIsNotAnsweredUntilItDoes() {
        var lists = new ClientBytes().flags();
        for (var i = 0; i < 100; i++) {
            lists.option(NbdConstants.OPT_LIST);
        }
        var outbound = door.channel.unsafe().outboundBuffer();
        outbound.setUserDefinedWritability(1, false);
        door.send(lists);
        door.takeGreeting();
        door.expectNothing();
        assertThat(door.channel.config().isAutoRead()).isFalse();

        outbound.setUserDefinedWritability(1, true);

        for (var i = 0; i < 100; i++) {
            takeOptionReply(NbdConstants.OPT_LIST, NbdConstants.REP_SERVER);
            takeOptionReply(NbdConstants.OPT_LIST, NbdConstants.REP_SERVER);
            expectAck(NbdConstants.OPT_LIST);
        }
        assertThat(door.channel.config().isAutoRead()).isTrue();
        door.send(new ClientBytes().go("disk").flush(1));
        expectInfoExport(NbdConstants.OPT_GO, 1 << 20);
        expectAck(NbdConstants.OPT_GO);
        door.expectReply(1);
    }

    @Test
    void aClientThatNeverTakesRepliesIsClosedAtTheLimit() {
        door.channel.unsafe().outboundBuffer().setUserDefinedWritability(1, false);
        door.send(new ClientBytes().flags().option(NbdConstants.OPT_LIST));

        door.advance(Duration.ofSeconds(31));

        door.expectClosed();
    }

    @Test
    void requestsBehindGoAreServed() {
        door.send(new ClientBytes().flags().go("disk").flush(1).read(2, 0, 3).raw((byte) 0x25));

        door.takeGreeting();
        expectInfoExport(NbdConstants.OPT_GO, 1 << 20);
        expectAck(NbdConstants.OPT_GO);
        door.expectReply(1);
        door.expectReply(2);
        assertThat(door.received().readableBytes()).isEqualTo(3);
    }

    @Test
    void whyAProviderRefusesDecidesTheError() {
        refusing(ExportRefusal.POLICY, NbdConstants.REP_ERR_POLICY);
        refusing(ExportRefusal.TLS_REQUIRED, NbdConstants.REP_ERR_TLS_REQD);
        refusing(ExportRefusal.SHUTDOWN, NbdConstants.REP_ERR_SHUTDOWN);
        refusing(ExportRefusal.UNAVAILABLE, NbdConstants.REP_ERR_UNKNOWN);
        refusing(ExportRefusal.UNKNOWN, NbdConstants.REP_ERR_UNKNOWN);
    }

    private void refusing(ExportRefusal refusal, int error) {
        nothingStays();
        door = new Door(new ExportProvider() {
            @Override
            public void open(ExportRequest request, OpenReply reply) {
                reply.refused(refusal, "not now");
            }

            @Override
            public void list(ListReply reply) {
                reply.refused(refusal, "not now");
            }
        });
        door.send(new ClientBytes().flags().go("disk").option(NbdConstants.OPT_LIST));
        door.takeGreeting();
        expectOptionReply(NbdConstants.OPT_GO, error, "not now");
        expectOptionReply(NbdConstants.OPT_LIST, error, "not now");
        door.expectOpen();
    }

    @Test
    void aProviderMayAnswerLaterAndTheClientMayHaveGone() {
        nothingStays();
        var replies = new ArrayList<OpenReply>();
        door = new Door(holding(replies));
        door.send(new ClientBytes().flags().go("disk").flush(3));
        door.takeGreeting();
        door.expectNothing();

        replies.get(0).opened(new ExportInfo("disk", ""), disk);

        expectInfoExport(NbdConstants.OPT_GO, 1 << 20);
        expectAck(NbdConstants.OPT_GO);
        door.expectReply(3);
        assertThatThrownBy(() -> replies.get(0).refused(ExportRefusal.POLICY, "twice"))
                .isInstanceOf(IllegalStateException.class);

        var late = new Door(door.server);
        late.send(new ClientBytes().flags().go("disk"));
        late.vanish();
        replies.get(1).opened(new ExportInfo("disk", ""), disk);
        late.close();
        assertThat(disk.closes()).isEqualTo(1);
    }

    private static ExportProvider holding(List<OpenReply> replies) {
        return new ExportProvider() {
            @Override
            public void open(ExportRequest request, OpenReply reply) {
                replies.add(reply);
            }

            @Override
            public void list(ListReply reply) {
                throw new IllegalStateException("broken");
            }
        };
    }

    @Test
    void aProviderThatThrowsIsUnavailable() {
        nothingStays();
        door = new Door(holding(new ArrayList<>()));
        door.send(new ClientBytes().flags().option(NbdConstants.OPT_LIST));

        door.takeGreeting();
        takeOptionReply(NbdConstants.OPT_LIST, NbdConstants.REP_ERR_UNKNOWN);
        door.expectOpen();
    }

    @Test
    void aDeviceThatCannotBeServedIsUnavailableAndClosed() {
        nothingStays();
        var odd = new MemoryDevice(
                1 << 20, DeviceLimits.writable().withBlockSizes(65536, 65536, 65536));
        door = new Door(
                new Exports().with("odd", odd),
                Door.config().maxRequestBytes(4096).build());
        door.send(new ClientBytes().flags().go("odd"));

        door.takeGreeting();
        var text = takeOptionReply(NbdConstants.OPT_GO, NbdConstants.REP_ERR_UNKNOWN)
                .toString(StandardCharsets.UTF_8);
        assertThat(text).contains("65536", "4096");
        assertThat(odd.closes()).isEqualTo(1);
    }

    @Test
    void drainingClosesAHandshake() {
        door.send(new ClientBytes().flags());

        door.server.drain();

        door.expectClosed();
        assertThat(door.server.connect(new io.netty.channel.embedded.EmbeddedChannel()))
                .isFalse();
    }

    private void expectInfoExport(int option, long sizeBytes) {
        var data = takeOptionReply(option, NbdConstants.REP_INFO);
        assertThat(data.readUnsignedShort()).isEqualTo(NbdConstants.INFO_EXPORT);
        assertThat(data.readLong()).isEqualTo(sizeBytes);
        assertThat(data.readUnsignedShort() & 1).isEqualTo(1);
    }

    private void expectAck(int option) {
        expectOptionReply(option, NbdConstants.REP_ACK, "");
    }

    private void expectOptionReply(int option, int type, String data) {
        assertThat(takeOptionReply(option, type).toString(StandardCharsets.UTF_8))
                .isEqualTo(data);
    }

    private ByteBuf takeOptionReply(int option, int type) {
        return door.takeOptionReply(option, type);
    }
}
