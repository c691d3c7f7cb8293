package io.kelpie.node.sheep;

import io.kelpie.wire.sheep.RequestHeader;
import io.kelpie.wire.sheep.SheepFlags;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.StatRecord;

/** Counts object requests as upstream does (Sheepdog protocol, section 15.6). Core loop only. */
final class RequestCounters {
    private long active;
    private long total;
    private long receivedBytes;
    private long sentBytes;
    private long removes;
    private long reads;
    private long writes;
    private long flushes;

    static boolean isCounted(SheepOpcode opcode) {
        return switch (opcode) {
            case READ_OBJ, WRITE_OBJ, CREATE_AND_WRITE_OBJ, REMOVE_OBJ, FLUSH_VDI -> true;
            default -> false;
        };
    }

    void onRequest(SheepOpcode opcode, RequestHeader header) {
        active++;
        total++;
        if (header.hasFlag(SheepFlags.WRITE)) {
            receivedBytes += header.dataLength();
        } else {
            sentBytes += header.dataLength();
        }
        switch (opcode) {
            case READ_OBJ -> reads++;
            case WRITE_OBJ, CREATE_AND_WRITE_OBJ -> writes++;
            case REMOVE_OBJ -> removes++;
            case FLUSH_VDI -> flushes++;
            default -> throw new IllegalArgumentException(opcode + " is not counted");
        }
    }

    void onReply() {
        active--;
    }

    StatRecord snapshot() {
        return new StatRecord(
                new StatRecord.Counters(
                        active, total, receivedBytes, sentBytes, removes, reads, writes, flushes),
                StatRecord.Counters.ZERO);
    }
}
