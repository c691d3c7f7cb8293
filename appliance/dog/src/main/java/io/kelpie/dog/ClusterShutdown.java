package io.kelpie.dog;

import io.kelpie.wire.sheep.SheepOpcode;

/** {@code dog cluster shutdown}: all nodes stop; returns at once. */
final class ClusterShutdown implements DogCommand {
    @Override
    public int run(Invocation invocation) {
        if (!succeeds(invocation.sheep())) {
            invocation.console().error("failed to execute request");
            return ExitStatus.FAILURE;
        }
        return ExitStatus.SUCCESS;
    }

    private static boolean succeeds(Sheep sheep) {
        try {
            return sheep.ask(SheepOpcode.SHUTDOWN, 0).isSuccess();
        } catch (NoAnswerException e) {
            return false; // Its reason is printed already.
        }
    }
}
