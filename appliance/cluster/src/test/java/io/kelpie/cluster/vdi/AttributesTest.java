package io.kelpie.cluster.vdi;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.cluster.testing.Ended;
import io.kelpie.cluster.testing.World;
import io.kelpie.cluster.vdi.AttributeRequest.Action;
import io.kelpie.cluster.vdi.AttributeRequest.Location;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Keys and values of VDIs (protocol, section 13). */
class AttributesTest {
    private static final VdiId ALPHA = new VdiId(0xed202b);
    /** Of name alpha and key k1, from the spec. */
    private static final int HASH = 0x4e21358d;

    private final World world = World.serving();
    private final VdiEntry row = world.create("alpha", World.MIB);

    @AfterEach
    void everyPayloadWasReleased() {
        assertThat(world.payloads.references()).isZero();
        assertThat(world.engine().requestsInFlight()).isZero();
    }

    @Test
    void storesAnAttributeWhereTheSpecSaysWithTheTimeOfTheVdi() {
        assertThat(run(Action.PUT, "k1", "value")).isEqualTo(at(HASH, null));

        byte[] stored = world.store.bytes(ObjectId.attribute(ALPHA, HASH), 512, 8);
        assertThat(ByteBuffer.wrap(stored).order(ByteOrder.LITTLE_ENDIAN).getLong())
                .isEqualTo(InodeLayout.time(row.createdNanos()));
        assertThat(value(HASH)).isEqualTo("value");
    }

    @Test
    void findsAKeyOrTellsWhereItWouldBe() {
        assertThat(run(Action.GET, "k1", "")).isEqualTo(at(HASH, ErrorCode.NO_SUCH_OBJECT));
        run(Action.PUT, "k1", "value");

        assertThat(run(Action.GET, "k1", "")).isEqualTo(at(HASH, null));
    }

    @Test
    void createsAKeyExclusivelyOnce() {
        assertThat(run(Action.PUT_NEW, "k1", "first")).isEqualTo(at(HASH, null));
        assertThat(run(Action.PUT_NEW, "k1", "second")).isEqualTo(at(HASH, ErrorCode.VDI_EXISTS));

        assertThat(value(HASH)).isEqualTo("first");
    }

    @Test
    void letsOneOfTwoExclusiveCreationsWin() {
        Ended<Location> one = begin(Action.PUT_NEW, "k1", "one");
        Ended<Location> other = begin(Action.PUT_NEW, "k1", "other");
        world.loop.run();

        assertThat(one.result().refusal()).isNull();
        assertThat(other.result().refusal()).isEqualTo(ErrorCode.VDI_EXISTS);
        assertThat(value(HASH)).isEqualTo("one");
    }

    @Test
    void probesBehindAnObjectOfAnotherKey() {
        run(Action.PUT, "k1", "mine");
        rename(HASH, "other");

        assertThat(run(Action.GET, "k1", "")).isEqualTo(at(HASH + 1, ErrorCode.NO_SUCH_OBJECT));
        assertThat(run(Action.PUT_NEW, "k1", "again")).isEqualTo(at(HASH + 1, null));
        assertThat(run(Action.GET, "k1", "")).isEqualTo(at(HASH + 1, null));
        assertThat(value(HASH)).isEqualTo("mine");
    }

    @Test
    void keepsTheChainBehindADeletedKey() {
        run(Action.PUT, "k1", "first");
        rename(HASH, "other");
        run(Action.PUT_NEW, "k1", "second");
        rename(HASH, "k1");

        assertThat(run(Action.DELETE, "k1", "")).isEqualTo(at(HASH, null));

        assertThat(world.store.has(ObjectId.attribute(ALPHA, HASH))).isTrue();
        assertThat(run(Action.GET, "k1", ""))
                .as("the next of the chain")
                .isEqualTo(at(HASH + 1, null));
    }

