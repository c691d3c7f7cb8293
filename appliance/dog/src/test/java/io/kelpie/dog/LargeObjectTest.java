package io.kelpie.dog;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.wire.sheep.HeaderWords;
import io.kelpie.wire.sheep.ObjectArguments;
import io.kelpie.wire.sheep.RequestHeader;
import io.kelpie.wire.sheep.ResponseHeader;
import io.kelpie.wire.sheep.SheepFlags;
import io.kelpie.wire.sheep.SheepName;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepResult;
import io.kelpie.wire.sheep.VdiAnswer;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** A VDI with objects of 16 MiB: pieces that take several requests. */
final class LargeObjectTest {
    private static final int VDI_ID = 0x123456;
    private static final int SHIFT = 24;
    private static final int MIB = 1 << 20;
    private static final int INODE_BYTES = InodeHeader.INDEX_OFFSET + 4 * Integer.BYTES;
    private static final long INODE_OID = InodeHeader.inodeOid(VDI_ID);

    private static final Transcript.Exchange LOOKUP = exchange(
            SheepOpcode.GET_VDI_INFO,
            SheepFlags.WRITE,
            OpenedVdi.selector(0),
            hex(OpenedVdi.namePayload(SheepName.of("big"), SheepName.EMPTY)),
            new VdiAnswer(VDI_ID, 0, 1, SHIFT).encode(),
            "-");

    @Test
    void createsAnObjectWithTheFirstRequestAndWritesTheRest() throws IOException {
        String data = "a".repeat(6 * MIB) + "b".repeat(MIB);
        String written = "f" + 6 * MIB + ":61,f" + MIB + ":62,z" + MIB;
        List<Transcript.Exchange> exchanges = List.of(
                LOOKUP,
                read(INODE_OID, 0, inode(0)),
                write(
                        SheepOpcode.CREATE_AND_WRITE_OBJ,
                        InodeHeader.dataOid(VDI_ID, 1),
                        5L * MIB,
                        written),
                write(SheepOpcode.WRITE_OBJ, INODE_OID, OpenedVdi.indexOffset(1), "h56341200"));

        Outcome outcome = run(exchanges, data, "vdi", "write", "big", "21M", "8M");

        assertThat(outcome.errors()).isEmpty();
        assertThat(outcome.status()).isZero();
    }

    @Test
    void readsAnObjectInPiecesAndHolesAsZeros() throws IOException {
        List<Transcript.Exchange> exchanges = List.of(
                LOOKUP,
                read(INODE_OID, 0, inode(VDI_ID)),
                read(InodeHeader.dataOid(VDI_ID, 1), 0, "f" + 16 * MIB + ":63"));

        Outcome outcome = run(exchanges, "", "vdi", "read", "big", "15M", "18M");

        assertThat(outcome.errors()).isEmpty();
        assertThat(outcome.output()
                        .equals("\0".repeat(MIB) + "c".repeat(16 * MIB) + "\0".repeat(MIB)))
                .isTrue();
    }

    private static Outcome run(List<Transcript.Exchange> exchanges, String input, String... words)
            throws IOException {
        Transcript transcript = new Transcript("made", List.of(words), 0, input, "", "", exchanges);
        try (RecordedCluster cluster = new RecordedCluster(transcript)) {
            byte[] bytes = input.getBytes(StandardCharsets.ISO_8859_1);
            Outcome outcome = Outcome.run(cluster::dial, Map.of(), bytes, List.of(words));
            assertThat(cluster.surprises()).isEmpty();
            return outcome;
        }
    }

    /** Returns an inode of 64 MiB whose object 1 has an owner. */
    private static String inode(int owner) {
        ByteBuffer inode = ByteBuffer.allocate(INODE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        SheepName.of("big").encode(inode, 256);
        inode.putLong(InodeHeader.SIZE_OFFSET, 64L * MIB);
        inode.put(554, (byte) 1);
        inode.put(555, (byte) SHIFT);
        inode.putInt((int) OpenedVdi.indexOffset(1), owner);
        return hex(inode.array());
    }

    private static Transcript.Exchange read(long oid, long offset, String content) {
        HeaderWords words = new ObjectArguments(oid, 0, 0, 0, 0, 0, offset).encode();
        return exchange(SheepOpcode.READ_OBJ, 0, words, "-", HeaderWords.ZERO, content);
    }

    private static Transcript.Exchange write(
            SheepOpcode opcode, long oid, long offset, String content) {
        HeaderWords words = new ObjectArguments(oid, 0, 1, 0, 0, 0, offset).encode();
        return exchange(opcode, SheepFlags.WRITE, words, content, HeaderWords.ZERO, "-");
    }

    private static Transcript.Exchange exchange(
            SheepOpcode opcode,
            int flags,
            HeaderWords words,
            String sent,
            HeaderWords answer,
            String received) {
        RequestHeader request = new RequestHeader(2, opcode.number(), flags, 0, 0, 0, words);
        ResponseHeader response = ResponseHeader.of(request, 1, SheepResult.SUCCESS, 0, answer);
        return new Transcript.Exchange(request, sent, response, received);
    }

    private static String hex(byte[] bytes) {
        return "h" + HexFormat.of().formatHex(bytes);
    }
}
