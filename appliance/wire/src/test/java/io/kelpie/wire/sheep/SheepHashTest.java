package io.kelpie.wire.sheep;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** The specification's test vectors of hashes and placement. */
final class SheepHashTest {
    private static final byte[] LOOPBACK_2 = {127, 0, 0, 2};

    @ParameterizedTest
    @CsvSource({
        "alpha, 8ac625bb85ed202b, ed202b",
        "test, f9e6e6ef197c2b25, 7c2b25",
        "lv, 08ad5207b5542367, 542367"
    })
    void hashesNames(String name, String fnv, String vdiId) {
        assertThat(hex(SheepHash.fnv1a(name.getBytes(StandardCharsets.UTF_8)))).isEqualTo(fnv);
        assertThat(Integer.toHexString(SheepHash.vdiIdOf(SheepName.of(name)))).isEqualTo(vdiId);
    }

    @Test
    void hashesTheKeyOfANode() {
        byte[] key = HexFormat.of().parseHex("0000000000000000000000007f0000026842");

        assertThat(hex(SheepHash.fnv1a(key))).isEqualTo("a50cf69abfa16552");
        assertThat(hex(SheepHash.sdHash(key))).isEqualTo("b293829c7282a200");
    }

    @Test
    void placesTheVirtualNodesOfANode() {
        assertThat(SheepHash.vnodePoints(NodeAddress.of(LOOPBACK_2, 17000), 3))
                .extracting(SheepHashTest::hex)
                .containsExactly("a7bcec9455595591", "4b187e22e02fc34c", "0fa0dd4e34fb1273");
    }

    @ParameterizedTest
    @CsvSource({
        "00ed202b00000000, 3fa5a589cd12682c",
        "80ed202b00000000, 80a9dc2e62333d2d",
        "20ed202b00000001, 831f4ac3de723b5a"
    })
    void hashesObjectIds(String oid, String hash) {
        assertThat(hex(SheepHash.objectHash(Long.parseUnsignedLong(oid, 16)))).isEqualTo(hash);
    }

    @Test
    void hashesAttributes() {
        int id = SheepHash.attributeId(
                SheepName.of("alpha"), SheepName.EMPTY, 0, SheepName.of("k1"));

        assertThat(Integer.toHexString(id)).isEqualTo("4e21358d");
    }

    @ParameterizedTest
    @CsvSource({
        "00a645a300000000, 17001 17002 17000",
        "00a645a300000001, 17000 17002 17001",
        "00a645a300000002, 17000 17001 17002",
        "80a645a300000000, 17000 17001 17002"
    })
    void placesObjectsAsUpstreamDoes(String oid, String ports) {
        SheepRing ring = new SheepRing(nodes(0, 1, 2));

        List<String> holders = new ArrayList<>();
        for (NodeRecord node : ring.holders(Long.parseUnsignedLong(oid, 16), 3)) {
            holders.add(Integer.toString(node.id().address().port()));
        }

        assertThat(String.join(" ", holders)).isEqualTo(ports);
    }

    @Test
    void takesOneNodePerZone() {
        SheepRing ring = new SheepRing(nodes(0, 7, 7));

        assertThat(ring.zoneCount()).isEqualTo(2);
        assertThat(ring.holders(0x00a645a300000000L, 3)).hasSize(2);
    }

    private static List<NodeRecord> nodes(long... zones) {
        List<NodeRecord> nodes = new ArrayList<>();
        for (int i = 0; i < zones.length; i++) {
            NodeAddress address = NodeAddress.of(LOOPBACK_2, 17000 + i);
            nodes.add(
                    new NodeRecord(new NodeIdRecord(address, NodeAddress.NONE), 128, zones[i], 0));
        }
        return nodes;
    }

    private static String hex(long hash) {
        return HexFormat.of().toHexDigits(hash);
    }
}
