// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.nbd.wire.NbdConstants;
import io.kelpie.nbd.wire.RequestHeader;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Objects;

class RequestCheckTest {

    private static final long SIZE = 1 << 20;
    private static final DeviceLimits ALL =
            new DeviceLimits(false, true, true, true, true, true, true, true, 512, 4096, 1 << 16);
    private static final DeviceLimits NOTHING = new DeviceLimits(
            false, false, false, false, false, false, false, false, 1, 4096, 1 << 16);

    @ParameterizedTest(name = "command {0} flags {1} at {2} of {3} bytes")
    @CsvSource({
        "0, 0, 0, 512",
        "0, 1, 0, 65536",
        "0, 0, 1048064, 512",
        "1, 0, 0, 512",
        "1, 1, 983040, 65536",
        "3, 0, 0, 0",
        "3, 1, 0, 0",
        "4, 0, 0, 1048576",
        "4, 1, 512, 512",
        "5, 0, 0, 1048576",
        "5, 1, 0, 512",
        "6, 0, 0, 1048576",
        "6, 1, 0, 512",
        "6, 2, 0, 512",
        "6, 16, 0, 512",
        "6, 19, 512, 1024",
    })
    void acceptsWhatTheDeviceCanDo(int type, int flags, long offset, long length) {
        assertThat(check(type, flags, offset, length, ALL)).isNull();
    }

    @ParameterizedTest(name = "command {0} flags {1} at {2} of {3} bytes: {4}")
    @CsvSource({
        // Range: reads and trims beyond the end are invalid, writes find no space.
        "0, 0, 1048576, 512, EINVAL",
        "0, 0, 1048064, 1024, EINVAL",
        "4, 0, 1048576, 512, EINVAL",
        "5, 0, 1048064, 1024, EINVAL",
        "1, 0, 1048576, 512, ENOSPC",
        "1, 0, 1048064, 1024, ENOSPC",
        "6, 0, 1048064, 1024, ENOSPC",
        "6, 0, 0, 4294966784, ENOSPC",
        // Offsets of 2^63 and more, and sums that overflow.
        "0, 0, -512, 512, EINVAL",
        "0, 0, -9223372036854775808, 512, EINVAL",
        "1, 0, 9223372036854775296, 512, ENOSPC",
        "1, 0, -512, 1024, ENOSPC",
        "4, 0, -1, 4294967295, EINVAL",
        // Nothing to do.
        "0, 0, 0, 0, EINVAL",
        "1, 0, 0, 0, EINVAL",
        "4, 0, 0, 0, EINVAL",
        "5, 0, 0, 0, EINVAL",
        "6, 0, 0, 0, EINVAL",
        // Block size and longest request.
        "0, 0, 1, 512, EINVAL",
        "0, 0, 0, 513, EINVAL",
        "1, 0, 511, 512, EINVAL",
        "6, 0, 0, 100, EINVAL",
        "0, 0, 0, 66048, EINVAL",
        "1, 0, 0, 66048, EINVAL",
        // Flags of other commands, and unknown ones.
        "0, 2, 0, 512, EINVAL",
        "0, 4, 0, 512, EINVAL",
        "0, 16, 0, 512, EINVAL",
        "1, 2, 0, 512, EINVAL",
        "3, 2, 0, 0, EINVAL",
        "4, 2, 0, 512, EINVAL",
        "5, 8, 0, 512, EINVAL",
        "6, 4, 0, 512, EINVAL",
        "1, 32, 0, 512, EINVAL",
        "0, 32768, 0, 512, EINVAL",
        // Flush has no range.
        "3, 0, 512, 0, EINVAL",
        "3, 0, 0, 512, EINVAL",
        // Commands that nobody knows, or that were not negotiated.
        "7, 0, 0, 512, EINVAL",
        "8, 0, 0, 0, EINVAL",
        "65535, 0, 0, 0, EINVAL",
    })
    void refusesWhatIsWrong(int type, int flags, long offset, long length, NbdError error) {
        var refusal = Objects.requireNonNull(check(type, flags, offset, length, ALL));

        assertThat(refusal.error()).isEqualTo(error);
        assertThat(refusal.why()).isNotEmpty();
    }

    @ParameterizedTest
    @CsvSource({"3, 0, 0", "4, 0, 512", "5, 0, 512", "6, 0, 512"})
    void refusesCommandsThatWereNotAnnounced(int type, long offset, long length) {
        var refusal = Objects.requireNonNull(check(type, 0, offset, length, NOTHING));

        assertThat(refusal.error()).isEqualTo(NbdError.EINVAL);
    }

