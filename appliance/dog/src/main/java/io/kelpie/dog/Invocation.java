package io.kelpie.dog;

import java.util.TimeZone;

/**
 * What a command is run with.
 *
 * @param options its options and operands
 * @param console its streams
 * @param sheep the daemon it talks to
 * @param zone where times are read
 */
record Invocation(Options options, Console console, Sheep sheep, TimeZone zone) {}
