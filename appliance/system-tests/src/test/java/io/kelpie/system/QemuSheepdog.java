package io.kelpie.system;

import java.nio.file.Path;

/**
 * QEMU 5.2, the last with a Sheepdog driver; the script beside this module says where it comes
 * from.
 */
final class QemuSheepdog {
    private static final Path BIN = Path.of(Commands.output(SheepProcess.CHECKOUT
                    .resolve("appliance/system-tests/qemu-sheepdog")
                    .toAbsolutePath()
                    .toString())
            .strip());

    private QemuSheepdog() {}

    static String img() {
        return BIN.resolve("qemu-img").toString();
    }

    static String io() {
        return BIN.resolve("qemu-io").toString();
    }
}
