package io.kelpie.system;

import java.io.PrintStream;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;

/** Lines for people, with the time of day so that they can be laid beside the nodes' logs. */
final class TortureLog {
    private static final PrintStream OUT = System.out;

    private TortureLog() {}

    static void line(String text) {
        OUT.println(LocalTime.now().truncatedTo(ChronoUnit.MILLIS) + " " + text);
    }
}
