package io.kelpie.node.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.node.runtime.SecureEntropy;
import io.kelpie.node.store.NodeIdentity.PreviousEnd;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.RecordFamily;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreConfig;
import io.kelpie.store.StoreException;
import io.kelpie.store.rocks.RocksObjectStore;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.UUID;

/** Identity and lifetimes in a real store. */
class NodeIdentityTest {
    private static final UUID BOOT = new UUID(1, 2);

    @TempDir
    private Path directory;

    private ObjectStore store;

    @BeforeEach
    void open() {
        store = RocksObjectStore.open(StoreConfig.small(directory.resolve("s")));
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void keepsTheNodeAndCountsItsLifetimes() {
        NodeIdentity first = begin(BOOT);
        close();
        open();
        NodeIdentity second = begin(BOOT);

        assertThat(first.incarnation()).isEqualTo(1);
        assertThat(first.previousEnd()).isEqualTo(PreviousEnd.NONE);
        assertThat(second.node()).isEqualTo(first.node());
        assertThat(second.incarnation()).isEqualTo(2);
    }

    @Test
    void tellsHowTheLifetimeBeforeEnded() {
        begin(BOOT);
        assertThat(begin(BOOT).previousEnd()).isEqualTo(PreviousEnd.PROCESS_CRASH);

        NodeIdentity last = begin(new UUID(3, 4));
        assertThat(last.previousEnd()).isEqualTo(PreviousEnd.HOST_CRASH);

        last.markClean(store);
        assertThat(begin(BOOT).previousEnd()).isEqualTo(PreviousEnd.CLEAN);
        assertThat(begin(BOOT).previousEnd()).isEqualTo(PreviousEnd.PROCESS_CRASH);
    }

    @Test
    void anUnknownBootIsTakenForAHostCrash() {
        begin(new UUID(0, 0));

        assertThat(begin(new UUID(0, 0)).previousEnd()).isEqualTo(PreviousEnd.HOST_CRASH);
    }

    @Test
    void anUncleanEndOfTheHostIsRememberedUntilItIsSettled() {
        assertThat(begin(BOOT).uncertain()).isFalse();
        assertThat(begin(BOOT).uncertain()).isFalse();
        NodeIdentity crashed = begin(new UUID(3, 4));
        assertThat(crashed.uncertain()).isTrue();
        crashed.markClean(store);

        NodeIdentity again = begin(new UUID(3, 4));

        assertThat(again.previousEnd()).isEqualTo(PreviousEnd.CLEAN);
        assertThat(again.uncertain()).isTrue();
        assertThat(again.settle(store).uncertain()).isFalse();
        assertThat(begin(new UUID(3, 4)).uncertain()).isFalse();
    }

    @Test
    void refusesADamagedRecord() {
        begin(BOOT);
        byte[] key = "identity".getBytes(StandardCharsets.US_ASCII);
        byte[] record = store.readRecord(RecordFamily.NODE, key).orElseThrow();
        record[24] ^= 1;
        store.write(new StoreBatch().putRecord(RecordFamily.NODE, key, record));

        assertThatThrownBy(() -> begin(BOOT))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("identity record is damaged");
    }

    private NodeIdentity begin(UUID boot) {
        return NodeIdentity.begin(store, new SecureEntropy(), boot);
    }
}
