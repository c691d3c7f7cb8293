package io.kelpie.store.rocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.store.StoreException;
import io.kelpie.store.StoreListener;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

class HealthTest {
    private static final long NOW = 1;

    private final List<StoreException> heard = new ArrayList<>();
    private final Health health = new Health("/store", new StoreListener() {
        @Override
        public void onBroken(StoreException failure) {
            heard.add(failure);
        }
    });

    @Test
    void soundStoreMayBeWritten() {
        assertThatCode(health::requireSound).doesNotThrowAnyException();
        assertThat(health.current()).isEmpty();
    }

    @Test
    void firstFailureStaysAndIsToldOnce() {
        StoreException first = health.fail("the log could not be synced", null);
        StoreException second = health.fail("something else", null);

        assertThat(second).isSameAs(first);
        assertThat(heard).containsExactly(first);
        assertThat(health.current()).hasValue(first);
        assertThatThrownBy(health::requireSound)
                .hasMessage(
                        "store /store is broken: the log could not be synced; nothing is written any more,"
                                + " check the disk (and its space) and restart")
                .isInstanceOfSatisfying(
                        StoreException.class,
                        e -> assertThat(e.kind()).isEqualTo(StoreException.Kind.IO));
    }

    @Test
    void refusalsForWantOfSpaceAreStuckAfterHalfAMinute() {
        assertThat(health.isStuck(NOW)).isFalse();
        assertThat(health.isStuck(NOW + TimeUnit.SECONDS.toNanos(30))).isFalse();
        assertThat(health.isStuck(NOW + TimeUnit.SECONDS.toNanos(31))).isTrue();

        health.noteNotStuck();
        assertThat(health.isStuck(NOW + TimeUnit.SECONDS.toNanos(90))).isFalse();
    }
}
