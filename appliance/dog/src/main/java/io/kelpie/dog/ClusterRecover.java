package io.kelpie.dog;

import io.kelpie.wire.sheep.NodeAnswer;
import io.kelpie.wire.sheep.NodeRecord;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepProtocol;

import org.jspecify.annotations.Nullable;

/**
 * {@code dog cluster recover}: switches recovery, or starts a cluster without its missing nodes.
 */
final class ClusterRecover implements DogCommand {
    private static final String WARNING = """
            Caution! Please try starting all the cluster nodes normally before
            running this command.

            The cluster may need to be force recovered if:
              - the master node fails to start because of epoch mismatch; or
              - some nodes fail to start after a cluster shutdown.

            """;

    @Override
    public int run(Invocation invocation) throws NoAnswerException {
        @Nullable String what = invocation.options().operand(0);
        return switch (what == null ? "" : what) {
            case "enable" -> switchTo(invocation, SheepOpcode.ENABLE_RECOVER, "enable");
            case "disable" -> switchTo(invocation, SheepOpcode.DISABLE_RECOVER, "disable");
            case "force" -> force(invocation);
            default -> throw unknown(invocation, what);
        };
    }

    private static int switchTo(Invocation invocation, SheepOpcode opcode, String word)
            throws NoAnswerException {
        Reply reply = invocation.sheep().ask(opcode, 0);
        if (!reply.isSuccess()) {
            invocation.console().error("Response's result: " + reply.text());
            return ExitStatus.FAILURE;
        }
        invocation.console().println("Cluster recovery: " + word);
        return ExitStatus.SUCCESS;
    }

    private static int force(Invocation invocation) throws NoAnswerException {
        if (!invocation.options().has('f')) {
            invocation.console().confirm(WARNING + Questions.SURE);
        }
        Reply reply = invocation
                .sheep()
                .ask(SheepOpcode.FORCE_RECOVER, SheepProtocol.MAX_NODES * NodeRecord.BYTES);
        if (!reply.isSuccess()) {
            invocation.console().error("failed to execute request, " + reply.text());
            return ExitStatus.FAILURE;
        }
        int started = NodeAnswer.decode(reply.header().words()).nodeCount();
        if (started > 0) {
            invocation
                    .console()
                    .println(started + " placement groups were started without their last copies;"
                            + " the log of every node names them");
        }
        return ExitStatus.SUCCESS;
    }

    private static DogExit unknown(Invocation invocation, @Nullable String what) {
        if (what != null) {
            invocation.console().error("Invalid argument '" + what + "'");
        }
        return NestedWords.refuse(invocation, "cluster", "recover");
    }
}
