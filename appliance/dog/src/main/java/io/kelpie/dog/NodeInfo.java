package io.kelpie.dog;

import io.kelpie.wire.sheep.NodeAnswer;
import io.kelpie.wire.sheep.NodeRecord;
import io.kelpie.wire.sheep.SheepOpcode;

/** {@code dog node info}: the space of every node, and what the VDIs could take. */
final class NodeInfo implements DogCommand, LiveVdis.Visitor {
    private long totalSize;
    private long totalFree;
    private long totalVdiSize;
    private int answers;

    @Override
    public boolean needsNodes() {
        return true;
    }

    @Override
    public int run(Invocation invocation) throws NoAnswerException {
        Console console = invocation.console();
        boolean raw = invocation.options().isRaw();
        if (!raw) {
            console.println("Id\tSize\tUsed\tAvail\tUse%");
        }
        int id = 0;
        for (NodeRecord node : invocation.sheep().nodes()) {
            addNode(invocation, id++, node);
        }
        if (answers == 0) {
            console.error("Cannot get information from any nodes");
            return ExitStatus.SYSTEM_FAILURE;
        }
        new LiveVdis(invocation).visit(this);
        String vdis = Sizes.print(totalVdiSize, raw);
        console.println(row("Total", totalSize, totalFree, raw) + (raw ? " " + vdis : ""));
        if (!raw) {
            console.print("\nTotal virtual image size\t" + vdis + "\n");
        }
        return ExitStatus.SUCCESS;
    }

    private void addNode(Invocation invocation, int id, NodeRecord node) {
        Reply reply;
        try {
            reply = invocation.sheep().askNode(node, SheepOpcode.STAT_SHEEP, 0);
        } catch (NoAnswerException e) {
            return; // Said already; the others are still worth asking.
        }
        if (!reply.isSuccess()) {
            invocation.console().error("Response's result: " + reply.text());
            return;
        }
        boolean raw = invocation.options().isRaw();
        NodeAnswer space = NodeAnswer.decode(reply.header().words());
        invocation
                .console()
                .println(row(
                        raw ? Integer.toString(id) : Columns.right(id, 2),
                        space.storeSizeBytes(),
                        space.storeFreeBytes(),
                        raw));
        totalSize += space.storeSizeBytes();
        totalFree += space.storeFreeBytes();
        answers++;
    }

    @Override
    public void visit(int vdiId, InodeHeader header) {
        if (!header.isSnapshot()) {
            totalVdiSize += header.sizeBytes();
        }
    }

    private static String row(String label, long size, long free, boolean raw) {
        String separator = raw ? " " : "\t";
        long used = size - free;
        long percent = size == 0 ? 0 : (long) ((double) used / size * 100);
        return label + separator + Sizes.print(size, raw) + separator + Sizes.print(used, raw)
                + separator + Sizes.print(free, raw) + separator
                + Columns.right(percent, raw ? 0 : 3) + "%";
    }
}
