package io.kelpie.dog;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.wire.sheep.ClusterInfoRecord;
import io.kelpie.wire.sheep.NodeAddress;
import io.kelpie.wire.sheep.NodeIdRecord;
import io.kelpie.wire.sheep.NodeRecord;
import io.kelpie.wire.sheep.RecoveryStateRecord;
import io.kelpie.wire.sheep.RequestHeader;
import io.kelpie.wire.sheep.ResponseHeader;
import io.kelpie.wire.sheep.SheepName;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepProtocol;
import io.kelpie.wire.sheep.SheepResult;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Questions and refusals that need a node list: a cluster of two nodes with canned answers. */
final class RefusalsTest {
    private final Map<SheepOpcode, byte[]> answers = new HashMap<>();
    private ServerSocket listener;

    @BeforeEach
    void start() throws IOException {
        listener = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
        Thread server = new Thread(this::serve, "canned-cluster");
        server.setDaemon(true);
        server.start();
        ByteBuffer nodes = ByteBuffer.allocate(2 * NodeRecord.BYTES);
        node(7000, 1).encode(nodes);
        node(7001, 2).encode(nodes);
        answers.put(SheepOpcode.GET_NODE_LIST, nodes.array());
        ByteBuffer info = ByteBuffer.allocate(ClusterInfoRecord.BYTES);
        new ClusterInfoRecord(0, 1, 1L << 32, 4, 1, 0, 1, 22, SheepName.of("plain"), List.of())
                .encode(info);
        answers.put(SheepOpcode.CLUSTER_INFO, info.array());
        answers.put(SheepOpcode.READ_VDIS, bitmapWith(5));
    }

    @AfterEach
    void stop() throws IOException {
        listener.close();
    }

    @ParameterizedTest
    @CsvSource({
        "'', please specify -l option or node id",
        "'2', Invalid node id '2'",
        "'-- -1', Invalid node id '-1'",
        "'abc', 'Invalid node id ''abc'', please specify a numeric value'",
        "'0 -l', don't use -l option and specify node id at the same time"
    })
    void refusesToKillWithoutAClearTarget(String operands, String message) {
        Outcome outcome = dog("", ("node kill " + operands).strip().split(" ", -1));

        assertThat(outcome.errors()).isEqualTo(message.replace("''", "'") + "\n");
        assertThat(outcome.status()).isEqualTo(64);
        assertThat(outcome.output()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "'0 1', 'Invalid interval max (0), interval (1)'",
        "'10', 'Invalid interval max (10), interval ((null))'",
        "'-- -1 1', 'Invalid max (-1)'",
        "'1 x', 'Invalid interval (x)'"
    })
    void refusesAThrottleThatIsNone(String operands, String message) {
        Outcome outcome = dog("", ("node recovery set-throttle " + operands).split(" ", -1));

        assertThat(outcome.errors()).isEqualTo(message + "\n");
        assertThat(outcome.status()).isEqualTo(64);
        assertThat(outcome.output()).isEmpty();
    }

    @Test
    void showsWhoIsBeingBroughtUpToDate() {
        ByteBuffer state = ByteBuffer.allocate(RecoveryStateRecord.BYTES);
        new RecoveryStateRecord(1, 1, 8, 19).encode(state);
        answers.put(SheepOpcode.STAT_RECOVERY, state.array());

        assertThat(dog("", "node", "recovery").output()).isEqualTo("""
                Nodes In Recovery:
                  Id   Host:Port         V-Nodes       Zone       Progress
                   0   127.0.0.1:7000        128          1       42.1%
                   1   127.0.0.1:7001        128          2       42.1%
                """);
        assertThat(dog("", "node", "recovery", "-r").output())
                .startsWith("0 127.0.0.1:7000 128 1 8 19\n");
    }

    @Test
    void asksBeforeItFormatsAClusterThatIsNotEmpty() {
        Outcome outcome = dog("n\n", "cluster", "format", "-c", "1", "-T");

        assertThat(outcome.status()).isZero();
        assertThat(outcome.output()).isEqualTo("""
                            __
                           ()'`;
                           /\\|`
                          /  |   Caution! The cluster is not empty.
                        (/_)_|_  Are you sure you want to continue? [yes/no]:\s""");
    }

    @ParameterizedTest
    @CsvSource({"yes", "YES please", "yesterday"})
    void goesOnWhenTheAnswerBeginsWithYes(String answer) {
        Outcome outcome = dog(answer + "\n", "cluster", "format", "-c", "1");

        assertThat(outcome.status()).isZero();
        assertThat(outcome.output()).endsWith("[yes/no]: using backend plain store\n");
    }

