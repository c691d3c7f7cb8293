package io.kelpie.dog;

import io.kelpie.wire.sheep.NodeRecord;

/** {@code dog node list}: the members, their virtual nodes and zones. */
final class NodeList implements DogCommand {
    @Override
    public boolean needsNodes() {
        return true;
    }

    @Override
    public int run(Invocation invocation) {
        Console console = invocation.console();
        boolean raw = invocation.options().isRaw();
        if (!raw) {
            console.println("  Id   Host:Port         V-Nodes       Zone");
        }
        int id = 0;
        for (NodeRecord node : invocation.sheep().nodes()) {
            String host = node.id().address().toString();
            console.println(
                    raw
                            ? id + " " + host + " " + node.vnodes() + " " + node.zone()
                            : Columns.right(id, 4) + "   " + Columns.left(host, 20) + "\t"
                                    + Columns.right(node.vnodes(), 2)
                                    + Columns.right(node.zone(), 11));
            id++;
        }
        return ExitStatus.SUCCESS;
    }
}
