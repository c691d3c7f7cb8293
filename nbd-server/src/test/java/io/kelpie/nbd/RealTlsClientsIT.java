// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** libnbd and QEMU over TLS, with an authority and certificates made by openssl. */
@Tag("e2e")
@ExtendWith(NoLeaks.class)
@Timeout(120)
class RealTlsClientsIT {

    private static final String LIBNBD = "libnbd-bin";
    private static final String QEMU = "qemu-utils";
    private static final String OPENSSL = "openssl";
    private static final long SIZE = 8 << 20;

    /** What a client of the authority has: its own certificate, or none. */
    @TempDir
    private static Path known;

    @TempDir
    private static Path anonymous;

    @TempDir
    private static Path authority;

    private final Tool tool = new Tool(anonymous);
    private final Exports exports = new Exports().with("disk", new MemoryDevice(SIZE));

    @BeforeAll
    static void createCertificates() throws IOException, InterruptedException {
        var maker = new Tool(authority);
        maker.run(
                OPENSSL,
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=authority",
                "-keyout",
                "ca-key.pem",
                "-out",
                "ca-cert.pem");
        sign(maker, "server", "subjectAltName=DNS:localhost,IP:127.0.0.1");
        sign(maker, "client", "extendedKeyUsage=clientAuth");
        for (var directory : new Path[] {known, anonymous}) {
            Files.copy(authority.resolve("ca-cert.pem"), directory.resolve("ca-cert.pem"));
        }
        Files.copy(authority.resolve("client-cert.pem"), known.resolve("client-cert.pem"));
        Files.copy(authority.resolve("client-key.pem"), known.resolve("client-key.pem"));
    }

    private static void sign(Tool maker, String name, String extension)
            throws IOException, InterruptedException {
        var extensions = Files.writeString(authority.resolve(name + ".ext"), extension + "\n");
        maker.run(
                OPENSSL,
                "openssl",
                "req",
                "-new",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-subj",
                "/CN=" + name,
                "-keyout",
                name + "-key.pem",
                "-out",
                name + ".csr");
        maker.run(
                OPENSSL,
                "openssl",
                "x509",
                "-req",
                "-in",
                name + ".csr",
                "-CA",
                "ca-cert.pem",
                "-CAkey",
                "ca-key.pem",
                "-CAcreateserial",
                "-days",
                "2",
                "-extfile",
                extensions.toString(),
                "-out",
                name + "-cert.pem");
    }

    @Test
    void nbdinfoSeesTls() throws Exception {
        try (var server = start(tls().withMode(TlsConfig.Mode.REQUIRED))) {
            var output = tool.run(LIBNBD, "nbdinfo", uri("nbds", server, anonymous));

            assertThat(output)
                    .contains("protocol: newstyle-fixed with TLS, using structured packets")
                    .contains("export-size: 8388608");
            await().until(() -> server.stats().connections() == 0);
        }
    }

    @Test
    void nbdinfoIsToldThatTlsIsRequired() throws Exception {
        try (var server = start(tls().withMode(TlsConfig.Mode.REQUIRED))) {
            var result =
                    tool.tryRun(LIBNBD, "nbdinfo", "nbd://localhost:" + port(server) + "/disk");

            assertThat(result.exitCode()).isNotZero();
            assertThat(result.output()).containsIgnoringCase("TLS");
            await().until(() -> server.stats().connections() == 0);
        }
    }

    @Test
    void nbdinfoMayUsePlainTextWhereTlsIsOptionalAndMustWhereItIsOff() throws Exception {
        try (var optional = start(tls());
                var off = NbdServer.start(Door.config().build(), exports)) {
            assertThat(tool.run(LIBNBD, "nbdinfo", "nbd://localhost:" + port(optional) + "/disk"))
                    .contains("without TLS");
            assertThat(tool.tryRun(LIBNBD, "nbdinfo", uri("nbds", off, anonymous))
                            .exitCode())
                    .isNotZero();
            await().until(() -> off.stats().connections() == 0);
        }
    }

    @Test
    void nbdcopyCopiesThroughTlsOnManyConnections() throws Exception {
        var source = anonymous.resolve("source");
        var bytes = new byte[(int) SIZE];
        new Random(5).nextBytes(bytes);
        Files.write(source, bytes);
        try (var server = start(tls().withMode(TlsConfig.Mode.REQUIRED))) {
            var copy = anonymous.resolve("copy");

            tool.run(
                    LIBNBD,
                    "nbdcopy",
                    "--connections=4",
                    source.toString(),
                    uri("nbds", server, anonymous));
            tool.run(LIBNBD, "nbdcopy", uri("nbds", server, anonymous), copy.toString());

            assertThat(Files.mismatch(source, copy)).isEqualTo(-1);
            await().until(() -> server.stats().connections() == 0);
            assertThat(server.stats().budgetUsedBytes()).isZero();
        }
    }

    @Test
    void aRequiredClientCertificateIsShownByLibnbd() throws Exception {
        var tls = tls().withMode(TlsConfig.Mode.REQUIRED)
                .withClientAuthority(
                        authority.resolve("ca-cert.pem"), TlsConfig.ClientCertificate.REQUIRED);
        try (var server = start(tls)) {
            assertThat(tool.run(LIBNBD, "nbdinfo", "--size", uri("nbds", server, known)))
                    .isEqualTo("8388608\n");
            assertThat(tool.tryRun(LIBNBD, "nbdinfo", uri("nbds", server, anonymous))
                            .exitCode())
                    .isNotZero();
            await().until(() -> server.stats().connections() == 0);
        }
    }

    @Test
    void qemuImgUsesCertificates() throws Exception {
        var tls = tls().withMode(TlsConfig.Mode.REQUIRED)
                .withClientAuthority(
                        authority.resolve("ca-cert.pem"), TlsConfig.ClientCertificate.REQUIRED);
        try (var server = start(tls)) {
            var output = tool.run(
                    QEMU,
                    "qemu-img",
                    "info",
                    "--object",
                    "tls-creds-x509,id=tls0,endpoint=client,dir=" + known,
                    "--image-opts",
                    "driver=nbd,host=localhost,port=" + port(server)
                            + ",export=disk,tls-creds=tls0");

            assertThat(output).contains("virtual size: 8 MiB");
            var plain = tool.tryRun(
                    QEMU, "qemu-img", "info", "nbd://localhost:" + port(server) + "/disk");
            assertThat(plain.exitCode()).isNotZero();
            await().until(() -> server.stats().connections() == 0);
        }
    }

    private static TlsConfig tls() {
        return TlsConfig.of(
                authority.resolve("server-cert.pem"), authority.resolve("server-key.pem"));
    }

    private NbdServer start(TlsConfig tls) {
        return NbdServer.start(Door.config().tls(tls).build(), exports);
    }

    private static int port(NbdServer server) {
        return ((InetSocketAddress) server.boundAddresses().get(0)).getPort();
    }

    private static String uri(String scheme, NbdServer server, Path certificates) {
        return scheme + "://localhost:" + port(server) + "/disk?tls-certificates=" + certificates;
    }
}
