package io.kelpie.jmh.door;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** Programs of the machine and the Debian package of each. */
enum Tool {
    FIO("fio", "fio"),
    NBDKIT("nbdkit", "nbdkit"),
    QEMU_NBD("qemu-nbd", "qemu-utils"),
    NBDCOPY("nbdcopy", "libnbd-bin"),
    NBDFUSE("nbdfuse", "libnbd-bin"),
    FUSERMOUNT("fusermount3", "fuse3");

    private final String program;
    private final String packageName;

    Tool(String program, String packageName) {
        this.program = program;
        this.packageName = packageName;
    }

    String program() {
        return program;
    }

    /** Refuses when a program is not in PATH, naming all that are missing and their packages. */
    static void require(Collection<Tool> needed) {
        List<Tool> missing =
                needed.stream().filter(tool -> !tool.isThere()).distinct().toList();
        if (!missing.isEmpty()) {
            throw new DoorsException(
                    missing.stream().map(Tool::program).collect(Collectors.joining(", "))
                            + " missing: apt-get install "
                            + missing.stream()
                                    .map(tool -> tool.packageName)
                                    .distinct()
                                    .collect(Collectors.joining(" "))
                            + ", or leave out what needs it with --only where there is a choice");
        }
    }

    private boolean isThere() {
        String path = System.getenv().getOrDefault("PATH", "/usr/bin:/bin");
        for (String directory : path.split(":", -1)) {
            if (Files.isExecutable(Path.of(directory, program))) {
                return true;
            }
        }
        return false;
    }
}
