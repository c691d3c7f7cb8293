package io.kelpie.jmh.door;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class KernelCountsTest {
    @Test
    void readsWhatPerfPrints() {
        String text = """
                # started on Sun Nov 22 20:31:41 2026

                1576,,raw_syscalls:sys_enter,17260000,100.00,91.332,K/sec
                12,,syscalls:sys_enter_fdatasync,17260000,100.00,0.7,K/sec
                128,,context-switches,17260000,100.00,7.418,K/sec
                """;

        assertThat(KernelCounts.parse(text)).isEqualTo(new KernelCounts(1576, 12, 128));
    }

    @Test
    void givesNothingWhereAnEventIsNotSupported() {
        String text = """
                1576,,raw_syscalls:sys_enter,17260000,100.00,91.332,K/sec
                <not supported>,,syscalls:sys_enter_fdatasync,0,100.00,,
                128,,context-switches,17260000,100.00,7.418,K/sec
                """;

        assertThat(KernelCounts.parse(text)).isNull();
    }
}
