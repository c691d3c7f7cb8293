package io.kelpie.simulator;

import io.kelpie.cluster.engine.ClusterConfig;
import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.engine.EngineConfig;
import io.kelpie.cluster.membership.ClusterTimes;
import io.kelpie.cluster.membership.ControlConfig;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.recovery.RecoveryConfig;
import io.kelpie.cluster.recovery.RecoveryMutation;
import io.kelpie.cluster.replication.Rule;
import io.kelpie.cluster.replication.Rules;

import org.jspecify.annotations.Nullable;

import java.util.function.Consumer;

/** Composes engines that form a cluster, without one rule perhaps. */
final class ClusterEngines implements SimNode.EngineMaker {
    private static final long SECOND = 1_000_000_000L;
    /** Strays go soon, so that a run is long enough to see it. */
    private static final long PURGE_NANOS = 15 * SECOND;

    private final ClusterOptions options;

    ClusterEngines(ClusterOptions options) {
        this.options = options;
    }

    @Override
    public Engine make(SimNode.Start start, Ports ports, Consumer<String> onStop) {
        ClusterConfig cluster =
                new ClusterConfig(start.endpoint(), start.clean(), control(), recovery(), rules());
        EngineConfig config = new EngineConfig(
                start.id(),
                start.incarnation(),
                start.endpoint(),
                start.endpoint().port(),
                100,
                options.partBits(),
                true,
                cluster);
        return new Engine(config, ports, reason -> onStop.accept(reason.name()));
    }

    private ControlConfig control() {
        ClusterTimes times = ClusterTimes.DEFAULT.withAbsence(8 * SECOND, 4 * SECOND, 20 * SECOND);
        ControlConfig config = ControlConfig.of(times, options.partBits());
        io.kelpie.cluster.membership.Mutation missing =
                named(io.kelpie.cluster.membership.Mutation.values(), options.missingRule());
        return missing == null ? config : config.without(missing);
    }

    private RecoveryConfig recovery() {
        RecoveryConfig config = RecoveryConfig.DEFAULT.purgingAfter(PURGE_NANOS);
        RecoveryMutation missing = named(RecoveryMutation.values(), options.missingRule());
        return missing == null ? config : config.without(missing);
    }

    private Rules rules() {
        MissingRule missing = options.missingRule();
        Rule rule = missing == null ? null : ruleOf(missing);
        return rule == null ? Rules.ALL : Rules.ALL.without(rule);
    }

    private static @Nullable Rule ruleOf(MissingRule missing) {
        return switch (missing) {
            case NO_FENCE -> Rule.FENCE;
            case UNILATERAL -> Rule.UNANIMITY;
            case NO_ROLLFORWARD -> Rule.ROLL_FORWARD;
            case ACK_BEFORE_SYNC -> Rule.ACKNOWLEDGE_AFTER_SYNC;
            case READ_DIRTY -> Rule.CLEAN_READ;
            case NO_LEASE -> Rule.LEASE;
            case NO_GRANT_WAIT -> Rule.GRANT_WAIT;
            case NO_DEDUP -> Rule.DEDUP;
            case NO_OPID_LEVEL -> Rule.LEVEL_OPERATIONS;
            case NO_PREV_CHECK -> Rule.PREVIOUS_CHECK;
            case STALE_AUTHORITY -> Rule.SYNC_AUTHORITY;
            case TRIM_AT_ONCE -> Rule.LOG_KEPT;
            default -> null;
        };
    }

    private static <E extends Enum<E>> @Nullable E named(
            E[] values, @Nullable MissingRule missing) {
        for (E value : values) {
            if (missing != null && value.name().equals(missing.name())) {
                return value;
            }
        }
        return null;
    }
}
