package io.kelpie.dog;

import io.kelpie.wire.sheep.SheepOpcode;

/** {@code dog cluster reweight}: all nodes measure their space again. */
final class ClusterReweight implements DogCommand {
    @Override
    public int run(Invocation invocation) throws NoAnswerException {
        Reply reply = invocation.sheep().ask(SheepOpcode.REWEIGHT, 0);
        if (!reply.isSuccess()) {
            invocation.console().error("Response's result: " + reply.text());
            return ExitStatus.FAILURE;
        }
        return ExitStatus.SUCCESS;
    }
}
