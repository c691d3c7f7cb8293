package io.kelpie.system;

import java.nio.file.Path;

/**
 * QEMU 5.2, the last with a Sheepdog driver; the script beside this module says where it comes
 * from.
 */
final class QemuSheepdog {
    private static final String SCRIPT = SheepProcess.CHECKOUT
            .resolve("appliance/system-tests/qemu-sheepdog")
            .toAbsolutePath()
            .toString();
    private static final Path BIN = Path.of(Commands.output(SCRIPT).strip());

    private QemuSheepdog() {}

    static String img() {
        return BIN.resolve("qemu-img").toString();
    }

    static String io() {
        return BIN.resolve("qemu-io").toString();
    }

    /** The machine; only the tests that need one ask for it, because its build takes long. */
    static String system() {
        return Path.of(Commands.output(SCRIPT, "--system").strip())
                .resolve("qemu-system-x86_64")
                .toString();
    }
}
