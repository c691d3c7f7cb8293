package io.kelpie.dog;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TimeZone;

/** Sizes, redundancy, times and other small texts. */
final class TextTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "4095, 4095",
        "12b, 12",
        "1.5M, 1572864",
        "12M, 12582912",
        "4k, 4096",
        "1e3, 1000",
        "5T, 5497558138880",
        "17p, 19140298416324608"
    })
    void readsSizes(String text, long bytes) {
        assertThat(Sizes.parse(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "M",
                "10MB",
                "10X",
                "-1",
                "1.2.3",
                "0x10",
                "nan",
                "infinity",
                " 1",
                "1d",
                "9999999P"
            })
    void refusesWhatIsNoSize(String text) {
        assertThat(Sizes.parse(text)).isEqualTo(Sizes.INVALID);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0.0 MB",
        "4096, 0.0 MB",
        "4194304, 4.0 MB",
        "10000000, 9.5 MB",
        "12582912, 12 MB",
        "1073741823, 1024 MB",
        "1099511627776, 1.0 TB",
        "78793740288, 73 GB",
        "-1, 16 EB"
    })
    void printsSizes(long bytes, String text) {
        assertThat(Sizes.print(bytes, false)).isEqualTo(text);
    }

    @Test
    void printsRawSizesUnsigned() {
        assertThat(Sizes.print(-1, true)).isEqualTo("18446744073709551615");
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 0", "31, 31, 0", "2:1, 3, 17", "4:2, 6, 34", "16:15, 31, 143"})
    void readsAndPrintsRedundancy(String text, int copies, int policy) {
        Redundancy redundancy = new Redundancy(copies, policy);

        assertThat(Redundancy.parse(text)).isEqualTo(redundancy);
        assertThat(redundancy.text()).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0",
                "32",
                "3:1",
                "4:0",
                "4:16",
                "",
                "a",
                "-1",
                "4:",
                ":1",
                "259",
                "12345678901",
                "2:1:1"
            })
    void refusesOtherRedundancy(String text) {
        assertThat(Redundancy.parse(text)).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "1795355280, Sun Nov 22 13:48:00 2026",
        "0, Thu Jan  1 00:00:00 1970",
        "951782399, Mon Feb 28 23:59:59 2000",
        "951782400, Tue Feb 29 00:00:00 2000",
        "4107542400, Mon Mar  1 00:00:00 2100"
    })
    void printsTimesAsCtime(long seconds, String text) {
        assertThat(new LocalTime(seconds, TimeZone.getTimeZone("UTC")).ctime()).isEqualTo(text);
    }

    @Test
    void printsTimesInTheLocalZone() {
        LocalTime summer = new LocalTime(1_784_000_000L, TimeZone.getTimeZone("Europe/Berlin"));

        assertThat(summer.seconds()).isEqualTo("2026-07-14 05:33:20");
        assertThat(summer.minutes()).isEqualTo("2026-07-14 05:33");
        assertThat(summer.logTime()).isEqualTo("2026 Jul 14 05:33:20");
    }

    @Test
    void drawsProgressAsUpstreamDoes() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Console console = new Console(new ByteArrayInputStream(new byte[0]), out, out, true);
        ProgressBar bar = new ProgressBar(console, 20 << 20, 100);

        bar.show(4 << 20);
        bar.show(20 << 20);
        console.flush();

        assertThat(out.toString(StandardCharsets.US_ASCII).split("\r"))
                .extracting(String::stripTrailing)
                .containsExactly(
                        "",
                        " 20.0 % [" + "=".repeat(14) + ">" + " ".repeat(55) + "] 4.0 MB / 20 MB",
                        "100.0 % [" + "=".repeat(70) + "] 20 MB / 20 MB");
    }

    @Test
    void staysSilentAboutProgressInAPipe() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Console console = new Console(new ByteArrayInputStream(new byte[0]), out, out, false);

        new ProgressBar(console, 100).show(100);
        console.flush();

        assertThat(out.size()).isZero();
    }

    @Test
    void splitsTheKernelsCommandLineWithEmptyWords() {
        assertThat(RawArguments.split("java\0-cp\0x\0\0a b\0"))
                .isEqualTo(List.of("java", "-cp", "x", "", "a b"));
    }
}
