package io.kelpie.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class RequestErrorsTest {
    private final RequestErrors errors = new RequestErrors();

    @Test
    void everyErrorIsAnsweredWithItsNumber() {
        for (FuseError error : FuseError.values()) {
            assertThat(errors.answer(new FuseException(error, "why"), "read", "disk", 0, 1))
                    .isEqualTo(-error.number());
        }
    }

    @Test
    void everythingElseIsAnsweredWithEio() {
        assertThat(errors.answer(new IllegalStateException("x"), "read", "disk", 0, 1))
                .isEqualTo(-5);
        assertThat(errors.answer(new OutOfMemoryError("x"), "read", "disk", 0, 1))
                .isEqualTo(-5);
        assertThat(errors.answer(new StackOverflowError(), "read", "disk", 0, 1))
                .isEqualTo(-5);
    }

    @Test
    void theNumbersAreThoseOfLinux() {
        assertThat(FuseError.ENOENT.number()).isEqualTo(2);
        assertThat(FuseError.ENOSPC.number()).isEqualTo(28);
        assertThat(FuseError.EROFS.number()).isEqualTo(30);
        assertThat(FuseError.ENAMETOOLONG.number()).isEqualTo(36);
        assertThat(FuseError.EOPNOTSUPP.number()).isEqualTo(95);
        assertThat(FuseError.ETIMEDOUT.number()).isEqualTo(110);
    }
}
