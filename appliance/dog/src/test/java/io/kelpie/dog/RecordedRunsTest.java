package io.kelpie.dog;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** Every recorded run of upstream's dog, repeated. */
final class RecordedRunsTest {
    static List<Transcript> transcripts() throws IOException {
        return Transcript.all();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("transcripts")
    void saysAndDoesWhatUpstreamDid(Transcript transcript) throws IOException {
        try (RecordedCluster cluster = new RecordedCluster(transcript)) {

            byte[] input = transcript.input().getBytes(StandardCharsets.ISO_8859_1);
            Outcome outcome = Outcome.run(cluster::dial, Map.of(), input, transcript.args());

            assertThat(outcome.errors()).isEqualTo(transcript.errors());
            assertThat(outcome.status()).isEqualTo(transcript.status());
            assertThat(Outcome.sha256(outcome.output().getBytes(StandardCharsets.ISO_8859_1)))
                    .as("digest of %.2000s", outcome.output())
                    .isEqualTo(transcript.outputDigest());
            assertThat(cluster.surprises()).isEmpty();
        }
    }
}