    @Test
    void tellsThatAKeyToDeleteIsNotThere() {
        assertThat(run(Action.DELETE, "k1", "")).isEqualTo(at(HASH, ErrorCode.NO_SUCH_OBJECT));
        run(Action.PUT, "k1", "value");
        run(Action.DELETE, "k1", "");

        assertThat(run(Action.DELETE, "k1", "")).isEqualTo(at(HASH + 1, ErrorCode.NO_SUCH_OBJECT));
    }

    @Test
    void knowsNoAttributesOfVdisThatAreNotThere() {
        assertThat(begin("beta", Action.GET, 0, "k1", "").error()).isEqualTo(ErrorCode.NO_SUCH_VDI);
        assertThat(begin("alpha", Action.GET, 7, "k1", "").error())
                .isEqualTo(ErrorCode.NO_SUCH_TAG);
    }

    @Test
    void refusesAPayloadThatIsNoAttribute() {
        AttributeRequest request =
                new AttributeRequest(Action.GET, 0, world.payloads.of(new byte[100]));

        assertThat(world.<Location>end(completion -> world.engine().attribute(request, completion))
                        .error())
                .isEqualTo(ErrorCode.INVALID_ARGUMENT);
    }

    @Test
    void goesOnWithTheNextRequestAfterAFailure() {
        world.store.fail(StoreOperation.Create.class::isInstance, ErrorCode.NO_SPACE);
        Ended<Location> failed = begin(Action.PUT, "k1", "value");
        Ended<Location> next = begin(Action.GET, "k1", "");
        world.loop.run();

        assertThat(failed.error()).isEqualTo(ErrorCode.NO_SPACE);
        assertThat(next.result()).isEqualTo(at(HASH, ErrorCode.NO_SUCH_OBJECT));
    }

    @Test
    void refusesThousandsOfWaitingRequestsWithoutDeepRecursion() {
        world.store.hold(StoreOperation.Create.class::isInstance);
        begin(Action.PUT, "k1", "value");
        world.loop.run();
        int[] refused = new int[1];
        for (int i = 0; i < 20_000; i++) {
            AttributeRequest request =
                    new AttributeRequest(Action.GET, 0, world.payloads.of(new byte[1]));
            world.engine().attribute(request, new Ended<>() {
                @Override
                public void failed(ErrorCode error) {
                    refused[0]++;
                }
            });
        }

        world.store.releaseHeld();
        world.loop.run();

        assertThat(refused[0]).isEqualTo(20_000);
    }

    private Location run(Action action, String key, String value) {
        Ended<Location> ended = begin(action, key, value);
        world.loop.run();
        return ended.result();
    }

    private Ended<Location> begin(Action action, String key, String value) {
        return begin("alpha", action, 0, key, value);
    }

    private Ended<Location> begin(
            String name, Action action, int snapshotId, String key, String value) {
        ByteBuffer bytes =
                ByteBuffer.allocate(InodeLayout.ATTRIBUTE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(0, ascii(name)).put(528, ascii(key)).put(784, ascii(value));
        bytes.putInt(524, value.length());
        AttributeRequest request =
                new AttributeRequest(action, snapshotId, world.payloads.of(bytes.array()));
        return world.begin(completion -> world.engine().attribute(request, completion));
    }

    /** Gives a stored attribute another key, as if its hash had collided. */
    private void rename(int attributeId, String key) {
        byte[] field = new byte[256];
        System.arraycopy(ascii(key), 0, field, 0, key.length());
        world.act(completion -> world.engine()
                .writeObject(
                        ObjectId.attribute(ALPHA, attributeId),
                        528,
                        world.payloads.of(field),
                        false,
                        completion));
    }

    private String value(int attributeId) {
        byte[] value = world.store.bytes(ObjectId.attribute(ALPHA, attributeId), 784, 64);
        return new String(value, StandardCharsets.US_ASCII).replace("\0", "");
    }

    private static Location at(int attributeId, @Nullable ErrorCode refusal) {
        return new Location(ALPHA.value(), attributeId, refusal);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
