package io.kelpie.node.export;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore;
import io.kelpie.cluster.vdi.CreateRequest;
import io.kelpie.cluster.vdi.VdiEntry;
import io.kelpie.cluster.vdi.VdiName;
import io.kelpie.cluster.volume.Volume;
import io.kelpie.fuse.FileSystemSpace;
import io.kelpie.fuse.FuseError;
import io.kelpie.fuse.FuseException;
import io.kelpie.fuse.ImageAttributes;
import io.kelpie.fuse.ImageDirectory;
import io.kelpie.fuse.ImageFile;
import io.kelpie.node.runtime.CoreLoop;
import io.netty.buffer.ByteBufAllocator;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * The VDIs of the cluster as a directory of files, by name. FUSE threads call; each call posts to
 * the core loop and waits for the answer with a deadline: ETIMEDOUT when it passes.
 */
public final class VolumeDirectory implements ImageDirectory {
    /** Times of change that are remembered; an older one shows the VDI's creation again. */
    private static final int MAX_CHANGED = 1024;

    /** VDI ids that a cluster has. */
    private static final long MAX_VDIS = (1L << 24) - 1;

    private final Engine engine;
    private final CoreAnswers core;
    private final ByteBufAllocator allocator;
    private final Supplier<LocalStore.Space> space;
    /** When a VDI was changed through this mount, milliseconds since 1970. Core loop only. */
    private final Map<Integer, Long> changedMillis = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, Long> eldest) {
            return size() > MAX_CHANGED;
        }
    };

    private final CoreLoop loop;

    /**
     * Creates the directory.
     *
     * @param engine knows the VDIs
     * @param loop the engine's
     * @param allocator memory for what is written
     * @param space room of the store; any thread
     * @param timeout how long a call may take
     */
    public VolumeDirectory(
            Engine engine,
            CoreLoop loop,
            ByteBufAllocator allocator,
            Supplier<LocalStore.Space> space,
            Duration timeout) {
        this.engine = engine;
        this.loop = loop;
        this.core = new CoreAnswers(loop, timeout.toNanos());
        this.allocator = allocator;
        this.space = space;
    }

    @Override
    public List<String> names() {
        return core.ask("list of VDIs", () -> {
            List<String> names = new ArrayList<>();
            for (VdiEntry entry : WorkingVdis.of(engine)) {
                names.add(VdiName.toText(entry.name()));
            }
            return List.copyOf(names);
        });
    }

    @Override
    public Optional<ImageAttributes> attributes(String name) {
        return core.await("attributes of " + name, completion -> attributes(name, completion));
    }

    @Override
    public ImageFile open(String name, boolean writable) {
        OpenedVolume opened = core.await(
                "open of " + name,
                completion -> open(name, writable, completion),
                late -> late.volume.close());
        int id = opened.volume.vdi().value();
        return new VolumeImage(
                opened.volume, opened.sizeBytes, core, allocator, () -> noteChange(id));
    }

    @Override
    public void create(String name) {
        core.<VdiEntry>await(
                "create of " + name,
                completion -> engine.createVdi(
                        new CreateRequest(VdiName.ofText(name), 0, 0, 0), completion));
    }

    @Override
    public void remove(String name) {
        core.<VdiEntry>await(
                "delete of " + name,
                completion -> engine.deleteVdi(VdiName.ofText(name), "", 0, completion));
    }

    @Override
    public FileSystemSpace space() {
        int used = core.ask("count of VDIs", () -> WorkingVdis.of(engine).size());
        LocalStore.Space room = space.get();
        return new FileSystemSpace(
                room.totalBytes(),
                Math.min(room.totalBytes(), room.freeBytes()),
                used,
                MAX_VDIS - used);
    }

    private void attributes(String name, Completion<Optional<ImageAttributes>> completion) {
        VdiEntry entry = WorkingVdis.named(engine, name);
        if (entry == null) {
            completion.done(Optional.empty());
            return;
        }
        // Only an opened volume knows what it takes up.
        engine.openVolume(entry.id(), new Completion<Volume>() {
            @Override
            public void done(Volume volume) {
                ImageAttributes attributes = attributesOf(entry, volume);
                volume.close();
                completion.done(Optional.of(attributes));
            }

            @Override
            public void failed(ErrorCode error) {
                if (error == ErrorCode.NO_SUCH_VDI) {
                    completion.done(Optional.empty());
                } else {
                    completion.failed(error);
                }
            }
        });
    }

    private ImageAttributes attributesOf(VdiEntry entry, Volume volume) {
        long createdMillis = TimeUnit.NANOSECONDS.toMillis(entry.createdNanos());
        long changed = changedMillis.getOrDefault(entry.id().value(), createdMillis);
        return new ImageAttributes(
                volume.sizeBytes(), volume.allocatedBytes(), changed, changed, volume.isReadOnly());
    }

    private void open(String name, boolean writable, Completion<OpenedVolume> completion) {
        VdiEntry entry = WorkingVdis.named(engine, name);
        if (entry == null) {
            completion.failed(ErrorCode.NO_SUCH_VDI);
            return;
        }
        engine.openVolume(entry.id(), new Completion<Volume>() {
            @Override
            public void done(Volume volume) {
                if (writable && volume.isReadOnly()) {
                    volume.close();
                    completion.failed(ErrorCode.READ_ONLY);
                } else {
                    completion.done(new OpenedVolume(volume, volume.sizeBytes()));
                }
            }

            @Override
            public void failed(ErrorCode error) {
                completion.failed(error);
            }
        });
    }

    private void noteChange(int vdi) {
        long nowMillis = System.currentTimeMillis();
        if (!loop.post(() -> changedMillis.put(vdi, nowMillis))) {
            throw new FuseException(FuseError.ESHUTDOWN, "the node is stopping");
        }
    }

    private record OpenedVolume(Volume volume, long sizeBytes) {}
}
