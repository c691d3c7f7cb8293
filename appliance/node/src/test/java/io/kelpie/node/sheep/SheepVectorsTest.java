package io.kelpie.node.sheep;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

import io.kelpie.node.sheep.SheepClient.Reply;
import io.kelpie.wire.sheep.SheepResult;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Replays what real clients asked upstream's server and compares our answers with upstream's, byte
 * by byte. Not compared: epochs, times, and what lies outside this version's scope (each case is
 * counted, so that a filter that swallows everything fails the test).
 */
class SheepVectorsTest {
    private static final int NEW_VDI = 0x11;
    private static final int READ_VDIS = 0x15;
    private static final int CREATE_TIME = 512;
    private static final int TIMES_END = 520;
    private static final int KIND_BYTE = 7;
    private static final int INODE_BIT = 0x80;
    private static final int ATTRIBUTE_BIT = 0x20;

    @TempDir
    Path directory;

    private final Set<String> created = new HashSet<>();
    private int compared;
    private int left;

    @Test
    void qemuCreatesInspectsResizesReadsWritesAndDiscards() throws Exception {
        replay(List.of("one-11-qemu-create-info", "one-12-qemu-io"));

        assertThat(counts()).isEqualTo("136 compared, 45 out of scope");
    }

    @Test
    void qemuConverts() throws Exception {
        replay(List.of("one-14-qemu-convert"));

        assertThat(counts()).isEqualTo("45 compared, 42 out of scope");
    }

    @Test
    void dogCreatesListsWritesReadsAndSetsAttributes() throws Exception {
        replay(List.of("one-03-create-list", "one-04-dog-write-read", "one-05-attributes"));

        assertThat(counts()).isEqualTo("181 compared, 68 out of scope");
    }

    private String counts() {
        return compared + " compared, " + left + " out of scope";
    }

    private void replay(List<String> scenarios) throws Exception {
        try (SheepPort port = new SheepPort(directory.resolve("store"), true);
                SheepClient client = new SheepClient(port.address())) {
            format(client);
            for (String scenario : scenarios) {
                replay(scenario, client);
            }
        }
    }

