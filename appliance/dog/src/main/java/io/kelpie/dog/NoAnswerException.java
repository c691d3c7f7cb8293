package io.kelpie.dog;

import java.io.IOException;

/** The daemon could not be reached or broke off; the reason is already on standard error. */
final class NoAnswerException extends IOException {
    private static final long serialVersionUID = 1L;

    NoAnswerException(String message) {
        super(message);
    }
}
