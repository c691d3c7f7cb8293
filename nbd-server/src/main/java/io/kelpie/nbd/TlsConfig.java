// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import org.jspecify.annotations.Nullable;

import java.nio.file.Path;
import java.util.Objects;

/**
 * How clients may or must use TLS (1.2 and 1.3, X.509). Without it in the configuration a server
 * refuses TLS. An immutable value; the files are read once, when the server starts.
 *
 * <pre>{@code
 * var tls = TlsConfig.of(Path.of("server-cert.pem"), Path.of("server-key.pem"))
 *         .withMode(TlsConfig.Mode.REQUIRED)
 *         .withClientAuthority(Path.of("ca-cert.pem"), TlsConfig.ClientCertificate.REQUIRED);
 * }</pre>
 *
 * @param certificates PEM file with the server's certificate, then those between it and its
 *     authority
 * @param privateKey PEM file with the certificate's private key: PKCS#8, not encrypted ("BEGIN
 *     PRIVATE KEY")
 * @param mode whether a client may stay without TLS
 * @param clientAuthority PEM file with the certificates that a client's certificate must lead to,
 *     or {@code null} if none is asked for
 * @param clientCertificate whether a client must show a certificate; anything but {@code NONE}
 *     needs a {@code clientAuthority}
 */
public record TlsConfig(
        Path certificates,
        Path privateKey,
        Mode mode,
        @Nullable Path clientAuthority,
        ClientCertificate clientCertificate) {

    /** Whether a client may stay without TLS. */
    public enum Mode {
        /** The client decides; {@link ExportRequest#encrypted} tells the provider what it chose. */
        OPTIONAL,
        /** Nothing is told and no export opened before TLS. */
        REQUIRED
    }

    /** Whether a client shows who it is. A certificate that is shown must always be valid. */
    public enum ClientCertificate {
        /** It is not asked. */
        NONE,
        /** It is asked and may go on without. */
        OPTIONAL,
        /** It must. */
        REQUIRED
    }

    /** Checks that authority and certificate go together. */
    public TlsConfig {
        Objects.requireNonNull(certificates, "certificates");
        Objects.requireNonNull(privateKey, "privateKey");
        if ((clientCertificate == ClientCertificate.NONE) != (clientAuthority == null)) {
            throw new IllegalArgumentException("client certificates " + clientCertificate
                    + " do not go with the client authority " + clientAuthority
                    + ": give both or neither");
        }
    }

    /** Returns a configuration where TLS is optional and clients are not asked who they are. */
    public static TlsConfig of(Path certificates, Path privateKey) {
        return new TlsConfig(certificates, privateKey, Mode.OPTIONAL, null, ClientCertificate.NONE);
    }

    /** Returns the same with another mode. */
    public TlsConfig withMode(Mode value) {
        return new TlsConfig(certificates, privateKey, value, clientAuthority, clientCertificate);
    }

    /**
     * Returns the same with clients' certificates asked for.
     *
     * @param authority PEM file with the certificates a client's must lead to
     * @param need {@code OPTIONAL} or {@code REQUIRED}
     */
    public TlsConfig withClientAuthority(Path authority, ClientCertificate need) {
        return new TlsConfig(certificates, privateKey, mode, authority, need);
    }
}
