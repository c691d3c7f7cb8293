package io.kelpie.dog;

import io.kelpie.wire.sheep.RequestHeader;
import io.kelpie.wire.sheep.ResponseHeader;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** One recorded run of dog. */
record Transcript(
        String name,
        List<String> args,
        int status,
        String input,
        String outputDigest,
        String errors,
        List<Exchange> exchanges) {

    /** A request and its answer; the payloads stay in their short form until they are needed. */
    record Exchange(
            RequestHeader request, String sentRuns, ResponseHeader response, String receivedRuns) {
        byte[] sent() {
            return Runs.decode(sentRuns);
        }

        byte[] received() {
            return Runs.decode(receivedRuns);
        }
    }

    static List<Transcript> all() throws IOException {
        List<Transcript> all = new ArrayList<>();
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/transcripts"))) {
            for (Path file : files.filter(path -> path.toString().endsWith(".txt"))
                    .sorted()
                    .toList()) {
                read(file, all);
            }
        }
        return all;
    }

    private static void read(Path file, List<Transcript> into) throws IOException {
        List<String[]> step = new ArrayList<>();
        for (String line : Files.readAllLines(file, StandardCharsets.US_ASCII)) {
            if (line.equals("end")) {
                into.add(of(file.getFileName().toString().replace(".txt", ""), step));
                step.clear();
            } else {
                step.add(line.split(" ", -1));
            }
        }
    }

    private static Transcript of(String file, List<String[]> lines) {
        List<String> args = new ArrayList<>();
        for (String word : List.of(lines.get(1)).subList(1, lines.get(1).length)) {
            byte[] bytes = word.equals("-") ? new byte[0] : HexFormat.of().parseHex(word);
            args.add(new String(bytes, StandardCharsets.ISO_8859_1));
        }
        String[] out = lines.get(4);
        List<Exchange> exchanges = new ArrayList<>();
        for (int i = 6; i + 1 < lines.size(); i += 2) {
            String[] request = lines.get(i);
            String[] response = lines.get(i + 1);
            exchanges.add(new Exchange(
                    RequestHeader.decode(header(request)),
                    request[2],
                    ResponseHeader.decode(header(response)),
                    response[2]));
        }
        return new Transcript(
                file + "#" + lines.get(0)[1] + " dog " + String.join(" ", args),
                args,
                Integer.parseInt(lines.get(2)[1]),
                Runs.text(lines.get(3)[1]),
                out[1].equals("sha256") ? out[2] : Outcome.sha256(Runs.decode(out[2])),
                Runs.text(lines.get(5)[1]),
                exchanges);
    }

    private static ByteBuffer header(String[] line) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(line[1]));
    }

    @Override
    public String toString() {
        return name;
    }
}
