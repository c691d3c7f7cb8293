package io.kelpie.jmh.door;

/**
 * One line of the TSV file.
 *
 * @param workload which
 * @param round from 1
 * @param peer whom
 * @param result what the client saw
 * @param cpuSeconds what the servers spent, what they did in the background afterwards included
 */
record Run(Workload workload, int round, String peer, Result result, double cpuSeconds) {
    private static final double MICROS = 1e6;
    private static final double GIB = 1 << 30;

    double speed() {
        return switch (workload.unit()) {
            case REQUESTS -> result.requestsPerSecond();
            case BYTES -> result.mebibytesPerSecond();
        };
    }

    double cost() {
        return switch (workload.unit()) {
            case REQUESTS -> cpuSeconds * MICROS / result.requests();
            case BYTES -> cpuSeconds * GIB / result.bytes();
        };
    }

    String toTsv() {
        return String.join(
                "\t",
                workload.name(),
                Integer.toString(round),
                peer,
                String.format("%.3f", result.seconds()),
                Long.toString(result.requests()),
                Long.toString(result.bytes()),
                String.format("%.2f", cpuSeconds),
                String.format("%.1f", speed()),
                workload.unit().speed(),
                String.format("%.2f", cost()),
                workload.unit().cost());
    }

    static String tsvHeader() {
        return "workload\tround\tpeer\tseconds\trequests\tbytes\tcpu_seconds\tspeed\tunit\tcost\tcost_unit";
    }
}
