package io.kelpie.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Each obstacle to a mount is told in one line with what to do. */
final class MountPointTest {
    private @TempDir Path directory;
    private Path mountPoint;
    private Path device;
    private Path table;

    @BeforeEach
    void makeHost() throws IOException {
        directory = directory.toRealPath();
        mountPoint = Files.createDirectory(directory.resolve("m t"));
        device = Files.createFile(directory.resolve("fuse"));
        table = Files.writeString(directory.resolve("mountinfo"), "");
        Path program = Files.createFile(directory.resolve("fusermount"));
        assertThat(program.toFile().setExecutable(true)).isTrue();
    }

    private MountPoint.Host host() {
        return new MountPoint.Host(device, table, directory.resolve("conf"), List.of(directory));
    }

    private void assertRefused(FuseError error, String advice, Path at) {
        assertThatThrownBy(() -> FuseMount.mount(
                        FuseConfig.at(at), new MemoryImages(), LibFuse.LIBRARY, host()))
                .isInstanceOfSatisfying(
                        FuseException.class,
                        refused -> assertThat(refused.error()).isEqualTo(error))
                .hasMessageContaining(advice)
                .satisfies(refused -> assertThat(refused.getMessage()).doesNotContain("\n"));
    }

    @Test
    void aMissingDeviceNamesTheModule() throws IOException {
        Files.delete(device);
        assertRefused(FuseError.ENODEV, "modprobe fuse", mountPoint);
    }

    @Test
    void aMissingFusermountNamesThePackage() throws IOException {
        Files.delete(directory.resolve("fusermount"));
        assertRefused(FuseError.ENOSYS, "apt install fuse3", mountPoint);
    }

    @Test
    void aMissingLibraryNamesThePackage() {
        assertThatThrownBy(() -> LibFuse.load("libfuse.so.none"))
                .isInstanceOf(FuseException.class)
                .hasMessageContaining("apt install libfuse2");
    }

    @Test
    void aMissingDirectoryNamesTheCommand() {
        Path missing = directory.resolve("missing");
        assertRefused(FuseError.ENOENT, "mkdir -p " + missing, missing);
        assertRefused(FuseError.ENOENT, "mkdir -p", missing.resolve("deeper"));
    }

    @Test
    void aFileIsNoMountPoint() {
        assertRefused(FuseError.ENOTDIR, "not a directory", device);
    }

    @Test
    void anOccupiedDirectoryIsLeftAlone() throws IOException {
        Files.createFile(mountPoint.resolve("precious"));
        assertRefused(FuseError.ENOTEMPTY, "empty it", mountPoint);
    }

    @Test
    void aLiveMountIsLeftAlone() throws IOException {
        String place = mountPoint.toString().replace(" ", "\\040");
        Files.writeString(
                table, "36 25 0:99 / " + place + " rw,nosuid shared:1 - fuse.kelpie kelpie rw\n");
        assertRefused(FuseError.EBUSY, "already mounted by a running process (kelpie)", mountPoint);
    }

    @Test
    void theUppermostMountOfAPlaceCounts() throws IOException {
        Files.writeString(table, """
                36 25 0:9 / /mnt rw - ext4 /dev/sda rw
                37 25 0:10 / /mnt rw shared:1 master:2 - fuse.kelpie kelpie rw
                38 25 0:11 / /mnt/x rw - tmpfs tmpfs rw
                """);

        assertThat(new MountTable(table).at(Path.of("/mnt")))
                .contains(new MountTable.Mount("0:10", "fuse.kelpie", "kelpie"));
        assertThat(new MountTable(table).at(Path.of("/none"))).isEmpty();
    }
}
