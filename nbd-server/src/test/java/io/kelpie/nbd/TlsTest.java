// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.kelpie.nbd.wire.NbdConstants;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;

/** STARTTLS: what it opens, what it refuses, and clients that misbehave around it. */
@ExtendWith(NoLeaks.class)
@Timeout(60)
class TlsTest {

    private static final long SIZE = 4 << 20;

    @TempDir
    private static Path directory;

    private static Identity serverSide;
    private static Identity clientSide;
    private static Identity stranger;

    private final CopyOnWriteArrayList<ExportRequest> requests = new CopyOnWriteArrayList<>();
    private final Exports disks = new Exports().with("disk", new MemoryDevice(SIZE));
    private final ExportProvider exports = new ExportProvider() {
        @Override
        public void open(ExportRequest request, OpenReply reply) {
            requests.add(request);
            disks.open(request, reply);
        }

        @Override
        public void list(ListReply reply) {
            disks.list(reply);
        }
    };

    @BeforeAll
    static void createCertificates() throws Exception {
        serverSide = Identity.create(directory, "server");
        clientSide = Identity.create(directory, "client");
        stranger = Identity.create(directory, "stranger");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void servesInsideTls(String protocol) throws Exception {
        try (var server = NbdServer.start(config(optional()), exports);
                var client = secured(server, protocol).go("disk")) {
            var data = new byte[100_000];
            new Random(1).nextBytes(data);

            client.send(new ClientBytes().write(1, 5, data).read(2, 4, 100_002));

            assertThat(client.takeReply().error()).isZero();
            assertThat(client.takeReply().error()).isZero();
            var read = client.takeBytes(100_002);
            assertThat(read).startsWith(0).endsWith(0).containsSubsequence(data);
            client.send(new ClientBytes().disconnect());
            client.expectClosed();
        }
        assertThat(requests).singleElement().satisfies(request -> {
            assertThat(request.encrypted()).isTrue();
            assertThat(request.clientCertificate()).isNull();
        });
    }

    @Test
    void onlyVersionsWithoutKnownWeaknessAreSpoken() {
        var upgrade = TlsUpgrade.load(optional());
        var channel = new io.netty.channel.embedded.EmbeddedChannel();

        var handler = upgrade.newHandler(channel, Duration.ofSeconds(1));

        assertThat(handler.engine().getEnabledProtocols())
                .containsExactlyInAnyOrder("TLSv1.2", "TLSv1.3");
    }

    @Test
    void aClientMayStayInPlainTextWhereTlsIsOptional() throws Exception {
        try (var server = NbdServer.start(config(optional()), exports);
                var client = new TlsClient(server.boundAddresses().get(0)).go("disk")) {
            client.send(new ClientBytes().flush(1));

            assertThat(client.takeReply().error()).isZero();
            assertThat(requests).singleElement().matches(request -> !request.encrypted());
        }
    }

    @Test
    void nothingIsToldBeforeTlsWhereItIsRequired() {
        try (var door = new Door(exports, config(required()))) {
            door.send(new ClientBytes()
                    .flags()
                    .option(NbdConstants.OPT_LIST)
                    .info("disk")
                    .go("disk")
                    .structuredReply()
                    .option(NbdConstants.OPT_EXTENDED_HEADERS)
                    .setMeta("disk", NbdConstants.BASE_ALLOCATION)
                    .option(99, new byte[100_000])
                    .option(NbdConstants.OPT_ABORT));
            door.takeGreeting();

            for (var option : new int[] {3, 6, 7, 8, 11, 10, 99}) {
                door.takeOptionReply(option, NbdConstants.REP_ERR_TLS_REQD);
            }
            door.expectAck(NbdConstants.OPT_ABORT);
            door.expectClosed();
            assertThat(requests).isEmpty();
        }
    }

    @Test
    void theOldWayToChooseAnExportClosesWhereTlsIsRequired() {
        try (var door = new Door(exports, config(required()))) {
            door.send(new ClientBytes().flags().exportName("disk"));
            door.takeGreeting();

            door.expectNothing();
            door.expectClosed();
        }
    }

    @Test
    void absurdDataBeforeRequiredTlsCloses() {
        try (var door = new Door(exports, config(required()))) {
            door.send(new ClientBytes().flags().optionOfLength(99, 0xffffffffL));

            door.expectClosed();
        }
    }

    @Test
    void tlsIsRefusedWhereItIsOff() {
        try (var door = new Door(exports)) {
            door.send(
                    new ClientBytes().flags().option(NbdConstants.OPT_STARTTLS).go("disk"));
            door.takeGreeting();

            door.takeOptionReply(NbdConstants.OPT_STARTTLS, NbdConstants.REP_ERR_POLICY);
            door.takeOptionReply(NbdConstants.OPT_GO, NbdConstants.REP_INFO);
        }
    }

    @Test
    void startTlsWithDataIsInvalid() {
        try (var door = new Door(exports, config(optional()))) {
            door.send(new ClientBytes().flags().option(NbdConstants.OPT_STARTTLS, (byte) 1));
            door.takeGreeting();

            door.takeOptionReply(NbdConstants.OPT_STARTTLS, NbdConstants.REP_ERR_INVALID);
            door.expectOpen();
        }
    }

    @Test
    void bytesBehindStartTlsCloseBeforeItIsAcknowledged() {
        for (var behind : new int[] {1, 16, 300}) {
            try (var door = new Door(exports, config(optional()))) {
                door.send(new ClientBytes()
                        .flags()
                        .option(NbdConstants.OPT_STARTTLS)
                        .raw(new byte[behind]));
                door.takeGreeting();

                door.expectNothing();
                door.expectClosed();
            }
        }
    }

    @Test
    void plainTextAfterTheAcknowledgementIsNotTls() {
        try (var door = new Door(exports, config(optional()))) {
            door.send(new ClientBytes().flags().option(NbdConstants.OPT_STARTTLS));
            door.takeGreeting();
            door.expectAck(NbdConstants.OPT_STARTTLS);

            door.send(new ClientBytes().go("disk"));

            door.expectClosed();
            assertThat(requests).isEmpty();
        }
    }

    @Test
    void whatWasAgreedInPlainTextIsForgotten() throws Exception {
        try (var server = NbdServer.start(config(optional()), exports);
                var client = new TlsClient(server.boundAddresses().get(0))) {
            client.send(new ClientBytes()
                    .structuredReply()
                    .setMeta("disk", NbdConstants.BASE_ALLOCATION));
            client.takeOptionReply(NbdConstants.OPT_STRUCTURED_REPLY, NbdConstants.REP_ACK);
            client.takeOptionReply(
                    NbdConstants.OPT_SET_META_CONTEXT, NbdConstants.REP_META_CONTEXT);
            client.takeOptionReply(NbdConstants.OPT_SET_META_CONTEXT, NbdConstants.REP_ACK);

            client.askForTls().secure(serverSide.anonymous());

            client.send(new ClientBytes().listMeta("disk"));
            client.takeOptionReply(
                    NbdConstants.OPT_LIST_META_CONTEXT, NbdConstants.REP_ERR_INVALID);
            client.send(new ClientBytes().option(NbdConstants.OPT_STARTTLS));
            client.takeOptionReply(NbdConstants.OPT_STARTTLS, NbdConstants.REP_ERR_INVALID);
            client.go("disk");
            client.send(new ClientBytes().read(1, 0, 3));
            assertThat(client.takeReply().error()).isZero();
            assertThat(client.takeBytes(3)).containsExactly(0, 0, 0);
        }
    }

    @Test
    void aRequiredClientCertificateMustBeShownAndTrusted() throws Exception {
        var config = config(optional()
                .withClientAuthority(clientSide.certificate, TlsConfig.ClientCertificate.REQUIRED));
        try (var server = NbdServer.start(config, exports)) {
            refusesInTls(server, serverSide.anonymous());
            refusesInTls(server, stranger.showingTo(serverSide));
            assertThat(requests).isEmpty();

            try (var client = new TlsClient(server.boundAddresses().get(0))
                    .askForTls()
                    .secure(clientSide.showingTo(serverSide))
                    .go("disk")) {
                client.send(new ClientBytes().flush(1));
                assertThat(client.takeReply().error()).isZero();
            }
            var certificate = Objects.requireNonNull(requests.get(0).clientCertificate());
            assertThat(certificate.getSubjectX500Principal().getName()).isEqualTo("CN=client");
        }
    }

    @Test
    void anOptionalClientCertificateMayBeMissingButNotWrong() throws Exception {
        var config = config(optional()
                .withClientAuthority(clientSide.certificate, TlsConfig.ClientCertificate.OPTIONAL));
        try (var server = NbdServer.start(config, exports)) {
            refusesInTls(server, stranger.showingTo(serverSide));
            try (var client = new TlsClient(server.boundAddresses().get(0))
                    .askForTls()
                    .secure(serverSide.anonymous())
                    .go("disk")) {
                client.send(new ClientBytes().flush(1));
                assertThat(client.takeReply().error()).isZero();
            }
            assertThat(requests)
                    .singleElement()
                    .matches(request -> request.clientCertificate() == null);
        }
    }

    /** TLS 1.3 tells a client only with the first bytes it reads. */
    private static void refusesInTls(NbdServer server, javax.net.ssl.SSLContext context)
            throws IOException {
        try (var client = new TlsClient(server.boundAddresses().get(0)).askForTls()) {
            assertThatThrownBy(() -> client.secure(context).go("disk"))
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void aClientThatStopsAroundTheTlsHandshakeIsClosedAtTheLimit() throws Exception {
        var config = Door.config()
                .tls(required())
                .handshakeLimit(Duration.ofMillis(300))
                .build();
        try (var server = NbdServer.start(config, exports)) {
            var address = server.boundAddresses().get(0);
            try (var silent = new TlsClient(address).askForTls();
                    var half = new TlsClient(address).askForTls();
                    var idle = new TlsClient(address).askForTls()) {
                // The beginning of a record that never goes on.
                half.send(new ClientBytes().raw(new byte[] {22, 3, 1, 2, 0, 1, 0, 1}));
                idle.secure(serverSide.anonymous());

                silent.expectClosed();
                half.expectClosed();
                idle.expectClosed();
            }
            await().until(() -> server.stats().connections() == 0);
        }
    }

    @Test
    void garbageResetsAndSlowBytesAroundTlsDisturbNobody() throws Exception {
        var seed = Long.getLong("kelpie.seed", System.nanoTime());
        var random = new Random(seed);
        try (var server = NbdServer.start(config(required()), exports)) {
            var address = server.boundAddresses().get(0);
            try (var good = secured(server).go("disk")) {
                for (var i = 0; i < 40; i++) {
                    var garbage = new byte[1 + random.nextInt(3000)];
                    random.nextBytes(garbage);
                    try (var bad = new TlsClient(address).askForTls()) {
                        if (i % 4 == 0) {
                            bad.secure(serverSide.anonymous());
                        } else if (i % 4 == 1) {
                            // A record of a handshake, so that the garbage reaches the engine.
                            bad.send(new ClientBytes().raw(new byte[] {22, 3, 3, 0, 50}));
                        }
                        for (var at = 0; at < Math.min(20, garbage.length); at++) {
                            bad.send(new ClientBytes().raw(garbage[at]));
                        }
                        bad.send(new ClientBytes().raw(garbage));
                    } catch (IOException closedEarly) {
                        assertThat(closedEarly).as("seed " + seed).isNotNull();
                    }
                    good.send(new ClientBytes().flush(i));
                    assertThat(good.takeReply().cookie()).as("seed " + seed).isEqualTo(i);
                }
            }
            await().until(() -> server.stats().connections() == 0);
            assertThat(server.stats().budgetUsedBytes()).isZero();
            assertThat(server.stats().requestsInFlight()).isZero();
        }
    }

    @Test
    void aClientThatEndsTlsAndKeepsItsSocketIsClosed() throws Exception {
        try (var server = NbdServer.start(config(required()), exports);
                var inOptions = secured(server);
                var inRequests = secured(server).go("disk")) {
            inOptions.endTls();
            inRequests.endTls();

            await().until(() -> server.stats().connections() == 0);
        }
    }

    @Test
    void aClientThatTakesNoRepliesInsideTlsIsClosedAndItsBytesAreFreed() throws Exception {
        var config = Door.config()
                .tls(required())
                .stallLimit(Duration.ofMillis(300))
                .maxRequestBytes(1 << 20)
                .connectionBudgetBytes(16 << 20)
                .serverBudgetBytes(16 << 20)
                .build();
        try (var server = NbdServer.start(config, exports);
                var client = secured(server).go("disk")) {
            var reads = new ClientBytes();
            for (var i = 0; i < 64; i++) {
                reads.read(i, 0, 1 << 20);
            }
            client.send(reads);

            await().untilAsserted(() -> {
                assertThat(server.stats().connections()).isZero();
                assertThat(server.stats().budgetUsedBytes()).isZero();
                assertThat(server.stats().requestsInFlight()).isZero();
            });
        }
    }

    @Test
    void manyClientsHandshakeAtOnceAndSeeTheirOwnBytes() throws Exception {
        try (var server = NbdServer.start(config(required()), exports)) {
            var clients = new ArrayList<TlsClient>();
            try {
                for (var i = 0; i < 20; i++) {
                    clients.add(new TlsClient(server.boundAddresses().get(0)).askForTls());
                }
                for (var client : clients) {
                    client.secure(serverSide.anonymous()).go("disk");
                }
                for (var i = 0; i < clients.size(); i++) {
                    clients.get(i).send(new ClientBytes().write(i, i, (byte) i).read(i, i, 1));
                }
                for (var i = 0; i < clients.size(); i++) {
                    assertThat(clients.get(i).takeReply().error()).isZero();
                    assertThat(clients.get(i).takeReply().cookie()).isEqualTo(i);
                    assertThat(clients.get(i).takeBytes(1)).containsExactly(i);
                }
            } finally {
                for (var client : clients) {
                    client.close();
                }
            }
            await().until(() -> server.stats().connections() == 0);
        }
    }

    @Test
    void unusableFilesAreOneClearSentence() throws IOException {
        var missing = directory.resolve("missing.pem");
        var text = Files.writeString(directory.resolve("text.pem"), "no certificate");

        refusesToStart(TlsConfig.of(missing, serverSide.key), "certificates, " + missing);
        refusesToStart(TlsConfig.of(serverSide.certificate, missing), "key, " + missing);
        refusesToStart(TlsConfig.of(text, serverSide.key), "openssl pkcs8");
        refusesToStart(TlsConfig.of(serverSide.certificate, text), "openssl pkcs8");
        refusesToStart(
                optional().withClientAuthority(missing, TlsConfig.ClientCertificate.OPTIONAL),
                "authority, " + missing);
        refusesToStart(
                optional().withClientAuthority(text, TlsConfig.ClientCertificate.OPTIONAL),
                "openssl pkcs8");
    }

    private void refusesToStart(TlsConfig tls, String text) {
        assertThatThrownBy(() -> NbdServer.start(config(tls), exports))
                .isInstanceOfSatisfying(
                        NbdServerException.class,
                        e -> assertThat(e.kind()).isEqualTo(NbdServerException.Kind.BAD_TLS))
                .hasMessageContaining(text);
    }

    @Test
    void authorityAndClientCertificateGoTogether() {
        assertThatThrownBy(() -> optional()
                        .withClientAuthority(
                                serverSide.certificate, TlsConfig.ClientCertificate.NONE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("both or neither");
    }

    private static TlsClient secured(NbdServer server, String... protocols)
            throws IOException, GeneralSecurityException {
        return new TlsClient(server.boundAddresses().get(0))
                .askForTls()
                .secure(serverSide.anonymous(), protocols);
    }

    private static TlsConfig optional() {
        return TlsConfig.of(serverSide.certificate, serverSide.key);
    }

    private static TlsConfig required() {
        return optional().withMode(TlsConfig.Mode.REQUIRED);
    }

    private static NbdServerConfig config(TlsConfig tls) {
        return Door.config().tls(tls).build();
    }
}
