package io.kelpie.dog;

import io.kelpie.wire.sheep.ClusterArguments;
import io.kelpie.wire.sheep.ClusterFlags;
import io.kelpie.wire.sheep.EpochLogRecord;
import io.kelpie.wire.sheep.NodeAddress;
import io.kelpie.wire.sheep.NodeRecord;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepProtocol;
import io.kelpie.wire.sheep.SheepResult;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** {@code dog cluster info}: the status and the epoch log. */
final class ClusterInfo implements DogCommand {
    /** Bounds the answer to what a buffer can hold; older epochs are then left out. */
    private static final long MAX_LOG_BYTES = 64 * 1024 * 1024;

    @Override
    public boolean needsNodes() {
        return true;
    }

    @Override
    public int run(Invocation invocation) throws NoAnswerException {
        Sheep sheep = invocation.sheep();
        int slots = sheep.nodes().size();
        Reply reply = ask(sheep, slots);
        while (reply.is(SheepResult.BUFFER_SMALL) && slots < SheepProtocol.MAX_NODES) {
            slots = Math.min(SheepProtocol.MAX_NODES, slots * 2);
            reply = ask(sheep, slots);
        }
        List<EpochLogRecord> log = new ArrayList<>();
        for (ByteBuffer data = reply.data(); data.hasRemaining(); ) {
            log.add(EpochLogRecord.decode(data, slots));
        }
        printStatus(invocation, reply, log);
        if (!log.isEmpty()) {
            printLog(invocation, log);
        }
        return ExitStatus.SUCCESS;
    }

    private static Reply ask(Sheep sheep, int slots) throws NoAnswerException {
        long record = EpochLogRecord.bytes(slots);
        long epochs = Math.min(Integer.toUnsignedLong(sheep.epoch()), MAX_LOG_BYTES / record);
        return sheep.ask(
                SheepOpcode.STAT_CLUSTER,
                new ClusterArguments(0, 0, 0, 0, slots, 0).encode(),
                record * epochs);
    }

    private static void printStatus(Invocation invocation, Reply reply, List<EpochLogRecord> log) {
        Console console = invocation.console();
        boolean running = reply.isSuccess() && !log.isEmpty();
        boolean labels = !invocation.options().isRaw();
        String status = running
                ? "running, auto-recovery "
                        + (log.get(0).recoveryDisabled() != 0 ? "disabled" : "enabled")
                : reply.text();
        console.println((labels ? "Cluster status: " : "") + status);
        if (!invocation.options().has('v')) {
            console.println("");
            return;
        }
        int flags = log.isEmpty() ? 0 : log.get(0).flags();
        console.println((labels ? "Cluster store: " : "") + (running ? store(log.get(0)) : status));
        if (running) {
            boolean auto = (flags & ClusterFlags.AUTO_VNODES) != 0;
            console.println(
                    (labels ? "Cluster vnodes strategy: " : "") + (auto ? "auto" : "fixed"));
        }
        boolean disk = (flags & ClusterFlags.DISK_MODE) != 0;
        console.println((labels ? "Cluster vnode mode: " : "") + (disk ? "disk" : "node"));
    }

    private static String store(EpochLogRecord newest) {
        Redundancy redundancy = new Redundancy(newest.copies(), newest.copyPolicy());
        return Options.text(newest.storeName()) + " with " + redundancy.text()
                + " redundancy policy";
    }

    private static void printLog(Invocation invocation, List<EpochLogRecord> log) {
        Console console = invocation.console();
        if (!invocation.options().isRaw()) {
            long created = log.get(0).creationTime() >>> 32;
            console.println(
                    "Cluster created at " + new LocalTime(created, invocation.zone()).ctime());
            console.println("");
            console.println("Epoch Time           Version [Host:Port:V-Nodes,,,]");
        }
        for (int i = 0; i < log.size(); i++) {
            EpochLogRecord record = log.get(i);
            String members = invocation.options().has('d')
                    ? changes(record, i + 1 < log.size() ? log.get(i + 1) : null)
                    : members(record);
            console.println(prefix(invocation, record) + " [" + members + "]");
        }
    }

    private static String prefix(Invocation invocation, EpochLogRecord record) {
        String epoch = Integer.toUnsignedString(record.epoch());
        if (invocation.options().isRaw()) {
            return record.timeSeconds() + " " + epoch;
        }
        return new LocalTime(record.timeSeconds(), invocation.zone()).seconds() + " "
                + Columns.right(epoch, 6);
    }

    private static String members(EpochLogRecord record) {
        List<String> members = new ArrayList<>();
        for (NodeRecord node : record.nodes()) {
            members.add(node.id().address() + ":" + node.vnodes());
        }
        return String.join(", ", members);
    }

    /**
     * Returns who came and who went since the epoch before; the oldest epoch has none before it.
     */
    private static String changes(EpochLogRecord record, @Nullable EpochLogRecord before) {
        if (before == null) {
            return "formated"; // Upstream's spelling, which scripts know.
        }
        List<String> changes = new ArrayList<>();
        addMissing("+", record, before, changes);
        addMissing("-", before, record, changes);
        return String.join(", ", changes);
    }

    private static void addMissing(
            String sign, EpochLogRecord from, EpochLogRecord in, List<String> changes) {
        for (NodeRecord node : from.nodes()) {
            NodeAddress address = node.id().address();
            boolean found = false;
            for (NodeRecord other : in.nodes()) {
                found |= other.id().address().equals(address);
            }
            if (!found) {
                changes.add(sign + address);
            }
        }
    }
}
