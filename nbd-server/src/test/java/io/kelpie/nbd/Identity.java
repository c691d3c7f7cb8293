// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.concurrent.TimeUnit;

import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedKeyManager;

/** A key with a certificate that it signed itself, made by the JDK's keytool. */
final class Identity {

    private static final char[] PASSWORD = "password".toCharArray();
    private static final long KEYTOOL_SECONDS = 60;

    /** PEM file with the certificate. */
    final Path certificate;
    /** PEM file with the key. */
    final Path key;

    private final KeyStore store;

    private Identity(KeyStore store, Path certificate, Path key) {
        this.store = store;
        this.certificate = certificate;
        this.key = key;
    }

    static Identity create(Path directory, String name)
            throws IOException, InterruptedException, GeneralSecurityException {
        var file = directory.resolve(name + ".p12");
        var process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        new String(PASSWORD),
                        "-alias",
                        name,
                        "-keyalg",
                        "EC",
                        "-groupname",
                        "secp256r1",
                        "-validity",
                        "2",
                        "-dname",
                        "CN=" + name,
                        "-ext",
                        "san=dns:localhost,ip:127.0.0.1")
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(name + ".log").toFile())
                .start();
        assertThat(process.waitFor(KEYTOOL_SECONDS, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(directory.resolve(name + ".log")))
                .isZero();
        var store = KeyStore.getInstance(file.toFile(), PASSWORD);
        return new Identity(
                store,
                pem(
                        directory.resolve(name + "-cert.pem"),
                        "CERTIFICATE",
                        store.getCertificate(name).getEncoded()),
                pem(
                        directory.resolve(name + "-key.pem"),
                        "PRIVATE KEY",
                        store.getKey(name, PASSWORD).getEncoded()));
    }

    private static Path pem(Path file, String kind, byte[] bytes) throws IOException {
        var text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
        return Files.writeString(
                file, "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n");
    }

    /** Returns what a client needs that trusts another identity and shows this one. */
    SSLContext showingTo(Identity server) throws GeneralSecurityException {
        var context = SSLContext.getInstance("TLS");
        context.init(new KeyManager[] {new Showing()}, server.trust().getTrustManagers(), null);
        return context;
    }

    /** Returns what a client needs that trusts this identity and shows none. */
    SSLContext anonymous() throws GeneralSecurityException {
        var context = SSLContext.getInstance("TLS");
        context.init(null, trust().getTrustManagers(), null);
        return context;
    }

    /** Shows the certificate also to servers that did not ask for one of its issuer. */
    private final class Showing extends X509ExtendedKeyManager {
        private final String alias;
        private final PrivateKey privateKey;

        Showing() throws GeneralSecurityException {
            alias = store.aliases().nextElement();
            privateKey = (PrivateKey) store.getKey(alias, PASSWORD);
        }

        @Override
        public String chooseClientAlias(String[] types, Principal[] issuers, Socket socket) {
            return alias;
        }

        @Override
        public String[] getClientAliases(String type, Principal[] issuers) {
            return new String[] {alias};
        }

        @Override
        public X509Certificate[] getCertificateChain(String name) {
            try {
                return new X509Certificate[] {(X509Certificate) store.getCertificate(name)};
            } catch (KeyStoreException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public PrivateKey getPrivateKey(String name) {
            return privateKey;
        }

        @Override
        public String[] getServerAliases(String type, Principal[] issuers) {
            throw new UnsupportedOperationException("a client's keys");
        }

        @Override
        public String chooseServerAlias(String type, Principal[] issuers, Socket socket) {
            throw new UnsupportedOperationException("a client's keys");
        }
    }

    private TrustManagerFactory trust() throws GeneralSecurityException {
        var trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        return trust;
    }
}
