package io.kelpie.jmh.door;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

import java.util.List;

final class ReadingsTest {
    private static final String FIO = """
            fio: a warning before the result
            {"jobs":[{"error":%d,
              "read":{"total_ios":300,"io_bytes":1228800,"runtime":2000},
              "write":{"total_ios":100,"io_bytes":409600,"runtime":1990}}]}
            """;

    @Test
    void readsWhatFioCounted() {
        Result result = Fio.resultIn(FIO.formatted(0));

        assertThat(result).isEqualTo(new Result(2.0, 400, 1638400));
        assertThat(result.requestsPerSecond()).isEqualTo(200.0);
    }

    @Test
    void anErrorOfFioIsNoFigure() {
        assertThatThrownBy(() -> Fio.resultIn(FIO.formatted(5)))
                .isInstanceOf(DoorsException.class)
                .hasMessageContaining("5");
        assertThatThrownBy(() -> Fio.resultIn("{\"jobs\":[{\"error\":0}]}"))
                .isInstanceOf(DoorsException.class)
                .hasMessageContaining("no request");
    }

    @Test
    void readsTheCpuTimeOfAProcessWhoseNameHasBlanksAndBrackets() {
        String stat = "77 (a ) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 1 0 5 6 7";

        assertThat(CpuTime.secondsIn(stat)).isEqualTo(2.0);
    }

    @Test
    void takesOptionsAndNamesTheOneThatIsWrong() {
        Options options =
                Options.parse(Options.ofDoors(), List.of("--rounds=2", "--only=fuse,qd1"));

        assertThat(options.rounds()).isEqualTo(2);
        assertThat(options.wants("nbd-4k-randread-qd1")).isTrue();
        assertThat(options.wants("nbdcopy-in")).isFalse();
        assertThatThrownBy(() -> Options.parse(Options.ofDoors(), List.of("--rounds=0")))
                .isInstanceOf(DoorsException.class)
                .hasMessageContaining("--rounds='0'");
        assertThatThrownBy(() -> Options.parse(Options.ofDoors(), List.of("--speed=9")))
                .isInstanceOf(DoorsException.class)
                .hasMessageContaining("--speed");
    }
}
