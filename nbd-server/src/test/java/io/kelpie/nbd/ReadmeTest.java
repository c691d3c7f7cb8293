// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;

import javax.tools.ToolProvider;

/** The README's server is real: it compiles against the public API and serves. */
class ReadmeTest {

    private static final int MAX_LINES = 30;

    @TempDir
    private Path directory;

    @Test
    void theReadmesServerCompilesAndServes() throws Exception {
        var source = directory.resolve("MemoryServer.java");
        Files.writeString(source, example());
        var result = ToolProvider.getSystemJavaCompiler()
                .run(
                        null,
                        null,
                        null,
                        "-cp",
                        System.getProperty("java.class.path"),
                        source.toString());
        assertThat(result).isZero();

        try (var loader = new URLClassLoader(new URL[] {directory.toUri().toURL()})) {
            var provider = (ExportProvider) loader.loadClass("MemoryServer")
                    .getConstructor(ByteBuf.class)
                    .newInstance(Unpooled.buffer(1 << 20));
            var config = NbdServerConfig.builder()
                    .tcp(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                    .build();
            try (var server = NbdServer.start(config, provider);
                    var client = BlockingClient.serving(server.boundAddresses().get(0), "")) {
                client.send(new ClientBytes().write(1, 5, new byte[] {1, 2, 3}).flush(2));
                assertThat(client.takeReply().error()).isZero();
                assertThat(client.takeReply().error()).isZero();
                client.send(new ClientBytes().read(3, 4, 5));
                assertThat(client.takeReply().error()).isZero();

                assertThat(client.takeBytes(5)).containsExactly(0, 1, 2, 3, 0);
            }
        }
    }

    @Test
    void theReadmesServerStaysShort() throws IOException {
        assertThat(example().lines().filter(line -> !line.isBlank()))
                .hasSizeLessThanOrEqualTo(MAX_LINES);
    }

    private static String example() throws IOException {
        var readme = Files.readString(Path.of("README.md"));
        var start = readme.indexOf("```java\n") + "```java\n".length();
        return readme.substring(start, readme.indexOf("```", start));
    }
}
