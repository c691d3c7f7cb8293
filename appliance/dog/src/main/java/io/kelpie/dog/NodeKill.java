package io.kelpie.dog;

import io.kelpie.wire.sheep.NodeRecord;
import io.kelpie.wire.sheep.SheepOpcode;

import org.jspecify.annotations.Nullable;

import java.util.List;

/** {@code dog node kill}: asks one node to leave and stop. */
final class NodeKill implements DogCommand {
    @Override
    public boolean needsNodes() {
        return true;
    }

    @Override
    public int run(Invocation invocation) {
        String operand = invocation.options().operand(0);
        NodeRecord node = target(invocation, operand);
        Sheep sheep = invocation.sheep();
        try {
            Reply reply = node == null
                    ? sheep.ask(SheepOpcode.KILL_NODE, 0)
                    : sheep.askNode(node, SheepOpcode.KILL_NODE, 0);
            if (reply.isSuccess()) {
                return ExitStatus.SUCCESS;
            }
        } catch (NoAnswerException e) {
            // Its reason is printed; the line below completes it.
        }
        invocation.console().error("Failed to execute request");
        return ExitStatus.FAILURE;
    }

    /**
     * Returns the node meant, null for the one that is connected to; ends the program if none is.
     */
    private static @Nullable NodeRecord target(Invocation invocation, @Nullable String operand) {
        boolean local = invocation.options().has('l');
        if (operand == null) {
            if (!local) {
                throw refuse(invocation, "please specify -l option or node id");
            }
            return null;
        }
        if (local) {
            throw refuse(invocation, "don't use -l option and specify node id at the same time");
        }
        return byId(invocation, operand);
    }

    private static NodeRecord byId(Invocation invocation, String operand) {
        long id;
        try {
            id = Long.parseLong(operand);
        } catch (NumberFormatException e) {
            throw refuse(
                    invocation,
                    "Invalid node id '" + operand + "', please specify a numeric value");
        }
        List<NodeRecord> nodes = invocation.sheep().nodes();
        if (id < 0 || id >= nodes.size()) {
            throw refuse(invocation, "Invalid node id '" + operand + "'");
        }
        return nodes.get((int) id);
    }

    private static DogExit refuse(Invocation invocation, String message) {
        invocation.console().error(message);
        return DogExit.immediately(ExitStatus.USAGE);
    }
}
