package io.kelpie.cluster.vdi;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.VdiId;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The hashes that clients compute as well. */
class VdiHashTest {
    @ParameterizedTest
    @CsvSource({
        "alpha,8ac625bb85ed202b,ed202b",
        "test,f9e6e6ef197c2b25,7c2b25",
        "lv,08ad5207b5542367,542367"
    })
    void hashesTheNamesOfTheSpecAsTheSpecDoes(String name, String hash, String firstId) {
        assertThat(VdiHash.fnv1a(bytes(name))).isEqualTo(Long.parseUnsignedLong(hash, 16));
        assertThat(VdiHash.firstId(bytes(name)))
                .isEqualTo(new VdiId(Integer.parseInt(firstId, 16)));
    }

    @Test
    void startsProbingAtOneInPlaceOfZero() {
        assertThat(VdiHash.fnv1a(bytes("n10198594")) & 0xFFFFFF).isZero();
        assertThat(VdiHash.firstId(bytes("n10198594"))).isEqualTo(new VdiId(1));
    }

    @Test
    void hashesTheAttributeOfTheSpecAsTheSpecDoes() {
        ByteBuffer identity = ByteBuffer.allocate(256 + 256 + 4 + 256);
        identity.put(0, "alpha".getBytes(StandardCharsets.US_ASCII));
        identity.put(516, "k1".getBytes(StandardCharsets.US_ASCII));

        assertThat((int) VdiHash.fnv1a(identity)).isEqualTo(0x4e21358d);
    }

    @Test
    void leavesTheBytesAsTheyWere() {
        byte[] padded = Arrays.copyOf("xalpha".getBytes(StandardCharsets.US_ASCII), 20);
        ByteBuffer name = ByteBuffer.wrap(padded, 1, 5);

        assertThat(VdiHash.firstId(name)).isEqualTo(new VdiId(0xed202b));
        assertThat(name.position()).isEqualTo(1);
        assertThat(name.remaining()).isEqualTo(5);
    }

    private static ByteBuffer bytes(String name) {
        return ByteBuffer.wrap(name.getBytes(StandardCharsets.US_ASCII));
    }
}
