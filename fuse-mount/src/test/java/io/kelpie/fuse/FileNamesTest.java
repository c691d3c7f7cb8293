package io.kelpie.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;

final class FileNamesTest {
    private static String of(String path) {
        return FileNames.of(path.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aPathIsASlashAndOneName() {
        assertThat(of("/")).isEmpty();
        assertThat(of("/größe")).isEqualTo("größe");
        assertThat(of("/" + "x".repeat(255))).hasSize(255);
    }

    @Test
    void otherPathsAreRefused() {
        assertThatThrownBy(() -> of("")).hasMessageContaining("begin with /");
        assertThatThrownBy(() -> of("/a/b")).hasMessageContaining("flat");
        assertThatThrownBy(() -> of("/" + "x".repeat(256))).hasMessageContaining("255");
        assertThatThrownBy(() -> FileNames.of(new byte[] {'/', (byte) 0xff}))
                .hasMessageContaining("UTF-8");
    }
}