    private static void format(SheepClient client) throws IOException {
        ByteBuffer header =
                ByteBuffer.allocate(SheepClient.HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        header.put(0, (byte) 0x0A).put(1, (byte) 0x84).putShort(2, (short) 1).putInt(12, 6);
        header.put(32, (byte) 1).putShort(34, (short) 4).put(44, (byte) 22);
        Reply reply = client.call(header.array(), "plain\0".getBytes(StandardCharsets.US_ASCII));
        assertThat(reply.result()).isZero();
    }

    private void replay(String scenario, SheepClient client) throws IOException {
        Map<String, JsonNode> requests = new HashMap<>();
        for (JsonNode message : messages(scenario)) {
            String key = message.get("conn") + "/" + message.get("hdr").get("id") + "/"
                    + message.get("op");
            if (message.get("dir").asText().equals("req")) {
                requests.put(key, message);
            } else {
                JsonNode request = Objects.requireNonNull(requests.remove(key), key);
                exchange(scenario, client, request, message);
            }
        }
    }

    private void exchange(String scenario, SheepClient client, JsonNode request, JsonNode expected)
            throws IOException {
        byte[] header = HexFormat.of().parseHex(request.get("hdr_hex").asText());
        Reply reply = client.call(header, payload(request));
        String where = scenario + " step " + request.get("step") + " seq " + request.get("seq")
                + " " + request.get("op").asText();
        if (isOutOfScope(request, reply)) {
            left++;
            return;
        }
        compared++;
        byte[] wanted = HexFormat.of().parseHex(expected.get("hdr_hex").asText());
        byte[] got = reply.header().clone();
        Arrays.fill(wanted, 4, 8, (byte) 0);
        Arrays.fill(got, 4, 8, (byte) 0);
        if (reply.result() != 0 && header[1] == NEW_VDI) {
            Arrays.fill(wanted, 24, 28, (byte) 0); // Upstream leaves garbage there.
        }
        assertThat(HexFormat.of().formatHex(got))
                .as(where)
                .isEqualTo(HexFormat.of().formatHex(wanted));
        comparePayload(where, header, reply, expected);
        if (header[1] == NEW_VDI && reply.result() == 0) {
            created.add(Integer.toHexString(reply.u32(24)));
        }
    }

    private static void comparePayload(
            String where, byte[] header, Reply reply, JsonNode expected) {
        if (header[1] == READ_VDIS || header[1] == (byte) 0xC9 || !hasBytes(expected)) {
            return; // Bitmaps hold other scenarios' VDIs.
        }
        byte[] wanted = payload(expected);
        byte[] got = reply.payload();
        if ((header[16 + KIND_BYTE] & (INODE_BIT | ATTRIBUTE_BIT)) != 0) {
            clearTimes(wanted, header);
            clearTimes(got, header);
        }
        assertThat(got.length).as(where).isEqualTo(wanted.length);
        assertThat(Arrays.mismatch(got, wanted))
                .as(where + ": first byte that differs")
                .isEqualTo(-1);
    }

    private static void clearTimes(byte[] inode, byte[] header) {
        int offset = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getInt(40);
        int from = Math.max(0, Math.min(inode.length, CREATE_TIME - offset));
        Arrays.fill(
                inode, from, Math.max(from, Math.min(inode.length, TIMES_END - offset)), (byte) 0);
    }

    /** Hyper volumes, erasure codes, hashes, node space, and VDIs that other scenarios made. */
    private boolean isOutOfScope(JsonNode request, Reply reply) {
        JsonNode fields = request.get("hdr");
        String opcode = request.get("op").asText();
        if (reply.result() == SheepResult.NO_SUPPORT.number()) {
            return opcode.equals("GET_HASH")
                    || opcode.equals("OIDS_EXIST")
                    || fields.path("store_policy").asInt() != 0
                    || fields.path("copy_policy").asInt() != 0;
        }
        if (fields.has("oid")) {
            String vdi = Integer.toHexString(
                    Integer.parseInt(fields.get("oid").asText().substring(2, 8), 16));
            return !created.contains(vdi) && !fields.get("oid").asText().startsWith("2");
        }
        return List.of("STAT_SHEEP", "STAT_CLUSTER", "GET_NODE_LIST", "CLUSTER_INFO", "STAT")
                .contains(opcode);
    }

    private static boolean hasBytes(JsonNode message) {
        return message.has("payload_hex") || message.has("payload_rle");
    }

    private static byte[] payload(JsonNode message) {
        if (message.has("payload_hex")) {
            return HexFormat.of().parseHex(message.get("payload_hex").asText());
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (JsonNode run : message.path("payload_rle")) {
            byte[] bytes = run(run);
            out.write(bytes, 0, bytes.length);
        }
        return out.toByteArray();
    }

    private static byte[] run(JsonNode run) {
        String kind = run.get(0).asText();
        if (kind.equals("h")) {
            return HexFormat.of().parseHex(run.get(1).asText());
        }
        byte[] bytes = new byte[run.get(1).asInt()];
        if (!kind.equals("z")) {
            byte[] pattern = HexFormat.of().parseHex(run.get(2).asText());
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = pattern[i % pattern.length];
            }
        }
        return bytes;
    }

    private static List<JsonNode> messages(String scenario) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        String resource = "/vectors/" + scenario + ".jsonl";
        try (InputStream in = SheepVectorsTest.class.getResourceAsStream(resource)) {
            assertThat(in).as(resource).isNotNull();
            BufferedReader lines =
                    new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
            List<JsonNode> messages = new java.util.ArrayList<>();
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                messages.add(mapper.readTree(line));
            }
            return messages;
        }
    }
}
