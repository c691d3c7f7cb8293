package io.kelpie.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

final class ImageFileSystemTest {
    private static final int WRONLY = 1;
    private static final int RDWR = 2;
    private static final int EXCL = 0x80;
    private static final long STEP = 1 << 20;

    private final MemoryImages images = new MemoryImages();
    private final ImageFileSystem files = over(images);

    private static ImageFileSystem over(ImageDirectory directory) {
        return new ImageFileSystem(
                directory, FuseConfig.at(Path.of("/mnt")).withGrowthStepBytes(STEP));
    }

    private static void assertRefused(FuseError error, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        FuseException.class,
                        refused -> assertThat(refused.error()).isEqualTo(error));
    }

    private static ByteBuffer bytes(int length) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(length);
        while (buffer.hasRemaining()) {
            buffer.put((byte) 7);
        }
        return buffer.flip();
    }

    private void makeDisk(String name, long sizeBytes) {
        long handle = files.create(name, RDWR);
        files.truncate(handle, sizeBytes);
        files.release(handle);
    }

    private long imageBytes(String name) {
        return images.attributes(name).orElseThrow().sizeBytes();
    }

    @Test
    void readsStopAtTheEndAndAreEmptyBehindIt() {
        makeDisk("disk", 10_000);
        long handle = files.open("disk", 0);

        assertThat(files.read(handle, 9_000, ByteBuffer.allocateDirect(4096))).isEqualTo(1000);
        assertThat(files.read(handle, 10_000, ByteBuffer.allocateDirect(4096))).isZero();
        assertThat(files.read(handle, Long.MAX_VALUE, ByteBuffer.allocateDirect(1)))
                .isZero();
    }

    @Test
    void writesToADiskStopAtItsEndAndAreRefusedBehindIt() {
        makeDisk("disk", 10_000);
        long handle = files.open("disk", WRONLY);

        assertThat(files.write(handle, 9_000, bytes(4096))).isEqualTo(1000);
        assertRefused(FuseError.ENOSPC, () -> files.write(handle, 10_000, bytes(1)));
        assertThat(imageBytes("disk")).isEqualTo(10_000);
    }

    @Test
    void anEmptyImageGrowsInStepsAndEndsAtWhatWasWritten() {
        long handle = files.create("disk", WRONLY);

        files.write(handle, 0, bytes(1000));

        assertThat(imageBytes("disk")).isEqualTo(STEP);
        assertThat(files.attributes("disk").sizeBytes()).isEqualTo(1000);
        files.flush(handle);
        assertThat(imageBytes("disk")).isEqualTo(1000);
        files.write(handle, 1000, bytes(1000));
        files.release(handle);
        assertThat(imageBytes("disk")).isEqualTo(2000);
    }

    @Test
    void growingEndsWithTheLastWriter() {
        long first = files.create("disk", WRONLY);
        long second = files.open("disk", RDWR);
        files.write(first, 0, bytes(100));
        files.release(first);
        files.write(second, 100, bytes(100));
        files.release(second);

        long third = files.open("disk", RDWR);

        assertRefused(FuseError.ENOSPC, () -> files.write(third, 200, bytes(1)));
    }

    @Test
    void aStepThatTheDirectoryRefusesIsTriedExactly() {
        List<Long> sizes = new ArrayList<>();
        ImageFileSystem limited = over(new ForwardingDirectory(images) {
            @Override
            public ImageFile open(String name, boolean writable) {
                return new ForwardingFile(super.open(name, writable)) {
                    @Override
                    public void truncate(long sizeBytes) {
                        sizes.add(sizeBytes);
                        if (sizeBytes > 5000) {
                            throw new FuseException(FuseError.EFBIG, "too big");
                        }
                        super.truncate(sizeBytes);
                    }
                };
            }
        });
        long handle = limited.create("disk", WRONLY);

        limited.write(handle, 0, bytes(4000));

        assertThat(sizes).containsExactly(STEP, 4000L);
        assertRefused(FuseError.EFBIG, () -> limited.write(handle, 4000, bytes(4000)));
        assertThat(limited.attributes("disk").sizeBytes()).isEqualTo(4000);
    }

    @Test
    void aGrowingImageThatAnotherDoorResizedIsNeverCut() {
        long handle = files.create("disk", WRONLY);
        images.open("disk", true).truncate(5 * STEP);

        files.write(handle, 0, bytes(10));
        files.release(handle);

        assertThat(imageBytes("disk")).isEqualTo(5 * STEP);
    }

    @Test
    void shrinkingIsRefusedForDisksAndForWhatWasWritten() {
        makeDisk("disk", 10_000);
        long handle = files.create("new", WRONLY);
        files.write(handle, 0, bytes(100));

        assertRefused(FuseError.EPERM, () -> files.truncate("disk", 0));
        assertRefused(FuseError.EPERM, () -> files.truncate(handle, 99));
        assertRefused(FuseError.EINVAL, () -> files.truncate(handle, -1));
        files.truncate(handle, 5000);
        files.truncate(handle, 100);
        files.truncate("disk", 10_000);
        files.truncate("disk", 20_000);
        assertThat(imageBytes("disk")).isEqualTo(20_000);
    }

    @Test
    void aReadingHandleChangesNothing() {
        makeDisk("disk", 10_000);
        long handle = files.open("disk", 0);

        assertRefused(FuseError.EBADF, () -> files.write(handle, 0, bytes(1)));
        assertRefused(FuseError.EBADF, () -> files.truncate(handle, 20_000));
        assertRefused(FuseError.EBADF, () -> files.allocate(handle, 3, 0, 10));
    }

    @Test
    void fallocateZeroesInsideTheDiskOnly() {
        makeDisk("disk", 10_000);
        long handle = files.open("disk", RDWR);
        files.write(handle, 0, bytes(10_000));

        files.allocate(handle, 0, 0, 10_000);
        files.allocate(handle, 1, 0, 10_000);
        files.allocate(handle, 3, 0, 10);
        files.allocate(handle, 17, 9_990, 1000);
        files.allocate(handle, 3, 50_000, 10);

        ByteBuffer all = ByteBuffer.allocateDirect(10_000);
        files.read(handle, 0, all);
        assertThat(all.get(9)).isZero();
        assertThat(all.get(10)).isEqualTo((byte) 7);
        assertThat(all.get(9_989)).isEqualTo((byte) 7);
        assertThat(all.get(9_990)).isZero();
        assertRefused(FuseError.EOPNOTSUPP, () -> files.allocate(handle, 0, 0, 10_001));
        assertRefused(FuseError.EOPNOTSUPP, () -> files.allocate(handle, 1, 10_000, 1));
        assertRefused(FuseError.EOPNOTSUPP, () -> files.allocate(handle, 8, 0, 4096));
        assertRefused(FuseError.EOPNOTSUPP, () -> files.allocate(handle, 2, 0, 4096));
        assertRefused(FuseError.EINVAL, () -> files.allocate(handle, 3, 0, 0));
        assertRefused(FuseError.EFBIG, () -> files.allocate(handle, 3, Long.MAX_VALUE, 2));
    }

    @Test
    void createIsExclusiveOnlyWhenAsked() {
        makeDisk("disk", 10_000);

        assertRefused(FuseError.EEXIST, () -> files.create("disk", WRONLY | EXCL));
        long handle = files.create("disk", WRONLY);

        assertRefused(FuseError.ENOSPC, () -> files.write(handle, 10_000, bytes(1)));
    }

    @Test
    void aRemovedNameStartsAnewWhileTheOldIsOpen() {
        long old = files.create("disk", WRONLY);
        files.write(old, 0, bytes(5000));
        files.remove("disk");
        long young = files.create("disk", WRONLY);

        assertThat(files.attributes("disk").sizeBytes()).isZero();
        files.release(old);
        files.write(young, 0, bytes(10));
        files.release(young);
        assertThat(imageBytes("disk")).isEqualTo(10);
    }

    @Test
    void handlesAreGoneAfterRelease() {
        long handle = files.create("disk", WRONLY);
        files.release(handle);

        assertRefused(FuseError.EBADF, () -> files.release(handle));
        assertRefused(FuseError.EBADF, () -> files.read(0, 0, ByteBuffer.allocate(1)));
        assertRefused(FuseError.EBADF, () -> files.flush(4097));
        assertThat(files.nameOf(handle)).isEqualTo("handle " + handle);
    }

    @Test
    void moreFilesThanTheTableHoldsAreRefusedAndClosed() {
        makeDisk("disk", 10);
        for (int i = 0; i < HandleTable.MAX_OPEN_FILES; i++) {
            files.open("disk", 0);
        }

        assertRefused(FuseError.ENFILE, () -> files.open("disk", 0));
        files.releaseAll();
        assertThat(files.open("disk", 0)).isEqualTo(1);
    }

    @Test
    void readOnlyImagesLoseTheirWriteBitsAndBlocksAreRoundedUp() {
        ImageFileSystem snapshots = over(new ForwardingDirectory(images) {
            @Override
            public java.util.Optional<ImageAttributes> attributes(String name) {
                return java.util.Optional.of(new ImageAttributes(1000, 513, 1, 2, true));
            }
        });

        FileAttributes attributes = snapshots.attributes("snapshot");

        assertThat(attributes.mode()).isEqualTo(0400);
        assertThat(attributes.blockCount()).isEqualTo(2);
        assertThat(files.attributes("").isDirectory()).isTrue();
        assertRefused(FuseError.ENOENT, () -> files.attributes("none"));
    }

    @Test
    void namesThatAreNoFileNamesAreNotListed() {
        for (String name : List.of("a", "a/b", "x".repeat(256), "ö".repeat(127), "..", "\ud800")) {
            images.create(name);
        }

        assertThat(files.names()).containsExactlyInAnyOrder("a", "ö".repeat(127));
    }

    @Test
    void theRootIsNoFile() {
        assertRefused(FuseError.EISDIR, () -> files.open("", 0));
        assertRefused(FuseError.EISDIR, () -> files.remove(""));
        assertRefused(FuseError.EOPNOTSUPP, () -> files.rename("a", "b"));
    }
}
