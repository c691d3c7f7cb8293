package io.kelpie.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much memory the host has; package-private because only defaults need it. */
final class HostMemory {
    private static final Path MEMINFO = Path.of("/proc/meminfo");

    /** What is assumed where the host does not tell: enough for every default to be sensible. */
    private static final long ASSUMED_BYTES = 4L << 30;

    private HostMemory() {}

    /** Physical memory in bytes. */
    static long totalBytes() {
        try {
            for (String line : Files.readAllLines(MEMINFO)) {
                if (line.startsWith("MemTotal:")) {
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
                }
            }
            return ASSUMED_BYTES;
        } catch (IOException e) {
            return ASSUMED_BYTES;
        }
    }
}
