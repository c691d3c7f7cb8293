package io.kelpie.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The example in the README is a file that is compiled and tested here. */
final class ReadmeTest {
    @Test
    void theExampleIsTheOneThatTheTestsMount() throws IOException {
        String readme = Files.readString(Path.of("README.md"));
        String example =
                Files.readString(Path.of("src/test/java/io/kelpie/fuse/MemoryImages.java"));

        String shown = readme.substring(readme.indexOf("```java\n") + "```java\n".length());

        assertThat(shown.substring(0, shown.indexOf("```"))).isEqualTo(example);
    }
}
