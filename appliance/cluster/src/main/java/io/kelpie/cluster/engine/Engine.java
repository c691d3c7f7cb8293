package io.kelpie.cluster.engine;

import io.kelpie.cluster.model.ClusterMap;
import io.kelpie.cluster.model.ClusterSettings;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.Ports;
import io.kelpie.cluster.vdi.CreateRequest;
import io.kelpie.cluster.vdi.VdiEntry;
import io.kelpie.cluster.volume.Volume;

import java.util.List;

/**
 * The cluster logic of one node: the only entry for doors, adapters and the simulator. Core loop
 * only, as every class behind it. Calls before {@link #start} has completed, and calls that need a
 * formatted cluster before it is, fail with NOT_FORMATTED or NOT_JOINED.
 */
public final class Engine {
    /**
     * Composes the engine; nothing runs before {@link #start}.
     *
     * @param config what this node is
     * @param ports the world
     */
    public Engine(EngineConfig config, Ports ports) {}

    /**
     * Loads the cluster's state, has this process named in the map, finishes what an earlier life
     * left half done and begins to serve.
     *
     * @param ready gets DONE when the node serves, also when the cluster waits for its first format
     */
    public void start(Completion<Outcome> ready) {}

    /**
     * Stops accepting, waits for operations in flight, writes the state and syncs the store.
     *
     * @param stopped gets DONE; the store may be closed then
     */
    public void stop(Completion<Outcome> stopped) {}

    /**
     * The cluster map in force.
     *
     * @return the map, {@link ClusterMap#EMPTY} before the first was installed
     */
    public ClusterMap map() {
        return ClusterMap.EMPTY;
    }

    /**
     * Why requests are refused now.
     *
     * @return the error that requests get, or null while the node serves
     */
    public @org.jspecify.annotations.Nullable ErrorCode refusal() {
        return null;
    }

    /**
     * Drops everything in the cluster and starts it anew at epoch 1.
     *
     * @param settings the operator's choices
     * @param completion gets DONE when the new cluster serves
     */
    public void format(ClusterSettings settings, Completion<Outcome> completion) {}

    /**
     * Stops the whole cluster: every node refuses requests from now on.
     *
     * @param completion gets DONE once the map says so
     */
    public void shutdownCluster(Completion<Outcome> completion) {}

    /**
     * All rows of the VDI table, deleted ones too, in ascending id order.
     *
     * @return an immutable list
     */
    public List<VdiEntry> vdis() {
        return List.of();
    }

    /**
     * Finds a VDI by name as the Sheepdog protocol does (section 10.5).
     *
     * @param name the name
     * @param tag snapshot tag, or empty
     * @param snapshotId snapshot id, or 0
     * @param completion gets the row, or NO_SUCH_VDI or NO_SUCH_TAG
     */
    public void lookup(String name, String tag, int snapshotId, Completion<VdiEntry> completion) {}

    /**
     * Creates a VDI.
     *
     * @param request what it shall be
     * @param completion gets its row once it is durable; or VDI_EXISTS, VDI_SPACE_FULL,
     *     INVALID_ARGUMENT
     */
    public void createVdi(CreateRequest request, Completion<VdiEntry> completion) {}

    /**
     * Deletes a VDI or one snapshot and everything only it refers to.
     *
     * @param name the name
     * @param tag snapshot tag, or empty
     * @param snapshotId snapshot id, or 0
     * @param completion gets the row as it was, once name and objects are gone
     */
    public void deleteVdi(
            String name, String tag, int snapshotId, Completion<VdiEntry> completion) {}

    /**
     * Opens a VDI as a linear device.
     *
     * @param vdi its id
     * @param completion gets the volume, to be closed by the receiver; or NO_SUCH_VDI
     */
    public void openVolume(VdiId vdi, Completion<Volume> completion) {}

    /**
     * Reads an object as a Sheepdog client does: exactly {@code length} bytes.
     *
     * @param object its id
     * @param offset first byte
     * @param length bytes, inside the object
     * @param completion gets the bytes, which it then owns; or NO_SUCH_OBJECT, OUT_OF_RANGE
     */
    public void readObject(
            ObjectId object, long offset, int length, Completion<Payload> completion) {}

    /**
     * Writes into an existing object as a Sheepdog client does; writes to an inode keep the VDI
     * table and the data index in step.
     *
     * @param object its id
     * @param offset first byte
     * @param payload the bytes; ownership passes to the engine
     * @param durable whether to complete only after a sync
     * @param completion gets DONE; or NO_SUCH_OBJECT, OUT_OF_RANGE, READ_ONLY
     */
    public void writeObject(
            ObjectId object,
            long offset,
            Payload payload,
            boolean durable,
            Completion<Outcome> completion) {}

    /**
     * Creates an object as a Sheepdog client does, replacing one of that id unless the VDI's index
     * already shows the object as owned: then it is a plain write (protocol section 20.9).
     *
     * @param object its id
     * @param source id of the object to copy first, or 0
     * @param offset first byte of the payload
     * @param payload the bytes, may be empty; ownership passes to the engine
     * @param durable whether to complete only after a sync
     * @param completion gets DONE; or NO_SUCH_OBJECT (source), OUT_OF_RANGE, READ_ONLY
     */
    public void createObject(
            ObjectId object,
            long source,
            long offset,
            Payload payload,
            boolean durable,
            Completion<Outcome> completion) {}

    /**
     * Removes an object as a Sheepdog client does.
     *
     * @param object its id
     * @param completion gets DONE; or NO_SUCH_OBJECT
     */
    public void removeObject(ObjectId object, Completion<Outcome> completion) {}

    /**
     * Makes every write completed so far durable.
     *
     * @param completion gets DONE after the sync
     */
    public void flush(Completion<Outcome> completion) {}
}
