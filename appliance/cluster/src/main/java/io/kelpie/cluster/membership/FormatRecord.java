package io.kelpie.cluster.membership;

import io.kelpie.cluster.event.EventApplier;
import io.kelpie.cluster.event.EventOutcome;
import io.kelpie.cluster.model.ClusterSettings;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The settings of the last format event. A format is this event first, then everything is dropped,
 * then the map follows; if the node dies in between, the next start sees settings here that the map
 * does not carry yet, and finishes.
 *
 * <p>Body, little endian: created u64, flags u32, copies u8, shift u8, store name to the end,
 * UTF-8. Saved state: -1 u64, number u32 of earlier formats, time of creation u64 of each, then as
 * the body; before version 0.2 as the body alone.
 */
public final class FormatRecord implements EventApplier {
    static final byte KIND = 1;
    private static final int FIXED_BYTES = 14;

    /** More formats than that while a node is away, and it must be emptied by hand. */
    private static final int MAX_HISTORY = 64;
    /** No time of creation: what is saved begins with the times of earlier formats. */
    private static final long HISTORY_MARK = -1;

    private final Runnable onFormat;
    private final List<Long> earlier = new ArrayList<>();
    private ClusterSettings settings = ClusterSettings.UNFORMATTED;
    private Runnable onChange = () -> {};

    /**
     * Starts unformatted.
     *
     * @param onFormat empties the parts of the cluster's state that a format resets
     */
    public FormatRecord(Runnable onFormat) {
        this.onFormat = onFormat;
    }

    /** Registers who empties this node's store; told after each event or restored state. */
    void listen(Runnable listener) {
        onChange = listener;
    }

    /**
     * Whether a store of the given time of creation belongs to this cluster: it was formatted with
     * it, perhaps a few formats ago.
     */
    boolean knows(long createdNanos) {
        return createdNanos == 0
                || settings.createdNanos() == createdNanos
                || earlier.contains(createdNanos);
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
        if (settings.createdNanos() != 0) {
            earlier.add(settings.createdNanos());
            if (earlier.size() > MAX_HISTORY) {
                earlier.remove(0);
            }
        }
        settings = decode(body);
        onFormat.run();
        onChange.run();
        return EventOutcome.applied(0);
    }

    @Override
    public ByteBuffer save() {
        ByteBuffer now = encode(settings);
        int history = Long.BYTES + Integer.BYTES + earlier.size() * Long.BYTES;
        ByteBuffer out =
                ByteBuffer.allocate(history + now.remaining()).order(ByteOrder.LITTLE_ENDIAN);
        out.putLong(HISTORY_MARK).putInt(earlier.size());
        earlier.forEach(out::putLong);
        return out.put(now).flip();
    }

    @Override
    public void restore(ByteBuffer saved) {
        earlier.clear();
        if (saved.getLong(saved.position()) == HISTORY_MARK) {
            saved.getLong();
            for (int left = saved.getInt(); left > 0; left--) {
                earlier.add(saved.getLong());
            }
        }
        settings = decode(saved);
        onChange.run();
    }
}
