package io.kelpie.cluster.vdi;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.message.GatewayMessage.Response;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectKind;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.Nodes;
import io.kelpie.cluster.vdi.AttributeRequest.Action;
import io.kelpie.cluster.vdi.AttributeRequest.Location;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Attributes of one VDI, asked for on several nodes at once. */
class SharedAttributesTest {
    private static final long SECOND = 1_000_000_000L;

    private final Nodes nodes = new Nodes(3);
    private final VdiEntry row = nodes.create(0, "v", 8 * Nodes.MIB);
    private final ObjectId inode = ObjectId.inode(row.id());
    private final int home = nodes.primaryOf(inode);
    private final int one = (home + 1) % 3;
    private final int other = (home + 2) % 3;

    @AfterEach
    void everyPayloadWasReleased() {
        assertThat(nodes.payloads.references()).isZero();
    }

    @Test
    void ofAllNodesThatCreateAKeyExclusivelyOneWins() {
        List<Ended<Location>> creations = List.of(
                begin(home, Action.PUT_NEW, "home"),
                begin(one, Action.PUT_NEW, "one"),
                begin(other, Action.PUT_NEW, "other"));
        nodes.loop.run();

        assertThat(creations)
                .filteredOn(creation -> creation.result().refusal() == null)
                .hasSize(1);
        assertThat(creations)
                .filteredOn(creation -> creation.result().refusal() == ErrorCode.VDI_EXISTS)
                .hasSize(2);
    }

    @Test
    void oneWinsThoughTheHomeMovesInBetween() {
        nodes.groups.hold(change -> change.object().kind() == ObjectKind.ATTRIBUTE);
        Ended<Location> first = begin(one, Action.PUT_NEW, "one");
        nodes.loop.run();
        nodes.move(inode, other);
        nodes.install();
        Ended<Location> second = begin(other, Action.PUT_NEW, "other");
        nodes.loop.run();
        nodes.groups.releaseHeld();
        nodes.loop.pass(3 * SECOND);

        assertThat(List.of(first, second))
                .filteredOn(creation -> creation.result().refusal() == null)
                .hasSize(1);
    }

    @Test
    void aCreationRepeatedAtTheSameHomeIsToldThatItWon() {
        nodes.wires.lose(nodes.node(one).self.node(), Response.class::isInstance);
        Ended<Location> created = begin(one, Action.PUT_NEW, "one");
        nodes.loop.run();
        assertThat(created.isEnded()).isFalse();
        nodes.wires.lose(message -> false);

        nodes.loop.pass(3 * SECOND);

        assertThat(created.result().refusal()).isNull();
    }

    @Test
    void aCreationRepeatedAtAnotherHomeNeverWinsTwice() {
        nodes.wires.lose(nodes.node(one).self.node(), Response.class::isInstance);
        Ended<Location> created = begin(one, Action.PUT_NEW, "one");
        nodes.loop.run();
        nodes.move(inode, other);
        nodes.install();
        nodes.wires.lose(message -> false);

        nodes.loop.pass(3 * SECOND);
        Ended<Location> later = begin(home, Action.PUT_NEW, "home");
        nodes.loop.run();

        // The new home cannot tell whose the key is: a lock may so be held by nobody, never by two.
        assertThat(created.result().refusal()).isEqualTo(ErrorCode.VDI_EXISTS);
        assertThat(later.result().refusal()).isEqualTo(ErrorCode.VDI_EXISTS);
    }

    private Ended<Location> begin(int node, Action action, String value) {
        ByteBuffer bytes =
                ByteBuffer.allocate(InodeLayout.ATTRIBUTE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(0, ascii(row.name())).put(528, ascii("key")).put(784, ascii(value));
        bytes.putInt(524, value.length());
        AttributeRequest request =
                new AttributeRequest(action, 0, nodes.payloads.of(bytes.array()));
        return nodes.begin(completion -> nodes.node(node).attributes.run(request, completion));
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
