package io.kelpie.wire.peer;

import java.util.List;

/**
 * The numbers of an enumeration on the wire, written down here and not taken from its declaration,
 * whose order may change.
 *
 * @param <E> the enumeration
 */
final class Codes<E extends Enum<E>> {
    private final String what;
    private final List<E> byCode;

    /**
     * Numbers the constants from 0.
     *
     * @param what for the text of a refusal
     * @param byCode all of them, in an order that never changes; new ones at the end
     */
    Codes(String what, List<E> byCode) {
        this.what = what;
        this.byCode = List.copyOf(byCode);
        if (byCode.get(0).getDeclaringClass().getEnumConstants().length != byCode.size()) {
            throw new IllegalArgumentException("a number is missing for a constant of " + what);
        }
    }

    int codeOf(E constant) {
        return byCode.indexOf(constant);
    }

    E of(int code) {
        if (code >= byCode.size()) {
            throw new PeerFormatException("an unknown " + what + ": " + code);
        }
        return byCode.get(code);
    }
}
