package io.kelpie.dog;

import io.kelpie.wire.sheep.HeaderWords;
import io.kelpie.wire.sheep.NodeRecord;
import io.kelpie.wire.sheep.RecoveryStateRecord;
import io.kelpie.wire.sheep.RecoveryThrottleRecord;
import io.kelpie.wire.sheep.SheepOpcode;

import org.jspecify.annotations.Nullable;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.ByteBuffer;

/** {@code dog node recovery}: which nodes are being brought up to date, and the limit of that. */
final class NodeRecovery implements DogCommand {
    private static final long SECOND_MILLIS = 1000;
    private static final long MAX_OBJECTS = 0xFFFF_FFFFL;

    @Override
    public boolean needsNodes() {
        return true;
    }

    @Override
    public int run(Invocation invocation) throws NoAnswerException {
        @Nullable String what = invocation.options().operand(0);
        return switch (what == null ? "info" : what) {
            case "info" -> invocation.options().has('P') ? follow(invocation) : showAll(invocation);
            case "get-throttle" -> showThrottle(invocation);
            case "set-throttle" -> setThrottle(invocation);
            default -> {
                invocation.console().error("Invalid argument '" + what + "'");
                throw NestedWords.refuse(invocation, "node", "recovery");
            }
        };
    }

    private static int showAll(Invocation invocation) {
        boolean raw = invocation.options().isRaw();
        if (!raw) {
            invocation.console().println("Nodes In Recovery:");
            invocation
                    .console()
                    .println("  Id   Host:Port         V-Nodes       Zone       Progress");
        }
        int id = 0;
        for (NodeRecord node : invocation.sheep().nodes()) {
            RecoveryStateRecord state = stateOf(invocation, node);
            if (state != null && state.inRecovery() != 0) {
                invocation.console().println(row(id, node, state, raw));
            }
            id++;
        }
        return ExitStatus.SUCCESS;
    }

    /** Null if the node does not answer, which is said already; the others are worth asking. */
    private static @Nullable RecoveryStateRecord stateOf(Invocation invocation, NodeRecord node) {
        Reply reply;
        try {
            reply = invocation
                    .sheep()
                    .askNode(node, SheepOpcode.STAT_RECOVERY, RecoveryStateRecord.BYTES);
        } catch (NoAnswerException e) {
            return null;
        }
        return decoded(invocation, reply);
    }

    private static RecoveryStateRecord decoded(Invocation invocation, Reply reply) {
        if (!reply.isSuccess()) {
            invocation.console().error(reply.text());
            throw DogExit.immediately(ExitStatus.FAILURE);
        }
        return RecoveryStateRecord.decode(reply.data());
    }

    private static String row(int id, NodeRecord node, RecoveryStateRecord state, boolean raw) {
        String host = node.id().address().toString();
        if (raw) {
            return id + " " + host + " " + node.vnodes() + " " + node.zone() + " "
                    + state.finished() + " " + state.total();
        }
        double part = state.total() == 0 ? 0 : (double) state.finished() / state.total() * 100;
        String percent =
                new BigDecimal(part).setScale(1, RoundingMode.HALF_EVEN).toPlainString();
        return Columns.right(id, 4) + "   " + Columns.left(host, 20)
                + Columns.right(node.vnodes(), 5) + Columns.right(node.zone(), 11)
                + Columns.right(percent, 11) + "%";
    }

    /** Follows the node that is connected to until it is up to date. */
    private static int follow(Invocation invocation) throws NoAnswerException {
        @Nullable ProgressBar bar = null;
        while (true) {
            RecoveryStateRecord state = decoded(
                    invocation,
                    invocation.sheep().ask(SheepOpcode.STAT_RECOVERY, RecoveryStateRecord.BYTES));
            if (state.inRecovery() == 0) {
                return ExitStatus.SUCCESS;
            }
            switch (state.state()) {
                case 0 -> invocation.console().print("\rpreparing a checked object list...");
                case 1 -> {
                    bar = bar == null
                            ? ProgressBar.ofItems(invocation.console(), state.total())
                            : bar;
                    bar.show(state.finished());
                }
                default -> invocation.console().print("\rnotifying a completion of recovery...");
            }
            invocation.console().push();
            try {
                Thread.sleep(SECOND_MILLIS);
            } catch (InterruptedException e) {
                return ExitStatus.SUCCESS;
            }
        }
    }

    private static int showThrottle(Invocation invocation) throws NoAnswerException {
        Reply reply =
                invocation.sheep().ask(SheepOpcode.GET_RECOVERY, RecoveryThrottleRecord.BYTES);
        if (!reply.isSuccess()) {
            return failed(invocation);
        }
        RecoveryThrottleRecord throttle = RecoveryThrottleRecord.decode(reply.data());
        invocation
                .console()
                .error("max (" + throttle.maxObjects() + "), interval (" + throttle.intervalMillis()
                        + ")");
        return ExitStatus.SUCCESS;
    }

    private static int setThrottle(Invocation invocation) throws NoAnswerException {
        @Nullable String maxText = invocation.options().operand(1);
        @Nullable String intervalText = invocation.options().operand(2);
        long max = number(maxText, MAX_OBJECTS);
        if (max < 0) {
            throw refuse(invocation, "Invalid max (" + printed(maxText) + ")");
        }
        long interval = intervalText == null ? 0 : number(intervalText, Long.MAX_VALUE);
        if (interval < 0) {
            throw refuse(invocation, "Invalid interval (" + intervalText + ")");
        }
        if ((max == 0) != (interval == 0)) {
            throw refuse(
                    invocation,
                    "Invalid interval max (" + max + "), interval (" + printed(intervalText) + ")");
        }
        ByteBuffer record = ByteBuffer.allocate(RecoveryThrottleRecord.BYTES);
        new RecoveryThrottleRecord(max, interval, 0).encode(record);
        Reply reply = invocation
                .sheep()
                .tell(SheepOpcode.SET_RECOVERY, 0, HeaderWords.ZERO, record.array());
        return reply.isSuccess() ? ExitStatus.SUCCESS : failed(invocation);
    }

    private static int failed(Invocation invocation) {
        invocation.console().error("Failed to execute request");
        return ExitStatus.NEGATIVE;
    }

    /** As C prints a missing string. */
    private static String printed(@Nullable String text) {
        return text == null ? "(null)" : text;
    }

    /** A number from 0 to a bound, or -1. */
    private static long number(@Nullable String text, long max) {
        if (text == null) {
            return -1;
        }
        try {
            long value = Long.parseLong(text);
            return value > max ? -1 : value;
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    /** These end without the usage text. */
    private static DogExit refuse(Invocation invocation, String message) {
        invocation.console().error(message);
        return DogExit.immediately(ExitStatus.USAGE);
    }
}
