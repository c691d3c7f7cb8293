package io.kelpie.dog;

import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.StatRecord;
import io.kelpie.wire.sheep.StatRecord.Counters;

import java.util.List;

/** {@code dog node stat}: what a node was asked to do since it started. */
final class NodeStat implements DogCommand {
    private static final String HEADER =
            "Request\tActive\tTotal\tWrite\tRead\tRemove\tFlush\tAll WR\tAll RD";
    private static final String WATCH_HEADER = HEADER + "\tWRBW\tRDBW\tRPS";
    private static final long SECOND_MILLIS = 1000;

    @Override
    public int run(Invocation invocation) throws NoAnswerException {
        StatRecord before = read(invocation);
        if (!invocation.options().has('w')) {
            print(
                    invocation,
                    HEADER,
                    once("Client", before.gateway()),
                    once("Peer", before.peer()));
            return ExitStatus.SUCCESS;
        }
        while (true) {
            try {
                Thread.sleep(SECOND_MILLIS);
            } catch (InterruptedException e) {
                return ExitStatus.SUCCESS;
            }
            StatRecord now = read(invocation);
            print(
                    invocation,
                    WATCH_HEADER,
                    watched("Client", now.gateway(), before.gateway()),
                    watched("Peer", now.peer(), before.peer()));
            invocation.console().push();
            before = now;
        }
    }

    private static StatRecord read(Invocation invocation) throws NoAnswerException {
        Reply reply = invocation.sheep().ask(SheepOpcode.STAT, StatRecord.BYTES);
        if (!reply.isSuccess()) {
            invocation.console().error("failed to get stat information: " + reply.text());
            throw DogExit.immediately(ExitStatus.FAILURE);
        }
        return StatRecord.decode(reply.data());
    }

    private static void print(Invocation invocation, String header, Row client, Row peer) {
        boolean raw = invocation.options().isRaw();
        if (!raw) {
            invocation.console().println(header);
        }
        invocation.console().println(client.text(raw));
        invocation.console().println(peer.text(raw));
    }

    /** Upstream prints reads under Write and writes under Read here, and scripts expect it. */
    private static Row once(String label, Counters now) {
        return new Row(label, now, now.reads(), now.writes(), List.of());
    }

    private static Row watched(String label, Counters now, Counters before) {
        List<Long> since = List.of(
                now.receivedBytes() - before.receivedBytes(),
                now.sentBytes() - before.sentBytes(),
                now.total() - before.total());
        return new Row(label, now, now.writes(), now.reads(), since);
    }

    /**
     * A line of the table.
     *
     * @param since bytes in, bytes out and requests since the sample before; empty without one
     */
    private record Row(String label, Counters now, long third, long fourth, List<Long> since) {
        String text(boolean raw) {
            StringBuilder text = new StringBuilder(raw ? "" : label + "\t");
            text.append(now.active()).append('\t').append(now.total()).append('\t');
            text.append(third).append('\t').append(fourth).append('\t');
            text.append(now.removes()).append('\t').append(now.flushes()).append('\t');
            text.append(Sizes.print(now.receivedBytes(), raw)).append('\t');
            text.append(Sizes.print(now.sentBytes(), raw));
            if (!since.isEmpty()) {
                text.append('\t').append(Sizes.print(since.get(0), raw));
                text.append('\t').append(Sizes.print(since.get(1), raw));
                text.append('\t').append(since.get(2));
            }
            return text.toString();
        }
    }
}
