package io.kelpie.system;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The torture as a test, by hand:
 *
 * <pre>
 * mvn -B -ntp -o -pl appliance/system-tests -am verify -Dexcluded.tags= -Dtest=TortureIT \
 *     -Dsurefire.failIfNoSpecifiedTests=false -Dtorture.minutes=30
 * </pre>
 */
@Tag("soak")
final class TortureIT {
    @Test
    void nothingAcknowledgedIsLostAndNothingGoesBackwards() throws Exception {
        assertThat(new Torture().run()).isEmpty();
    }
}