    @Test
    void asksWhenThereAreTooFewZones() {
        Outcome outcome = dog("", "cluster", "format", "-c", "3", "-f");

        assertThat(outcome.status()).isZero();
        assertThat(outcome.output())
                .isEqualTo("Number of copies (3) is larger than number of zones (2).\n"
                        + "Are you sure you want to continue? [yes/no]: ");
    }

    @Test
    void refusesFixedVnodesInAnAutomaticCluster() {
        Outcome outcome = dog("", "cluster", "format", "-V", "-c", "1");

        assertThat(outcome.status()).isEqualTo(1);
        assertThat(outcome.errors())
                .isEqualTo(
                        "Can not apply the option of '-V', because there are vnode strategy of sheep is auto in"
                                + " the cluster\n");
    }

    @ParameterizedTest
    @CsvSource({
        "-y -z 22 b 1G, 1, 'Don''t specify both -y and -z options, please'",
        "b, 64, Please specify the VDI size",
        "-y b 17P, 64, VDI size is too large",
        "-z 20 b 2T, 64, 'VDI size is larger than 1.0 TB bytes, please use ''-y'' to create a hyper volume with size"
                + " up to 16 PB bytes or use ''-z'' to create larger object size volume'"
    })
    void refusesToCreate(String words, int status, String message) {
        Outcome outcome = dog("", ("vdi create " + words).split(" ", -1));

        assertThat(outcome.errors()).isEqualTo(message + "\n");
        assertThat(outcome.status()).isEqualTo(status);
        assertThat(outcome.output().startsWith("Usage: dog vdi create")).isEqualTo(status == 64);
    }

    @Test
    void refusesAnEmptyName() {
        assertThat(dog("", "vdi", "create", "", "4M").errors())
                .isEqualTo("The VDI name must not be empty\n");
    }

    @Test
    void endsWhenTheDaemonAnswersMoreThanWasAsked() {
        answers.put(
                SheepOpcode.GET_NODE_LIST,
                new byte[SheepProtocol.MAX_NODES * NodeRecord.BYTES + 1]);

        Outcome outcome = dog("", "node", "list");

        assertThat(outcome.status()).isEqualTo(2);
        assertThat(outcome.errors())
                .startsWith("failed to read a response")
                .endsWith("Failed to get node list\n");
    }

    private Outcome dog(String input, String... words) {
        byte[] typed = input.getBytes(StandardCharsets.US_ASCII);
        Dialer dialer =
                (address, port) -> new Socket(listener.getInetAddress(), listener.getLocalPort());
        return Outcome.run(dialer, Map.of(), typed, List.of(words));
    }

    private void serve() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                Thread connection = new Thread(() -> serve(socket), "canned-connection");
                connection.setDaemon(true);
                connection.start();
            } catch (IOException e) {
                return; // Closed at the end of the test.
            }
        }
    }

    private void serve(Socket socket) {
        try (socket) {
            answerAll(socket.getInputStream(), socket.getOutputStream());
        } catch (IOException e) {
            return; // The client is gone.
        }
    }

    private void answerAll(InputStream in, OutputStream out) throws IOException {
        for (byte[] bytes = in.readNBytes(48); bytes.length == 48; bytes = in.readNBytes(48)) {
            RequestHeader request = RequestHeader.decode(ByteBuffer.wrap(bytes));
            in.readNBytes((int) request.payloadBytes());
            byte[] answer = answers.getOrDefault(SheepOpcode.of(request.opcode()), new byte[0]);
            ByteBuffer reply = ByteBuffer.allocate(SheepProtocol.HEADER_BYTES + answer.length);
            ResponseHeader.of(
                            request,
                            1,
                            SheepResult.SUCCESS,
                            answer.length,
                            io.kelpie.wire.sheep.HeaderWords.ZERO)
                    .encode(reply);
            out.write(reply.put(answer).array());
        }
    }

    private static NodeRecord node(int port, long zone) {
        NodeAddress address = NodeAddress.of(new byte[] {127, 0, 0, 1}, port);
        return new NodeRecord(new NodeIdRecord(address, NodeAddress.NONE), 128, zone, 1L << 30);
    }

    private static byte[] bitmapWith(int vdiId) {
        byte[] bitmap = new byte[SheepProtocol.VDI_BITMAP_BYTES];
        Arrays.fill(bitmap, (byte) 0);
        bitmap[vdiId / 8] = (byte) (1 << vdiId % 8);
        return bitmap;
    }
}
