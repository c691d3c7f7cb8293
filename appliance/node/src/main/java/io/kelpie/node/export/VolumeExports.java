package io.kelpie.node.export;

import io.kelpie.cluster.engine.Engine;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.vdi.VdiEntry;
import io.kelpie.cluster.vdi.VdiName;
import io.kelpie.cluster.volume.Volume;
import io.kelpie.nbd.ExportInfo;
import io.kelpie.nbd.ExportProvider;
import io.kelpie.nbd.ExportRefusal;
import io.kelpie.nbd.ExportRequest;
import io.kelpie.nbd.ListReply;
import io.kelpie.nbd.OpenReply;
import io.kelpie.node.runtime.CoreLoop;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The VDIs of the cluster as NBD exports, by name. The empty name opens the configured default,
 * else the only VDI there is; else the refusal names the choices. Called by io threads, answers on
 * the core loop.
 */
public final class VolumeExports implements ExportProvider {
    /** Names that a refusal lists; more would not be read. */
    private static final int MAX_CHOICES = 20;

    private final Engine engine;
    private final CoreLoop loop;
    private final @Nullable String defaultExport;

    /**
     * Creates the exports.
     *
     * @param engine knows the VDIs
     * @param loop the engine's
     * @param defaultExport what the empty name opens, or null
     */
    public VolumeExports(Engine engine, CoreLoop loop, @Nullable String defaultExport) {
        this.engine = engine;
        this.loop = loop;
        this.defaultExport = defaultExport;
    }

    @Override
    public void open(ExportRequest request, OpenReply reply) {
        if (!loop.post(() -> openNamed(request.name(), reply))) {
            reply.refused(ExportRefusal.SHUTDOWN, "the node is stopping");
        }
    }

    @Override
    public void list(ListReply reply) {
        boolean posted = loop.post(() -> {
            ErrorCode refusal = engine.refusal();
            if (refusal != null && refusal != ErrorCode.NOT_FORMATTED) {
                reply.refused(NbdErrors.refusalOf(refusal), whyRefused(refusal));
                return;
            }
            List<ExportInfo> exports = new ArrayList<>();
            for (VdiEntry entry : WorkingVdis.of(engine)) {
                exports.add(infoOf(VdiName.toText(entry.name())));
            }
            reply.exports(exports);
        });
        if (!posted) {
            reply.refused(ExportRefusal.SHUTDOWN, "the node is stopping");
        }
    }

    private void openNamed(String asked, OpenReply reply) {
        ErrorCode refusal = engine.refusal();
        if (refusal != null) {
            reply.refused(NbdErrors.refusalOf(refusal), whyRefused(refusal));
            return;
        }
        String name = asked.isEmpty() ? defaultName() : asked;
        if (name == null) {
            reply.refused(ExportRefusal.UNKNOWN, "no export was named; " + choices());
            return;
        }
        VdiEntry entry = WorkingVdis.named(engine, name);
        if (entry == null) {
            reply.refused(ExportRefusal.UNKNOWN, "there is no VDI '" + name + "'; " + choices());
            return;
        }
        engine.openVolume(entry.id(), new Completion<Volume>() {
            @Override
            public void done(Volume volume) {
                reply.opened(infoOf(name), new VolumeDevice(volume, loop));
            }

            @Override
            public void failed(ErrorCode error) {
                reply.refused(
                        NbdErrors.refusalOf(error),
                        "VDI '" + name + "' cannot be opened: " + error);
            }
        });
    }

    private @Nullable String defaultName() {
        if (defaultExport != null) {
            return defaultExport;
        }
        List<VdiEntry> working = WorkingVdis.of(engine);
        return working.size() == 1 ? VdiName.toText(working.get(0).name()) : null;
    }

    private String choices() {
        List<VdiEntry> working = WorkingVdis.of(engine);
        if (working.isEmpty()) {
            return "there are none yet: create one with dog vdi create NAME SIZE";
        }
        String more = working.size() > MAX_CHOICES
                ? " and " + (working.size() - MAX_CHOICES) + " more"
                : "";
        return working.stream()
                .limit(MAX_CHOICES)
                .map(entry -> VdiName.toText(entry.name()))
                .collect(Collectors.joining(", ", "choose one of: ", more));
    }

    private static String whyRefused(ErrorCode refusal) {
        return refusal == ErrorCode.NOT_FORMATTED
                ? "the cluster is not formatted: run dog cluster format"
                : "the cluster does not serve now: " + refusal;
    }

    private static ExportInfo infoOf(String name) {
        return new ExportInfo(name, "");
    }
}
