package io.kelpie.jmh.door;

import java.util.List;

/**
 * Some measured values of one thing, in the order of the rounds.
 *
 * @param values at least one
 */
record Figures(List<Double> values) {
    /** Copies; refuses an empty list. */
    Figures {
        values = List.copyOf(values);
        if (values.isEmpty()) {
            throw new IllegalArgumentException("figures need at least one value");
        }
    }

    /** The middle one; of an even number the mean of the two in the middle. */
    double median() {
        List<Double> sorted = values.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1
                ? sorted.get(middle)
                : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    double min() {
        return values.stream().min(Double::compare).orElseThrow();
    }

    double max() {
        return values.stream().max(Double::compare).orElseThrow();
    }

    /**
     * This divided by another, round by round: what disturbs the machine for longer than a round
     * falls out.
     */
    Figures dividedBy(Figures other) {
        if (values.size() != other.values.size()) {
            throw new IllegalArgumentException("ratios need as many rounds on both sides, not "
                    + values.size() + " and " + other.values.size());
        }
        return new Figures(java.util.stream.IntStream.range(0, values.size())
                .mapToObj(round -> values.get(round) / other.values.get(round))
                .toList());
    }
}
