package io.kelpie.jmh.door;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/**
 * What the kernel counted for some processes, by {@code perf stat}: it counts where the calls come
 * in and stops nobody, as strace would.
 *
 * @param systemCalls of all kinds
 * @param syncs calls of fdatasync
 * @param switches of threads
 */
record KernelCounts(double systemCalls, double syncs, double switches) {
    private static final String PROGRAM = "perf";
    private static final String OUTPUT = "perf.out";
    private static final String CALLS = "raw_syscalls:sys_enter";
    private static final String SYNCS = "syscalls:sys_enter_fdatasync";
    private static final String SWITCHES = "context-switches";
    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int NAME_FIELD = 2;

    /** Counts until it is asked for what it counted. */
    static final class Counter {
        private final @Nullable Process process;
        private final Path scratch;
        private final Path output;

        private Counter(@Nullable Process process, Path scratch) {
            this.process = process;
            this.scratch = scratch;
            this.output = scratch.resolve(OUTPUT);
        }

        /** Null where the kernel or its rights do not give these counts. */
        @Nullable
        KernelCounts stop() {
            if (process == null || !process.isAlive()) {
                return null;
            }
            // A perf that is asked to terminate prints nothing; the signal of Ctrl-C it obeys.
            Command.run(scratch, LIMIT, List.of("kill", "-INT", "" + process.pid()));
            try {
                if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    return null;
                }
                return parse(Files.readString(output));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return null;
            } catch (IOException e) {
                return null;
            }
        }
    }

    static Counter start(Path scratch, List<Long> processes) {
        Path output = scratch.resolve(OUTPUT);
        String ids = processes.stream().map(String::valueOf).collect(Collectors.joining(","));
        try {
            Process process = new ProcessBuilder(
                            PROGRAM,
                            "stat",
                            "-x,",
                            "-e",
                            CALLS + "," + SYNCS + "," + SWITCHES,
                            "-p",
                            ids,
                            "-o",
                            output.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return new Counter(process, scratch);
        } catch (IOException e) {
            // Not installed: the figures are left out.
            return new Counter(null, scratch);
        }
    }

    /** Lines of {@code value,unit,event,...}; null unless all three are there. */
    static @Nullable KernelCounts parse(String text) {
        double calls = -1;
        double syncs = -1;
        double switches = -1;
        for (String line : text.lines().toList()) {
            String[] fields = line.split(",", -1);
            if (fields.length > NAME_FIELD && fields[0].matches("[0-9]+")) {
                double value = Double.parseDouble(fields[0]);
                switch (fields[NAME_FIELD]) {
                    case CALLS -> calls = value;
                    case SYNCS -> syncs = value;
                    case SWITCHES -> switches = value;
                    default -> {}
                }
            }
        }
        return calls < 0 || syncs < 0 || switches < 0
                ? null
                : new KernelCounts(calls, syncs, switches);
    }
}
