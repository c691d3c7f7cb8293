package io.kelpie.fuse;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * How to mount. Immutable; made by {@link #at} and changed by the {@code with} methods. Every value
 * out of range is an {@link IllegalArgumentException} that names it.
 *
 * @param mountPoint an empty directory; kept absolute and normalized
 * @param threadCount loop threads, 1 to {@value #MAX_THREADS}: as many requests are in progress at
 *     once, so one slow image can hold up others when it has taken them all
 * @param allowOther true lets users other than the daemon's in; unless the daemon is root,
 *     {@code /etc/fuse.conf} must say {@code user_allow_other}
 * @param fsName what the mount table shows as the source: letters, digits, {@code . _ : / -}
 * @param attributeTimeout how long the kernel may keep attributes and names, 0 to 1 hour: for so
 *     long a size changed elsewhere may stay unseen
 * @param directIo true (default): every read and write reaches the directory, so what other doors
 *     wrote is seen at once, and shared writable mmap is refused. False: the page cache of each
 *     open lies in between and is dropped at open; mmap works
 * @param fileMode permission bits of an image, 0 to 0777; read-only images lose the write bits
 * @param ownerUid owner of all files; {@value #OWN_ID} = the daemon's user
 * @param ownerGid group of all files; {@value #OWN_ID} = the daemon's group
 * @param growthStepBytes how far ahead an image that was empty when opened is grown when written
 *     behind its end, 0 to 1 GiB; 0 = exactly as far as written. What is too much is given back by
 *     {@link ImageFile#truncate} at close
 * @param closeTimeout how long {@link FuseMount#close} waits for requests in progress, 1 ms to 10
 *     minutes
 */
public record FuseConfig(
        Path mountPoint,
        int threadCount,
        boolean allowOther,
        String fsName,
        Duration attributeTimeout,
        boolean directIo,
        int fileMode,
        int ownerUid,
        int ownerGid,
        long growthStepBytes,
        Duration closeTimeout) {
    /** Most loop threads: each holds a buffer of about 132 KiB of native memory. */
    public static final int MAX_THREADS = 256;

    /** Stands for the daemon's own user or group. */
    public static final int OWN_ID = -1;

    private static final Duration MAX_ATTRIBUTE_TIMEOUT = Duration.ofHours(1);
    private static final Duration MAX_CLOSE_TIMEOUT = Duration.ofMinutes(10);
    private static final long MAX_GROWTH_STEP_BYTES = 1L << 30;

    /** No comma and no backslash: both would end the option in libfuse's list. */
    private static final Pattern FS_NAME = Pattern.compile("[A-Za-z0-9._:/-]{1,64}");

    /** Checks every range. */
    public FuseConfig {
        mountPoint = Objects.requireNonNull(mountPoint, "mountPoint")
                .toAbsolutePath()
                .normalize();
        require(
                threadCount >= 1 && threadCount <= MAX_THREADS,
                "threads must be 1 to " + MAX_THREADS,
                threadCount);
        require(
                FS_NAME.matcher(fsName).matches(),
                "file system name must match " + FS_NAME,
                fsName);
        require(
                !attributeTimeout.isNegative()
                        && attributeTimeout.compareTo(MAX_ATTRIBUTE_TIMEOUT) <= 0,
                "attribute timeout must be 0 to " + MAX_ATTRIBUTE_TIMEOUT,
                attributeTimeout);
        require(fileMode >= 0 && fileMode <= 0777, "file mode must be 0 to 0777 (octal)", fileMode);
        require(ownerUid >= OWN_ID, "owner must be " + OWN_ID + " or a user id", ownerUid);
        require(ownerGid >= OWN_ID, "group must be " + OWN_ID + " or a group id", ownerGid);
        require(
                growthStepBytes >= 0 && growthStepBytes <= MAX_GROWTH_STEP_BYTES,
                "growth step must be 0 to " + MAX_GROWTH_STEP_BYTES + " bytes",
                growthStepBytes);
        require(
                closeTimeout.toMillis() >= 1 && closeTimeout.compareTo(MAX_CLOSE_TIMEOUT) <= 0,
                "close timeout must be 1 ms to " + MAX_CLOSE_TIMEOUT,
                closeTimeout);
    }

    /**
     * The defaults: max(4, 2 x cores) threads, own user only, name {@code kelpie}, attributes kept
     * for 1 s, direct I/O, mode 0600, own user and group, growth by 64 MiB, close within 30 s.
     *
     * @param mountPoint an empty directory
     * @return the configuration
     */
    public static FuseConfig at(Path mountPoint) {
        int cores = Runtime.getRuntime().availableProcessors();
        return new FuseConfig(
                mountPoint,
                Math.min(MAX_THREADS, Math.max(4, 2 * cores)),
                false,
                "kelpie",
                Duration.ofSeconds(1),
                true,
                0600,
                OWN_ID,
                OWN_ID,
                64L << 20,
                Duration.ofSeconds(30));
    }

    /**
     * The same with another number of threads.
     *
     * @param threadCount see the record
     * @return a copy
     */
    public FuseConfig withThreadCount(int threadCount) {
        return new FuseConfig(
                mountPoint,
                threadCount,
                allowOther,
                fsName,
                attributeTimeout,
                directIo,
                fileMode,
                ownerUid,
                ownerGid,
                growthStepBytes,
                closeTimeout);
    }

    /**
     * The same with or without access for other users.
     *
     * @param allowOther see the record
     * @return a copy
     */
    public FuseConfig withAllowOther(boolean allowOther) {
        return new FuseConfig(
                mountPoint,
                threadCount,
                allowOther,
                fsName,
                attributeTimeout,
                directIo,
                fileMode,
                ownerUid,
                ownerGid,
                growthStepBytes,
                closeTimeout);
    }

    /**
     * The same with another name in the mount table.
     *
     * @param fsName see the record
     * @return a copy
     */
    public FuseConfig withFsName(String fsName) {
        return new FuseConfig(
                mountPoint,
                threadCount,
                allowOther,
                fsName,
                attributeTimeout,
                directIo,
                fileMode,
                ownerUid,
                ownerGid,
                growthStepBytes,
                closeTimeout);
    }

    /**
     * The same with another attribute timeout.
     *
     * @param attributeTimeout see the record
     * @return a copy
     */
    public FuseConfig withAttributeTimeout(Duration attributeTimeout) {
        return new FuseConfig(
                mountPoint,
                threadCount,
                allowOther,
                fsName,
                attributeTimeout,
                directIo,
                fileMode,
                ownerUid,
                ownerGid,
                growthStepBytes,
                closeTimeout);
    }

    /**
     * The same with or without direct I/O.
     *
     * @param directIo see the record
     * @return a copy
     */
    public FuseConfig withDirectIo(boolean directIo) {
        return new FuseConfig(
                mountPoint,
                threadCount,
                allowOther,
                fsName,
                attributeTimeout,
                directIo,
                fileMode,
                ownerUid,
                ownerGid,
                growthStepBytes,
                closeTimeout);
    }

    /**
     * The same with other permission bits and owner.
     *
     * @param fileMode see the record
     * @param ownerUid see the record
     * @param ownerGid see the record
     * @return a copy
     */
    public FuseConfig withOwner(int fileMode, int ownerUid, int ownerGid) {
        return new FuseConfig(
                mountPoint,
                threadCount,
                allowOther,
                fsName,
                attributeTimeout,
                directIo,
                fileMode,
                ownerUid,
                ownerGid,
                growthStepBytes,
                closeTimeout);
    }

    /**
     * The same with another growth step.
     *
     * @param growthStepBytes see the record
     * @return a copy
     */
    public FuseConfig withGrowthStepBytes(long growthStepBytes) {
        return new FuseConfig(
                mountPoint,
                threadCount,
                allowOther,
                fsName,
                attributeTimeout,
                directIo,
                fileMode,
                ownerUid,
                ownerGid,
                growthStepBytes,
                closeTimeout);
    }

    /**
     * The same with another bound on closing.
     *
     * @param closeTimeout see the record
     * @return a copy
     */
    public FuseConfig withCloseTimeout(Duration closeTimeout) {
        return new FuseConfig(
                mountPoint,
                threadCount,
                allowOther,
                fsName,
                attributeTimeout,
                directIo,
                fileMode,
                ownerUid,
                ownerGid,
                growthStepBytes,
                closeTimeout);
    }

    private static void require(boolean isTrue, String rule, Object value) {
        if (!isTrue) {
            throw new IllegalArgumentException(rule + ", but is " + value);
        }
    }
}
