package io.kelpie.cluster.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.InvariantViolation;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.testing.Ended;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** Counting requests in flight, and waiting for the last. */
class InFlightTest {
    private final InFlight inFlight = new InFlight(ErrorCode.NOT_JOINED);
    private final List<String> ran = new ArrayList<>();

    @Test
    void refusesUntilItIsOpenedAndAfterItIsClosed() {
        assertThat(refusal()).isEqualTo(ErrorCode.NOT_JOINED);
        inFlight.open();
        Completion<Outcome> admitted = admit(new Ended<>());
        assertThat(admitted).isNotNull();
        inFlight.close(ErrorCode.SHUTTING_DOWN);

        assertThat(refusal()).isEqualTo(ErrorCode.SHUTTING_DOWN);
        assertThat(inFlight.count()).isEqualTo(1);
        admitted.done(Outcome.DONE);
        assertThat(inFlight.count()).isZero();
    }

    @Test
    void runsATaskAtOnceWhenNothingIsInFlight() {
        inFlight.whenIdle(() -> ran.add("idle"));

        assertThat(ran).containsExactly("idle");
    }

    @Test
    void runsTasksOnceWhenTheLastRequestEnds() {
        inFlight.open();
        Completion<Outcome> one = admit(new Ended<>());
        Completion<Outcome> other = admit(new Ended<>());
        inFlight.whenIdle(() -> ran.add("first"));
        inFlight.whenIdle(() -> ran.add("second"));

        one.done(Outcome.DONE);
        assertThat(ran).isEmpty();
        other.failed(ErrorCode.IO_ERROR);
        assertThat(ran).containsExactly("first", "second");
        admit(new Ended<>()).done(Outcome.DONE);
        assertThat(ran).hasSize(2);
    }

    @Test
    void isNotIdleWhileARequestIsFollowedByAnotherFromItsOwnEnd() {
        inFlight.open();
        List<Completion<Outcome>> following = new ArrayList<>();
        Completion<Outcome> first = admit(new Ended<>() {
            @Override
            public void done(Outcome result) {
                following.add(admit(new Ended<>()));
            }
        });
        inFlight.whenIdle(() -> ran.add("idle"));

        first.done(Outcome.DONE);
        assertThat(ran).isEmpty();
        following.get(0).done(Outcome.DONE);
        assertThat(ran).containsExactly("idle");
    }

    @Test
    void refusesARequestThatEndsTwice() {
        inFlight.open();
        Completion<Outcome> admitted = admit(new Ended<>());
        admitted.done(Outcome.DONE);

        assertThatThrownBy(() -> admitted.failed(ErrorCode.IO_ERROR))
                .isInstanceOf(InvariantViolation.class);
    }

    @Test
    void isBusyAtItsBound() {
        inFlight.open();
        for (int i = 0; i < 65_536; i++) {
            admit(new Ended<>());
        }

        assertThat(refusal()).isEqualTo(ErrorCode.BUSY);
    }

    private Completion<Outcome> admit(Ended<Outcome> ended) {
        Completion<Outcome> admitted = inFlight.admit(ended);
        if (admitted == null) {
            throw new AssertionError("the request was refused with " + ended.error());
        }
        return admitted;
    }

    private @Nullable ErrorCode refusal() {
        Ended<Outcome> ended = new Ended<>();
        assertThat(inFlight.admit(ended)).isNull();
        return ended.error();
    }
}
