package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A machine with Debian's cloud kernel in QEMU without KVM, run from its boot to its end. What it
 * does stands in {@code guest-init} beside this module; what it says on its serial line is all that
 * comes back.
 *
 * @param console the text of the serial line, and what QEMU itself printed
 */
record Guest(String console) {
    /** Five times what the longest took with two processors and ten busy processes. */
    private static final long LIMIT_SECONDS = 120;

    private static final Path KEPT_CONSOLES = Path.of("target", "system-logs");
    private static final int CONSOLE_LINES_SHOWN = 100;

    // The kernel's check of its timer fails where the host is busy; a panic ends the machine.
    private static final String KERNEL_PARAMETERS =
            "console=ttyS0 no_timer_check cryptomgr.notests panic=-1";
    private static final Pattern SUM =
            Pattern.compile("^guest: sum of sums: ([0-9a-f]{64})", Pattern.MULTILINE);

    /**
     * A guest whose kernel is the NBD client, in Debian's QEMU.
     *
     * @param name of the file in {@code target/system-logs} that keeps the console
     * @param work what {@code guest-init} does, after each other, each in a connection of its own
     */
    static Guest onNbd(String name, SheepProcess sheep, String vdi, String... work) {
        return boot(
                name,
                List.of("qemu-system-x86_64"),
                List.of("-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="),
                "guest_disk=nbd:" + sheep.nbdPort() + ":" + vdi,
                work);
    }

    /** A guest whose virtio disk is a VDI that QEMU 5.2 reaches by the Sheepdog protocol. */
    static Guest onSheepdog(String name, SheepProcess sheep, String vdi, String... work) {
        String disk = "file=sheepdog://127.0.0.1:%d/%s".formatted(sheep.port(), vdi);
        return boot(
                name,
                // Its firmware is that of Debian's QEMU.
                List.of(QemuSheepdog.system(), "-L", "/usr/share/seabios", "-L", "/usr/share/qemu"),
                List.of(
                        "-drive",
                        disk + ",format=raw,if=none,id=disk,cache=writeback,discard=unmap",
                        "-device",
                        "virtio-blk-pci,drive=disk,romfile="),
                "guest_disk=vda",
                work);
    }

    /** The guest itself, when it did all of its work. */
    Guest passed() {
        assertThat(console.lines()).as(this::toString).contains("guest: passed");
        return this;
    }

    /** What the guest computed over the checksums of all its files, the last time it did. */
    String sumOfSums() {
        Matcher matcher = SUM.matcher(console);
        assertThat(matcher.find()).as(this::toString).isTrue();
        String sum = matcher.group(1);
        while (matcher.find()) {
            sum = matcher.group(1);
        }
        return sum;
    }

    @Override
    public String toString() {
        List<String> lines = console.lines().toList();
        return "console of the guest (all of it in " + KEPT_CONSOLES + "):\n"
                + String.join(
                        "\n",
                        lines.subList(
                                Math.max(0, lines.size() - CONSOLE_LINES_SHOWN), lines.size()));
    }

    private static Guest boot(
            String name, List<String> qemu, List<String> devices, String disk, String[] work) {
        Path image = Path.of(Commands.output(SheepProcess.CHECKOUT
                        .resolve("appliance/system-tests/guest-image")
                        .toAbsolutePath()
                        .toString())
                .strip());
        List<String> command = new ArrayList<>(qemu);
        command.addAll(List.of("-nodefaults", "-no-user-config", "-no-reboot"));
        command.addAll(List.of("-display", "none", "-serial", "stdio", "-machine", "pc"));
        command.addAll(List.of("-accel", "tcg,thread=multi", "-smp", "2", "-m", "256"));
        command.addAll(List.of("-kernel", image.resolve("vmlinuz").toString()));
        command.addAll(List.of("-initrd", image.resolve("initrd").toString()));
        command.addAll(devices);
        command.addAll(List.of(
                "-append",
                "%s %s guest_work=%s".formatted(KERNEL_PARAMETERS, disk, String.join(",", work))));
        try {
            Path console = Files.createDirectories(KEPT_CONSOLES).resolve(name + ".console");
            return runToItsEnd(command, console);
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "cannot run " + qemu.get(0) + ", in Debian: apt-get install qemu-system-x86",
                    e);
        }
    }

    private static Guest runToItsEnd(List<String> command, Path console) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectErrorStream(true)
                .redirectOutput(console.toFile());
        Commands.useDebianPath(builder);
        Process machine = builder.start();
        try {
            boolean ended = machine.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS);
            Guest guest = new Guest(
                    Files.readString(console, StandardCharsets.ISO_8859_1).replace("\r", ""));
            assertThat(ended)
                    .as("ended within %d s: %s; %s", LIMIT_SECONDS, command, guest)
                    .isTrue();
            assertThat(machine.exitValue())
                    .as("status of %s; %s", command, guest)
                    .isZero();
            return guest;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for " + command, e);
        } finally {
            machine.destroyForcibly();
        }
    }
}
