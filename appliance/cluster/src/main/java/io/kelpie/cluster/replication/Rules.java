package io.kelpie.cluster.replication;

/**
 * The rules in force: all, save in runs that shall show what a rule is there for.
 *
 * @param bits one for each rule, by ordinal
 */
public record Rules(int bits) {
    /** Every rule: the only value in production. */
    public static final Rules ALL = new Rules((1 << Rule.values().length) - 1);

    /**
     * These rules but one.
     *
     * @param rule the rule to leave out
     * @return the others
     */
    public Rules without(Rule rule) {
        return new Rules(bits & ~(1 << rule.ordinal()));
    }

    /**
     * Whether a rule is in force.
     *
     * @param rule the rule
     * @return true unless it was left out
     */
    public boolean has(Rule rule) {
        return (bits & 1 << rule.ordinal()) != 0;
    }
}
