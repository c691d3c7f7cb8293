package io.kelpie.wire.sheep;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** Recorded messages decode and encode to the same bytes. */
final class RecordedTrafficTest {
    @ParameterizedTest
    @ValueSource(strings = {"one", "edge", "lock", "v07"})
    void everyHeaderSurvives(String session) throws IOException {
        List<Vector> vectors = Vector.read(session);

        assertThat(vectors).hasSizeGreaterThan(20);
        for (Vector vector : vectors) {
            ByteBuffer again = ByteBuffer.allocate(SheepProtocol.HEADER_BYTES);
            if (vector.isRequest()) {
                RequestHeader.decode(vector.headerBuffer()).encode(again);
            } else {
                ResponseHeader.decode(vector.headerBuffer()).encode(again);
            }
            assertThat(HexFormat.of().formatHex(again.array())).isEqualTo(vector.header());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"one", "edge", "lock"})
    void everyArgumentRecordSurvives(String session) throws IOException {
        for (Vector vector : Vector.read(session)) {
            if (vector.isRequest()) {
                HeaderWords words = RequestHeader.decode(vector.headerBuffer()).words();
                assertThat(again(vector.opcode(), words)).as(vector.toString()).isEqualTo(words);
            } else {
                ResponseHeader header = ResponseHeader.decode(vector.headerBuffer());
                HeaderWords words = header.words().with32(16, 0);
                assertThat(answerAgain(vector.opcode(), words))
                        .as(vector.toString())
                        .isEqualTo(words);
            }
        }
    }

    @Test
    void everyStructureSurvives() throws IOException {
        int structures = 0;
        for (String session : List.of("one", "edge", "lock")) {
            for (Vector vector : Vector.read(session)) {
                byte[] bytes = vector.payloadBytes();
                if (bytes.length > 0 && structureAgain(vector, bytes)) {
                    structures++;
                }
            }
        }
        assertThat(structures).isGreaterThan(100);
    }

    private static HeaderWords again(SheepOpcode opcode, HeaderWords words) {
        return switch (opcode) {
            case CREATE_AND_WRITE_OBJ,
                    READ_OBJ,
                    WRITE_OBJ,
                    REMOVE_OBJ,
                    DISCARD_OBJ,
                    FLUSH_VDI,
                    EXIST,
                    GET_HASH,
                    GET_EPOCH -> ObjectArguments.decode(words).encode();
            case NEW_VDI, DEL_VDI, LOCK_VDI, RELEASE_VDI, GET_VDI_INFO, GET_VDI_ATTR ->
                VdiArguments.decode(words).encode();
            case MAKE_FS, STAT_CLUSTER, ALTER_CLUSTER_COPY ->
                ClusterArguments.decode(words).encode();
            case NOTIFY_VDI_ADD, ALTER_VDI_COPY ->
                VdiStateArguments.decode(words).encode();
            default -> words;
        };
    }

    private static HeaderWords answerAgain(SheepOpcode opcode, HeaderWords words) {
        return switch (opcode) {
            case NEW_VDI, DEL_VDI, LOCK_VDI, GET_VDI_INFO, GET_VDI_ATTR ->
                VdiAnswer.decode(words).encode();
            case GET_NODE_LIST, STAT_SHEEP -> NodeAnswer.decode(words).encode();
            case GET_HASH -> HashAnswer.decode(words).encode();
            case GET_CLUSTER_DEFAULT -> ClusterDefaultAnswer.decode(words).encode();
            default -> words;
        };
    }

    /** Returns whether this message carries a structure of ours. */
    private static boolean structureAgain(Vector vector, byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        ByteBuffer out = ByteBuffer.allocate(bytes.length).order(ByteOrder.LITTLE_ENDIAN);
        byte[] wanted = bytes.clone();
        switch (vector.opcode()) {
            case NEW_VDI, GET_VDI_INFO, LOCK_VDI, DEL_VDI -> {
                if (bytes.length != 256 && bytes.length != 512) {
                    return false; // Hand made on purpose.
                }
                NamePayload.decode(in).encode(out);
            }
            case GET_NODE_LIST -> {
                forgetPointers(wanted, 0, 1);
                NodeRecord.decodeList(in).forEach(node -> node.encode(out));
            }
            case STAT_CLUSTER -> {
                int record = (int) EpochLogRecord.bytes(vector.slots());
                while (in.hasRemaining()) {
                    forgetPointers(
                            wanted, in.position() + EpochLogRecord.FIXED_BYTES, vector.slots());
                    EpochLogRecord.decode(in, vector.slots()).encode(out, vector.slots());
                }
                assertThat(bytes.length % record).isZero();
            }
            case CLUSTER_INFO -> {
                forgetPointers(wanted, 48, SheepProtocol.MAX_NODES);
                ClusterInfoRecord.decode(in).encode(out);
            }
            case GET_VDI_COPIES -> {
                while (in.hasRemaining()) {
                    VdiStateRecord.decode(in).encode(out);
                }
            }
            case MD_INFO -> MdInfoRecord.decode(in).encode(out);
            case STAT -> StatRecord.decode(in).encode(out);
            case STAT_RECOVERY -> RecoveryStateRecord.decode(in).encode(out);
            case GET_RECOVERY, SET_RECOVERY -> {
                Arrays.fill(wanted, 4, 8, (byte) 0); // Holes, which dog leaves as it found them.
                Arrays.fill(wanted, 17, 24, (byte) 0);
                RecoveryThrottleRecord.decode(in).encode(out);
            }
            default -> {
                return false;
            }
        }
        assertThat(in.hasRemaining()).isFalse();
        assertThat(Arrays.mismatch(out.array(), wanted)).as(vector.toString()).isEqualTo(-1);
        return true;
    }

    /** Upstream sends its memory pointers in the first 24 bytes of a node. */
    private static void forgetPointers(byte[] bytes, int offset, int nodes) {
        for (int i = 0; i < nodes; i++) {
            int start = offset + i * NodeRecord.BYTES;
            Arrays.fill(bytes, start, start + 24, (byte) 0);
        }
    }
}
