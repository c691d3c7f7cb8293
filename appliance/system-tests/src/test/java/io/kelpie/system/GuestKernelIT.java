package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A Linux of its own as the client: its NBD driver and, under QEMU 5.2, its disk on port 7000. */
@Tag("e2e")
final class GuestKernelIT {
    private static final long MIB = 1 << 20;

    /** What the guest writes into files at least, the one that it removes included. */
    private static final long WRITTEN_BYTES = 53 * MIB;

    /** Of which the removed file; it covers that many whole objects but for its ends. */
    private static final long TRIMMED_BYTES = 24 * MIB;

    @RegisterExtension
    static final OneNode NODE = new OneNode();

    @Test
    void fileSystemOnNbdDeviceOfTheKernelSurvivesReconnect() {
        SheepProcess sheep = NODE.sheep();
        sheep.create("kernel", "128M");

        Guest guest = Guest.onNbd("guest-nbd", sheep, "kernel", "fill", "check").passed();

        everyDoorShowsWhatTheGuestWrote("kernel", guest);
        assertThat(allocatedBytes("kernel")).isLessThan(WRITTEN_BYTES);
    }

    @Test
    void fileSystemOnSheepdogDiskSurvivesReboot() {
        SheepProcess sheep = NODE.sheep();
        sheep.create("disk", "128M");

        Guest first =
                Guest.onSheepdog("guest-sheepdog-1", sheep, "disk", "fill").passed();
        everyDoorShowsWhatTheGuestWrote("disk", first);
        long filled = allocatedBytes("disk");

        Guest second =
                Guest.onSheepdog("guest-sheepdog-2", sheep, "disk", "check").passed();
        everyDoorShowsWhatTheGuestWrote("disk", second);
        assertThat(second.sumOfSums()).isEqualTo(first.sumOfSums());
        assertThat(allocatedBytes("disk")).isLessThanOrEqualTo(filled - TRIMMED_BYTES);
    }

    private static void everyDoorShowsWhatTheGuestWrote(String vdi, Guest guest) {
        SheepProcess sheep = NODE.sheep();
        String image = sheep.image(vdi).toString();
        String overNbd = NODE.file(vdi + ".nbd").toString();
        String overSheepdog = NODE.file(vdi + ".sheepdog").toString();
        Commands.output("nbdcopy", sheep.nbdUri(vdi), overNbd);
        Commands.output(
                QemuSheepdog.img(),
                "convert",
                "-f",
                "raw",
                "-O",
                "raw",
                sheep.sheepdogUri(vdi),
                overSheepdog);

        String onMount = sha256(image);
        assertThat(sha256(overNbd)).as("NBD beside the mount").isEqualTo(onMount);
        assertThat(sha256(overSheepdog)).as("port 7000 beside the mount").isEqualTo(onMount);
        Commands.run("e2fsck", "-f", "-n", image).succeeded();
        String sums = NODE.file(vdi + ".sums").toString();
        Commands.output("debugfs", "-R", "dump /sums " + sums, image);
        assertThat(sha256(sums)).as(guest::toString).isEqualTo(guest.sumOfSums());
    }

    private static String sha256(String file) {
        return Commands.output("sha256sum", file).substring(0, 64);
    }

    private static long allocatedBytes(String vdi) {
        return 512
                * Long.parseLong(Commands.output(
                                "stat", "--format=%b", NODE.sheep().image(vdi).toString())
                        .strip());
    }
}
