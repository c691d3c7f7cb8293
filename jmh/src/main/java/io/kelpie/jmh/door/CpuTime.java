package io.kelpie.jmh.door;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * CPU seconds of a process with all its threads, dead ones too, from {@code /proc/PID/stat}: user
 * and system time, in ticks of 10 ms.
 */
final class CpuTime {
    private static final double TICKS_PER_SECOND = 100;
    /** Fields are counted from the one behind the name, which may hold blanks. */
    private static final int USER_TICKS = 11;

    private static final int SYSTEM_TICKS = 12;

    private CpuTime() {}

    static double secondsOf(long pid) {
        try {
            return secondsIn(Files.readString(Path.of("/proc", Long.toString(pid), "stat")));
        } catch (IOException e) {
            throw new DoorsException("process " + pid + " is gone: " + e.getMessage(), e);
        }
    }

    static double secondsIn(String stat) {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return (Long.parseLong(fields[USER_TICKS]) + Long.parseLong(fields[SYSTEM_TICKS]))
                / TICKS_PER_SECOND;
    }
}
