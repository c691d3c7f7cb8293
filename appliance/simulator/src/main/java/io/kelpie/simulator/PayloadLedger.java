package io.kelpie.simulator;

import io.kelpie.cluster.port.PayloadAllocator;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Makes the payloads of one process lifetime and knows which were not given back. */
final class PayloadLedger implements PayloadAllocator {
    private final World world;
    private final Map<Long, String> live = new LinkedHashMap<>();
    private long made;

    PayloadLedger(World world) {
        this.world = world;
    }

    @Override
    public SimPayload copyOf(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return adopt(copy, "made by the engine");
    }

    /**
     * A payload with one reference over an array that nobody else uses any more.
     *
     * @param origin for the report of a leak
     */
    SimPayload adopt(byte[] bytes, String origin) {
        long number = made++;
        live.put(number, origin + " at " + world.now() + " ns");
        return SimPayload.create(this, number, bytes);
    }

    void onFreed(long number) {
        live.remove(number);
    }

    SimulationFailure misuse(String rule, String detail) {
        return world.fail(SimulationFailure.Kind.CORRECTNESS, rule, detail);
    }

    int liveCount() {
        return live.size();
    }

    /** Where the first few payloads that are still held came from. */
    List<String> liveOrigins() {
        return new ArrayList<>(live.values()).subList(0, Math.min(8, live.size()));
    }
}
