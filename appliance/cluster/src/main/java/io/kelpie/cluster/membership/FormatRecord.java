package io.kelpie.cluster.membership;

import io.kelpie.cluster.event.EventApplier;
import io.kelpie.cluster.event.EventOutcome;
import io.kelpie.cluster.model.ClusterSettings;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * The settings of the last format event. A format is this event first, then everything is dropped,
 * then the map follows; if the node dies in between, the next start sees settings here that the map
 * does not carry yet, and finishes.
 *
 * <p>Body and saved state, little endian: created u64, flags u32, copies u8, shift u8, store name
 * to the end, UTF-8.
 */
public final class FormatRecord implements EventApplier {
    static final byte KIND = 1;
    private static final int FIXED_BYTES = 14;

    private ClusterSettings settings = ClusterSettings.UNFORMATTED;
    private final Runnable onFormat;

    /**
     * Starts unformatted.
     *
     * @param onFormat empties the parts of the cluster's state that a format resets
     */
    public FormatRecord(Runnable onFormat) {
        this.onFormat = onFormat;
    }

    ClusterSettings settings() {
        return settings;
    }

    static ByteBuffer encode(ClusterSettings settings) {
        byte[] store = settings.store().getBytes(StandardCharsets.UTF_8);
        ByteBuffer out =
                ByteBuffer.allocate(FIXED_BYTES + store.length).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(settings.createdNanos()).putInt(settings.flags());
        out.put((byte) settings.copies()).put((byte) settings.blockSizeShift());
        return out.put(store).flip();
    }

    private static ClusterSettings decode(ByteBuffer in) {
        long created = in.getLong();
        int flags = in.getInt();
        int copies = in.get();
        int shift = in.get();
        byte[] store = new byte[in.remaining()];
        in.get(store);
        return new ClusterSettings(
                created, flags, copies, shift, new String(store, StandardCharsets.UTF_8));
    }

    @Override
    public byte kind() {
        return KIND;
    }

    @Override
    public EventOutcome apply(ByteBuffer body) {
        settings = decode(body);
        onFormat.run();
        return EventOutcome.applied(0);
    }

    @Override
    public ByteBuffer save() {
        return encode(settings);
    }

    @Override
    public void restore(ByteBuffer saved) {
        settings = decode(saved);
    }
}
