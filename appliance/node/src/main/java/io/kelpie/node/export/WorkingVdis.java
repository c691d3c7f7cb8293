package io.kelpie.node.export;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.vdi.VdiEntry;
import io.kelpie.cluster.vdi.VdiName;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/** The VDIs that NBD and FUSE show: those in use that are no snapshots. Core loop only. */
final class WorkingVdis {
    private WorkingVdis() {}

    static List<VdiEntry> of(Engine engine) {
        List<VdiEntry> working = new ArrayList<>();
        for (VdiEntry entry : engine.vdis()) {
            if (entry.state() == VdiEntry.VdiState.READY && !entry.snapshot()) {
                working.add(entry);
            }
        }
        return working;
    }

    /** The one that people know by a name, or null. */
    static @Nullable VdiEntry named(Engine engine, String name) {
        String inner = VdiName.ofText(name);
        for (VdiEntry entry : of(engine)) {
            if (entry.name().equals(inner)) {
                return entry;
            }
        }
        return null;
    }
}
