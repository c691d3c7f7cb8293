package io.kelpie.wire.sheep;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A recorded message; see the README beside the files. */
record Vector(boolean isRequest, SheepOpcode opcode, int slots, String header, String payload) {
    static List<Vector> read(String session) throws IOException {
        List<Vector> all = new ArrayList<>();
        Path file = Path.of("src/test/resources/vectors", session + ".txt");
        for (String line : Files.readAllLines(file, StandardCharsets.US_ASCII)) {
            String[] fields = line.split(" ", -1);
            int number = HexFormat.fromHexDigits(fields[3].substring(2, 4));
            SheepOpcode opcode = SheepOpcode.of(number);
            if (opcode != null) { // The recordings also try opcodes that do not exist.
                all.add(new Vector(
                        fields[0].equals("req"),
                        opcode,
                        Integer.parseInt(fields[2]),
                        fields[3],
                        fields[4]));
            }
        }
        return all;
    }

    ByteBuffer headerBuffer() {
        return ByteBuffer.wrap(HexFormat.of().parseHex(header));
    }

    byte[] payloadBytes() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        if (payload.equals("-")) {
            return new byte[0];
        }
        for (String run : payload.split(",", -1)) {
            if (run.charAt(0) == 'h') {
                bytes.writeBytes(HexFormat.of().parseHex(run.substring(1)));
                continue;
            }
            int colon = run.indexOf(':');
            int count = Integer.parseInt(run.substring(1, colon < 0 ? run.length() : colon));
            byte[] pattern =
                    colon < 0 ? new byte[1] : HexFormat.of().parseHex(run.substring(colon + 1));
            for (int i = 0; i < count; i++) {
                bytes.write(pattern[i % pattern.length]);
            }
        }
        return bytes.toByteArray();
    }
}
