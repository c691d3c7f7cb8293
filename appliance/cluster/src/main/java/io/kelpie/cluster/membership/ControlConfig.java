package io.kelpie.cluster.membership;

import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * How nodes watch each other and edit the map.
 *
 * @param times how long things take
 * @param partBits a format makes 2^partBits groups
 * @param mutations rules that are taken out; none but in the simulator
 */
public record ControlConfig(ClusterTimes times, int partBits, Set<Mutation> mutations) {
    /** Copies the set. */
    public ControlConfig {
        mutations = copy(mutations);
    }

    /**
     * What a cluster that keeps data uses.
     *
     * @param times how long things take
     * @param partBits a format makes 2^partBits groups
     * @return the configuration
     */
    public static ControlConfig of(ClusterTimes times, int partBits) {
        return new ControlConfig(times, partBits, EnumSet.noneOf(Mutation.class));
    }

    /**
     * The same without some rules.
     *
     * @param removed the rules
     * @return the configuration
     */
    public ControlConfig without(Mutation... removed) {
        return new ControlConfig(times, partBits, copy(List.of(removed)));
    }

    boolean lacks(Mutation rule) {
        return mutations.contains(rule);
    }

    private static Set<Mutation> copy(Collection<Mutation> rules) {
        EnumSet<Mutation> copy = EnumSet.noneOf(Mutation.class);
        copy.addAll(rules);
        return copy;
    }
}
