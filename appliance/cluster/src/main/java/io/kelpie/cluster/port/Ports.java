package io.kelpie.cluster.port;

/**
 * The ports of one node, handed together to what is composed from them.
 *
 * @param clock clocks
 * @param timers timers on the core loop
 * @param entropy randomness
 * @param payloads makes payloads
 * @param store the local disk
 * @param coordinator the ordering service
 * @param peers the other nodes
 * @param tracer takes log lines
 */
public record Ports(
        Clock clock,
        Timers timers,
        Entropy entropy,
        PayloadAllocator payloads,
        LocalStore store,
        Coordinator coordinator,
        Peers peers,
        Tracer tracer) {}
