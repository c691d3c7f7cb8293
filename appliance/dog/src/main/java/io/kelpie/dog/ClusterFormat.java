package io.kelpie.dog;

import io.kelpie.wire.sheep.ClusterArguments;
import io.kelpie.wire.sheep.ClusterFlags;
import io.kelpie.wire.sheep.ClusterInfoRecord;
import io.kelpie.wire.sheep.NodeRecord;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepProtocol;
import io.kelpie.wire.sheep.SheepResult;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/** {@code dog cluster format}: erases everything and starts a new cluster. */
final class ClusterFormat implements DogCommand {
    private static final int STORE_LIST_BYTES = 512;

    @Override
    public boolean needsNodes() {
        return true;
    }

    @Override
    public int run(Invocation invocation) throws NoAnswerException {
        Options options = invocation.options();
        Console console = invocation.console();
        if (!vnodesStrategyFits(invocation)) {
            return ExitStatus.FAILURE;
        }
        confirmZones(invocation);
        if (!options.has('f') && anyVdi(invocation.sheep())) {
            console.confirm(Questions.withPicture("Caution! The cluster is not empty."));
        }
        console.println("using backend " + options.store() + " store");
        Reply reply = invocation
                .sheep()
                .tell(SheepOpcode.MAKE_FS, 0, arguments(options).encode(), storeName(options));
        if (reply.isSuccess()) {
            return ExitStatus.SUCCESS;
        }
        console.error("Format failed: " + reply.text());
        if (reply.is(SheepResult.NO_STORE)) {
            printStores(invocation);
        }
        return ExitStatus.SYSTEM_FAILURE;
    }

    /** Asks every node how it counts its virtual nodes; {@code -V} must say the same. */
    private static boolean vnodesStrategyFits(Invocation invocation) {
        boolean fixed = invocation.options().has('V');
        for (NodeRecord node : invocation.sheep().nodes()) {
            boolean nodeFixed =
                    (clusterInfo(invocation, node).flags() & ClusterFlags.AUTO_VNODES) == 0;
            if (node.vnodes() != 0 && nodeFixed != fixed) {
                invocation
                        .console()
                        .error(
                                fixed
                                        ? "Can not apply the option of '-V', because there are vnode strategy of sheep is"
                                                + " auto in the cluster"
                                        : "Need to specify the option of '-V', because there are vnode strategy of sheep is"
                                                + " fixed in the cluster");
                return false;
            }
        }
        return true;
    }

    private static ClusterInfoRecord clusterInfo(Invocation invocation, NodeRecord node) {
        try {
            Reply reply = invocation
                    .sheep()
                    .askNode(node, SheepOpcode.CLUSTER_INFO, ClusterInfoRecord.BYTES);
            if (reply.isSuccess()) {
                return ClusterInfoRecord.decode(reply.data());
            }
        } catch (NoAnswerException e) {
            // Its reason is printed; what it means for the format is said below.
        }
        invocation.console().error("Fail to execute request");
        throw DogExit.returning(ExitStatus.FAILURE);
    }

    private static void confirmZones(Invocation invocation) {
        Set<Long> zones = new HashSet<>();
        for (NodeRecord node : invocation.sheep().nodes()) {
            zones.add(node.zone());
        }
        int copies = invocation.options().redundancy().copies();
        if (copies > zones.size()) {
            invocation
                    .console()
                    .confirm("Number of copies (" + copies + ") is larger than number of zones ("
                            + zones.size() + ").\n" + Questions.SURE);
        }
    }

    private static boolean anyVdi(Sheep sheep) throws NoAnswerException {
        Reply reply = sheep.ask(SheepOpcode.READ_VDIS, SheepProtocol.VDI_BITMAP_BYTES);
        for (byte bits : reply.payload()) {
            if (bits != 0) {
                return true;
            }
        }
        return false;
    }

    private static ClusterArguments arguments(Options options) {
        int flags = (options.has('t') ? ClusterFlags.STRICT : 0)
                | (options.has('V') ? 0 : ClusterFlags.AUTO_VNODES)
                | (options.has('l') ? ClusterFlags.USE_LOCK : 0)
                | (options.has('R') ? ClusterFlags.RECYCLE_VDI_ID : 0)
                | (options.has('F') ? ClusterFlags.AVOID_DISK_FULL : 0);
        long millis = System.currentTimeMillis();
        long created = ((millis / 1000) << 32) | (millis % 1000 * 1_000_000);
        Redundancy redundancy = options.redundancy();
        return new ClusterArguments(
                created,
                redundancy.copies(),
                redundancy.policy(),
                flags,
                0,
                options.blockSizeShift());
    }

    private static byte[] storeName(Options options) {
        return (options.store() + "\0").getBytes(StandardCharsets.ISO_8859_1);
    }

    private static void printStores(Invocation invocation) throws NoAnswerException {
        Reply reply = invocation.sheep().ask(SheepOpcode.GET_STORE_LIST, STORE_LIST_BYTES);
        String stores = new String(reply.payload(), StandardCharsets.ISO_8859_1).replace("\0", "");
        Console console = invocation.console();
        console.println("Available stores:");
        console.println("---------------------------------------");
        console.println(stores);
    }
}
