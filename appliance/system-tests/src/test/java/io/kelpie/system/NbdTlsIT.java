package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A node that takes NBD over TLS only, from clients that show a certificate. */
@Tag("e2e")
final class NbdTlsIT {
    @TempDir
    private Path directory;

    @Test
    void onlyAClientWithACertificateOfTheAuthorityIsServed() throws IOException {
        Path pki = certificates();
        List<String> options = List.of(
                "--nbd-tls=require",
                "--nbd-tls-certificates=" + pki,
                "--nbd-tls-verify-peer=require");
        try (SheepProcess sheep = SheepProcess.start(directory, options).formatted()) {
            sheep.create("secret", "8M");
            String secure = sheep.nbdUri("secret").replace("nbd://127.0.0.1", "nbds://localhost")
                    + "?tls-certificates=" + pki;

            assertThat(Commands.output("nbdinfo", "--size", secure)).isEqualTo("8388608\n");
            assertThat(Commands.run("nbdinfo", sheep.nbdUri("secret")).status())
                    .as("without TLS")
                    .isNotZero();
            Path stranger = Files.createDirectory(directory.resolve("stranger"));
            Files.copy(pki.resolve("ca-cert.pem"), stranger.resolve("ca-cert.pem"));
            assertThat(Commands.run("nbdinfo", "--size", secure.replace(pki + "", stranger + ""))
                            .status())
                    .as("without a client certificate")
                    .isNotZero();
        }
    }

    private Path certificates() throws IOException {
        Path pki = Files.createDirectory(directory.resolve("pki"));
        openssl(
                pki,
                "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority"
                        + " -keyout ca-key.pem -out ca-cert.pem");
        Files.writeString(pki.resolve("san"), "subjectAltName=DNS:localhost,IP:127.0.0.1");
        for (String who : List.of("server", "client")) {
            openssl(
                    pki,
                    "req -newkey rsa:2048 -nodes -subj /CN=" + who + " -keyout " + who
                            + "-key.pem -out " + who + ".csr");
            openssl(
                    pki,
                    "x509 -req -in " + who + ".csr -CA ca-cert.pem -CAkey ca-key.pem"
                            + " -CAcreateserial -days 2 -extfile san -out " + who + "-cert.pem");
        }
        return pki;
    }

    private static void openssl(Path pki, String arguments) {
        Commands.output("sh", "-c", "cd '" + pki + "' && openssl " + arguments + " 2>&1");
    }
}
