// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Named devices as a provider; the empty name opens the first. Answers before return. */
public final class Exports implements ExportProvider {

    private final Map<String, BlockDevice> devices = new LinkedHashMap<>();

    /** Adds an export; before the server starts. */
    public Exports with(String name, BlockDevice device) {
        devices.put(name, device);
        return this;
    }

    @Override
    public void open(ExportRequest request, OpenReply reply) {
        var name = request.name().isEmpty() ? devices.keySet().iterator().next() : request.name();
        var device = devices.get(name);
        if (device == null) {
            reply.refused(
                    ExportRefusal.UNKNOWN,
                    "no export '" + name + "', choose one of " + devices.keySet());
        } else {
            reply.opened(infoOf(name), device);
        }
    }

    @Override
    public void list(ListReply reply) {
        List<ExportInfo> infos = devices.keySet().stream().map(Exports::infoOf).toList();
        reply.exports(infos);
    }

    private static ExportInfo infoOf(String name) {
        return new ExportInfo(name, "disk " + name);
    }
}
