package io.kelpie.simulator;

import io.kelpie.cluster.model.VdiId;

import org.jspecify.annotations.Nullable;

import java.util.Objects;

/**
 * A virtual disk as the clients believe it to be. Writes come through one kind of door at a time,
 * because a Sheepdog client keeps the index to itself; reads come through all of them.
 */
final class TestVdi {
    private final String name;
    private final int blockBytes;
    private final int blockSizeShift;
    private final VdiHistory history = new VdiHistory();
    private Stage stage = Stage.CREATING;
    private @Nullable VdiId id;
    private long sizeBytes;
    private long wantedBytes;
    private @Nullable ObjectClient owner;
    private boolean changingDoor;
    private boolean resized;
    private int writers;

    TestVdi(String name, int blockBytes, int blockSizeShift, long sizeBytes) {
        this.name = name;
        this.blockBytes = blockBytes;
        this.blockSizeShift = blockSizeShift;
        this.sizeBytes = sizeBytes;
        this.wantedBytes = sizeBytes;
    }

    String name() {
        return name;
    }

    /** Bytes of a block; all writes cover whole blocks. */
    int blockBytes() {
        return blockBytes;
    }

    int blockSizeShift() {
        return blockSizeShift;
    }

    long objectBytes() {
        return 1L << blockSizeShift;
    }

    VdiHistory history() {
        return history;
    }

    VdiId id() {
        return Objects.requireNonNull(id, name);
    }

    int number() {
        return id().value();
    }

    /** Whether the clients learned its id. */
    boolean hasId() {
        return id != null;
    }

    boolean isLive() {
        return stage == Stage.LIVE;
    }

    Stage stage() {
        return stage;
    }

    void become(Stage next) {
        stage = next;
    }

    void live(VdiId newId) {
        id = newId;
        stage = Stage.LIVE;
    }

    /** The size that was acknowledged. */
    long sizeBytes() {
        return sizeBytes;
    }

    /** The size that was asked for. */
    long wantedBytes() {
        return wantedBytes;
    }

    int blockCount() {
        return (int) (sizeBytes / blockBytes);
    }

    boolean isGrowing() {
        return wantedBytes != sizeBytes;
    }

    /** Whether anybody ever asked for another size. */
    boolean wasResized() {
        return resized;
    }

    void wantSize(long bytes) {
        resized = true;
        wantedBytes = bytes;
    }

    void haveSize(long bytes) {
        sizeBytes = bytes;
        wantedBytes = bytes;
    }

    /** Whether a volume may be written now. */
    boolean acceptsVolumeWrites() {
        return isLive() && owner == null && !changingDoor;
    }

    /**
     * Asks to write through objects; granted once no write is under way.
     *
     * @return whether the client owns the disk now
     */
    boolean claim(ObjectClient client) {
        if (owner != null || !isLive()) {
            return owner == client;
        }
        changingDoor = true;
        if (writers > 0) {
            return false;
        }
        changingDoor = false;
        owner = client;
        return true;
    }

    /** Gives the disk back to the volumes, or takes the claim back. */
    void unclaim(ObjectClient client) {
        if (owner == null || owner == client) {
            owner = null;
            changingDoor = false;
        }
    }

    void writerStarted() {
        writers++;
    }

    void writerEnded() {
        writers--;
    }

    /** The serving process died: nothing is under way any more. */
    void onDown(boolean powerLoss) {
        history.crash(powerLoss);
        owner = null;
        changingDoor = false;
        writers = 0;
    }

    @Override
    public String toString() {
        return name + " " + id + " " + stage;
    }

    /** Where a disk is in its life, as the clients know it. */
    enum Stage {
        /** Asked for, not acknowledged. */
        CREATING,
        /** Acknowledged. */
        LIVE,
        /** Deletion asked for, not acknowledged. */
        DELETING,
        /** Deleted, or never made. */
        GONE
    }
}
