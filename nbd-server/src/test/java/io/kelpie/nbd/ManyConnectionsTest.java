// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.kelpie.nbd.wire.NbdConstants;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

import java.util.ArrayList;

/** A thousand clients at once, most of them no use. */
@ExtendWith(NoLeaks.class)
@Timeout(60)
class ManyConnectionsTest {

    private static final int COUNT = 1000;
    private static final long SIZE = 4 << 20;

    @Test
    void aThousandClientsAreServedAtOnceWithinTheBudget() throws Exception {
        var disk = new MemoryDevice(SIZE);
        var config = Door.config()
                .maxRequestBytes(64 << 10)
                .connectionBudgetBytes(64 << 10)
                .serverBudgetBytes(1 << 20)
                .build();
        try (var server = NbdServer.start(config, new Exports().with("disk", disk))) {
            var clients = new ArrayList<BlockingClient>();
            try {
                for (var i = 0; i < COUNT; i++) {
                    clients.add(BlockingClient.serving(server.boundAddresses().get(0), "disk"));
                }
                for (var i = 0; i < COUNT; i++) {
                    send(clients.get(i), i);
                }
                assertThat(server.stats().connections()).isEqualTo(COUNT);
                assertThat(server.stats().budgetUsedBytes()).isLessThanOrEqualTo(1 << 20);
                for (var i = 0; i < COUNT; i++) {
                    if (i % 4 == 0) {
                        expectOwnBytes(clients.get(i), i);
                    }
                }
            } finally {
                for (var client : clients) {
                    client.close();
                }
            }
            await().until(() -> server.stats().connections() == 0);
            assertThat(server.stats().budgetUsedBytes()).isZero();
            assertThat(server.stats().requestsInFlight()).isZero();
        }
        assertThat(disk.closes()).isEqualTo(COUNT);
    }

    /** One of four works, one says nothing, one stops in a header, one in the middle of a write. */
    private static void send(BlockingClient client, int number) throws java.io.IOException {
        switch (number % 4) {
            case 0 ->
                client.send(new ClientBytes()
                        .write(1, number * 4096L, (byte) number, (byte) (number >> 8))
                        .read(2, number * 4096L, 4096));
            case 1 -> client.send(new ClientBytes());
            case 2 -> client.send(new ClientBytes().raw((byte) 0x25, (byte) 0x60));
            default ->
                client.send(new ClientBytes()
                        .request(NbdConstants.CMD_WRITE, 0, 1, SIZE - 600, 600)
                        .raw(new byte[100]));
        }
    }

    private static void expectOwnBytes(BlockingClient client, int number)
            throws java.io.IOException {
        assertThat(client.takeReply().error()).isZero();
        assertThat(client.takeReply().error()).isZero();
        assertThat(client.takeBytes(4096))
                .startsWith((byte) number, (byte) (number >> 8), (byte) 0);
    }
}
