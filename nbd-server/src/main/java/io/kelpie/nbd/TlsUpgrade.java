// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.netty.channel.Channel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;

import org.jspecify.annotations.Nullable;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;

import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;

/** Puts TLS under connections: the loaded form of a {@link TlsConfig}. Any thread. */
final class TlsUpgrade {

    /**
     * How long closing waits for the last record to leave; short, so that a client that takes
     * nothing does not hold its socket.
     */
    private static final long CLOSE_NOTIFY_MILLIS = 500;

    private final SslContext context;
    private final boolean isRequired;

    private TlsUpgrade(SslContext context, boolean isRequired) {
        this.context = context;
        this.isRequired = isRequired;
    }

    /**
     * Reads the files.
     *
     * @throws NbdServerException naming the file if one is missing or not what it should be
     */
    static TlsUpgrade load(TlsConfig config) {
        requireReadable("certificates", config.certificates());
        requireReadable("private key", config.privateKey());
        if (config.clientAuthority() != null) {
            requireReadable("client authority", config.clientAuthority());
        }
        try {
            var builder = SslContextBuilder.forServer(
                            config.certificates().toFile(), config.privateKey().toFile())
                    .sslProvider(SslProvider.JDK)
                    .protocols("TLSv1.3", "TLSv1.2")
                    .clientAuth(clientAuth(config.clientCertificate()));
            if (config.clientAuthority() != null) {
                builder.trustManager(config.clientAuthority().toFile());
            }
            return new TlsUpgrade(builder.build(), config.mode() == TlsConfig.Mode.REQUIRED);
        } catch (SSLException | IllegalArgumentException e) {
            throw cannotUse(config, e);
        }
    }

    private static ClientAuth clientAuth(TlsConfig.ClientCertificate need) {
        return switch (need) {
            case NONE -> ClientAuth.NONE;
            case OPTIONAL -> ClientAuth.OPTIONAL;
            case REQUIRED -> ClientAuth.REQUIRE;
        };
    }

    private static void requireReadable(String what, Path file) {
        if (!Files.isReadable(file) || Files.isDirectory(file)) {
            throw new NbdServerException(
                    NbdServerException.Kind.BAD_TLS,
                    "cannot use TLS: the file of the " + what + ", " + file
                            + ", is missing or not readable; create it or let this user read it",
                    null);
        }
    }

    private static NbdServerException cannotUse(TlsConfig config, Exception cause) {
        var why = cause.getCause() == null ? cause : cause.getCause();
        return new NbdServerException(
                NbdServerException.Kind.BAD_TLS,
                "cannot use TLS with certificates " + config.certificates() + ", private key "
                        + config.privateKey() + " and client authority "
                        + config.clientAuthority() + ": " + why
                        + "; all must be PEM, and the key PKCS#8 without a password"
                        + " (openssl pkcs8 -topk8 -nocrypt converts)",
                cause);
    }

    /** Returns whether clients may do nothing without TLS. */
    boolean isRequired() {
        return isRequired;
    }

    /** Returns a handler that takes the server's side for one connection. */
    SslHandler newHandler(Channel channel, Duration handshakeLimit) {
        var handler = context.newHandler(channel.alloc());
        handler.setHandshakeTimeoutMillis(handshakeLimit.toMillis());
        handler.setCloseNotifyFlushTimeoutMillis(CLOSE_NOTIFY_MILLIS);
        return handler;
    }

    /** Returns the certificate the client has shown, which was found valid, or {@code null}. */
    static @Nullable X509Certificate clientCertificate(SslHandler handler) {
        try {
            var chain = handler.engine().getSession().getPeerCertificates();
            return chain.length > 0 && chain[0] instanceof X509Certificate first ? first : null;
        } catch (SSLPeerUnverifiedException notShown) {
            return null;
        }
    }
}
