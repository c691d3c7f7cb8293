package io.kelpie.jmh.door;

import org.jspecify.annotations.Nullable;

import java.util.function.Supplier;

/**
 * A value made when it is first asked for. One thread.
 *
 * @param <T> what it is
 */
final class Lazy<T> {
    private final Supplier<T> make;
    private @Nullable T value;

    Lazy(Supplier<T> make) {
        this.make = make;
    }

    T get() {
        T made = value;
        if (made == null) {
            made = make.get();
            value = made;
        }
        return made;
    }
}
