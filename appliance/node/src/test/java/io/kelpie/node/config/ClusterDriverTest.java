package io.kelpie.node.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.file.Path;
import java.util.List;

/** The text of the {@code -c} option. */
class ClusterDriverTest {
    private static final Path BASE = Path.of("/base");

    @Test
    void localNodesShareADirectory() throws Exception {
        assertThat(ClusterDriver.parse("local", BASE))
                .isEqualTo(new CoordinatorConfig.Local(Path.of("/tmp/kelpie-local")));
        assertThat(ClusterDriver.parse("local:/x/y", BASE))
                .isEqualTo(new CoordinatorConfig.Local(Path.of("/x/y")));
        assertThat(ClusterDriver.parse("local:y", BASE))
                .isEqualTo(new CoordinatorConfig.Local(Path.of("/base/y")));
    }

    @Test
    void anEnsembleHasPortPathAndTimeoutUnlessTold() throws Exception {
        assertThat(ClusterDriver.parse("zookeeper:one", BASE))
                .isEqualTo(new CoordinatorConfig.ZooKeeper(List.of("one:2181"), "/kelpie", 10_000));
        assertThat(ClusterDriver.parse("zookeeper:one:1,[::1]:2,[::2]/a/b,timeout=2000", BASE))
                .isEqualTo(new CoordinatorConfig.ZooKeeper(
                        List.of("one:1", "[::1]:2", "[::2]:2181"), "/a/b", 2000));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "zookeeper",
                "zookeeper:",
                "zookeeper:/kelpie",
                "zookeeper:a,,b",
                "zookeeper:a,b,",
                "zookeeper:a:",
                "zookeeper:a:0",
                "zookeeper:a:65536",
                "zookeeper:a:b",
                "zookeeper:::1",
                "zookeeper:a b",
                "zookeeper:a/",
                "zookeeper:a/x/",
                "zookeeper:a/x//y",
                "zookeeper:a/..",
                "zookeeper:a/x,y",
                "zookeeper:a,timeout=",
                "zookeeper:a,timeout=1999",
                "zookeeper:a,timeout=600001",
                "zookeeper:a,timeout=5000/x",
                "zookeeper:a,time=5000",
            })
    void refusesWhatIsNoEnsemble(String text) {
        assertThatThrownBy(() -> ClusterDriver.parse(text, BASE))
                .isInstanceOf(ConfigException.class);
    }

    @Test
    void saysWhatIsMissing() {
        assertThatThrownBy(() -> ClusterDriver.parse("zookeeper", BASE))
                .hasMessageStartingWith("You must specify zookeeper servers.");
        assertThatThrownBy(() -> ClusterDriver.parse("zookeeper:a,time=5", BASE))
                .hasMessage("Invalid zookeeper server 'time=5': must be HOST or HOST:PORT,"
                        + " IPv6 addresses in brackets");
    }
}