    @Test
    void refusesFlagsThatWereNotAnnounced() {
        assertThat(check(NbdConstants.CMD_WRITE, NbdConstants.CMD_FLAG_FUA, 0, 512, NOTHING))
                .isNotNull();
        var noFast = new DeviceLimits(
                false, true, true, true, true, false, true, true, 1, 4096, 1 << 16);
        assertThat(check(
                        NbdConstants.CMD_WRITE_ZEROES,
                        NbdConstants.CMD_FLAG_FAST_ZERO,
                        0,
                        512,
                        noFast))
                .isNotNull();
    }

    @ParameterizedTest
    @CsvSource({"1", "4", "6"})
    void refusesToChangeAReadOnlyExport(int type) {
        var refusal = Objects.requireNonNull(check(type, 0, 0, 512, ALL.withReadOnly(true)));

        assertThat(refusal.error()).isEqualTo(NbdError.EPERM);
    }

    @ParameterizedTest(name = "{0}: command {1} flags {2} at {3} of {4} bytes")
    @CsvSource({
        "STRUCTURED, 0, 4, 0, 512",
        "STRUCTURED, 7, 0, 0, 1048576",
        "STRUCTURED, 7, 8, 512, 512",
        "EXTENDED, 0, 4, 0, 512",
        "EXTENDED, 1, 32, 0, 512",
        "EXTENDED, 1, 33, 0, 512",
        "EXTENDED, 7, 8, 0, 512",
        "EXTENDED, 6, 2, 0, 1048576",
    })
    void acceptsWhatWasNegotiated(
            Terms.Replies replies, int type, int flags, long offset, long length) {
        assertThat(check(type, flags, offset, length, ALL, new Terms(replies, true)))
                .isNull();
    }

    @ParameterizedTest(name = "{0}: command {1} flags {2} at {3} of {4} bytes")
    @CsvSource({
        "SIMPLE, 0, 4, 0, 512",
        "STRUCTURED, 1, 32, 0, 512",
        "STRUCTURED, 1, 4, 0, 512",
        "STRUCTURED, 0, 8, 0, 512",
        "STRUCTURED, 7, 4, 0, 512",
        "STRUCTURED, 7, 2, 0, 512",
        "STRUCTURED, 7, 0, 1048576, 512",
        "STRUCTURED, 7, 0, 0, 0",
        "STRUCTURED, 7, 0, 1, 512",
        "STRUCTURED, 7, 0, 1048064, 1024",
        "EXTENDED, 1, 0, 0, 512",
        "EXTENDED, 0, 32, 0, 512",
        "EXTENDED, 7, 32, 0, 512",
        "EXTENDED, 3, 32, 0, 0",
        "EXTENDED, 4, 0, 0, -512",
        "EXTENDED, 4, 0, 512, 9223372036854775296",
        "EXTENDED, 5, 0, -512, 1024",
    })
    void refusesWhatWasNotNegotiated(
            Terms.Replies replies, int type, int flags, long offset, long length) {
        var refusal = Objects.requireNonNull(
                check(type, flags, offset, length, ALL, new Terms(replies, true)));

        assertThat(refusal.error()).isEqualTo(NbdError.EINVAL);
    }

    @Test
    void refusesBlockStatusWithoutAContext() {
        var terms = new Terms(Terms.Replies.EXTENDED, false);

        assertThat(check(NbdConstants.CMD_BLOCK_STATUS, 0, 0, 512, ALL, terms)).isNotNull();
    }

    @Test
    void readsOfAReadOnlyExportAreFine() {
        assertThat(check(NbdConstants.CMD_READ, 0, 0, 512, ALL.withReadOnly(true)))
                .isNull();
    }

    @Test
    void anEmptyExportHasNothingToRead() {
        var export = OpenExport.of(
                new ExportInfo("e", ""), new MemoryDevice(0), Door.config().build());

        assertThat(RequestCheck.check(
                        new RequestHeader(0, NbdConstants.CMD_READ, 0, 0, 1), export, Terms.SIMPLE))
                .isNotNull();
    }

    private static @Nullable Refusal check(
            int type, int flags, long offset, long length, DeviceLimits limits) {
        return check(type, flags, offset, length, limits, Terms.SIMPLE);
    }

    private static @Nullable Refusal check(
            int type, int flags, long offset, long length, DeviceLimits limits, Terms terms) {
        var export = OpenExport.of(
                new ExportInfo("disk", ""),
                new MemoryDevice(SIZE, limits),
                Door.config().build());
        return RequestCheck.check(new RequestHeader(flags, type, 7, offset, length), export, terms);
    }
}
