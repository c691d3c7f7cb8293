package io.kelpie.node.store;

import io.kelpie.cluster.model.NodeId;
import io.kelpie.cluster.port.Entropy;
import io.kelpie.store.ObjectStore;
import io.kelpie.store.RecordFamily;
import io.kelpie.store.StoreBatch;
import io.kelpie.store.StoreException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * Who a node is and which of its process lifetimes this is, kept in the node's own store.
 * Immutable.
 *
 * <p>The record, big endian, {@value #RECORD_BYTES} bytes:
 *
 * <pre>
 *  0  u32  magic {@code KNID}
 *  4  u32  format, 1
 *  8  u128 node id
 * 24  u64  incarnation
 * 32  u128 boot id of the host
 * 48  u32  flags: 1 the node ended cleanly, 2 its content is uncertain
 * 52  u32  CRC-32C of bytes 0 to 51
 * </pre>
 *
 * @param node the node's id, for ever
 * @param incarnation which lifetime this is, from 1, durable before anything else is done
 * @param bootId boot of the host, all zeros where it does not tell
 * @param previousEnd how the lifetime before ended
 * @param uncertain whether acknowledged writes may be missing: the host ended uncleanly in some
 *     lifetime, or a loss was accepted, and {@link #settle} was not called since
 */
public record NodeIdentity(
        NodeId node, long incarnation, UUID bootId, PreviousEnd previousEnd, boolean uncertain) {
    private static final byte[] KEY = "identity".getBytes(StandardCharsets.US_ASCII);
    private static final int MAGIC = 0x4B4E4944;
    private static final int FORMAT = 1;
    private static final int RECORD_BYTES = 56;
    private static final int CHECKED_BYTES = 52;
    private static final int CLEAN = 1;
    private static final int UNCERTAIN = 2;
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
    private static final UUID UNKNOWN_BOOT = new UUID(0, 0);

    /** How a node's lifetime ended. */
    public enum PreviousEnd {
        /** There was none. */
        NONE,
        /** The node stopped in order: everything acknowledged is on the disk. */
        CLEAN,
        /** The process ended but the host went on: everything acknowledged is still there. */
        PROCESS_CRASH,
        /** The host ended too, or may have: only what was synced is certain. */
        HOST_CRASH
    }

    /**
     * Begins a lifetime: makes the identity at the first start, counts the incarnation up, takes
     * the clean mark away and syncs. Blocks.
     *
     * @param store the node's store
     * @param entropy gives a new node its id
     * @param bootId boot of the host, from {@link #bootIdOfHost()}
     * @return this lifetime's identity
     * @throws StoreException CORRUPTION if the record is damaged; as the store otherwise
     */
    public static NodeIdentity begin(ObjectStore store, Entropy entropy, UUID bootId) {
        Optional<byte[]> found = store.readRecord(RecordFamily.NODE, KEY);
        NodeIdentity next;
        if (found.isEmpty()) {
            NodeId node = new NodeId(entropy.next(), entropy.next());
            next = new NodeIdentity(node, 1, bootId, PreviousEnd.NONE, false);
        } else {
            next = decode(found.get()).successor(bootId, store.openReport().lossAccepted());
        }
        next.save(store, 0);
        return next;
    }

    /**
     * Notes that a map names this lifetime: from now on the map tells what the node's copies are
     * worth, also after the next start, so they are no longer {@link #uncertain}. Without it a
     * second start would hide an unclean end of the host before anybody knew of it. Blocks.
     *
     * @param store the node's store
     * @return this lifetime, certain
     */
    public NodeIdentity settle(ObjectStore store) {
        if (!uncertain) {
            return this;
        }
        NodeIdentity settled = new NodeIdentity(node, incarnation, bootId, previousEnd, false);
        settled.save(store, 0);
        return settled;
    }

    /**
     * Marks this lifetime as ended in order and syncs; the last thing written to the store. Blocks.
     *
     * @param store the node's store
     */
    public void markClean(ObjectStore store) {
        save(store, CLEAN);
    }

    /**
     * The boot of this host.
     *
     * @return its id, all zeros where the host does not tell
     */
    public static UUID bootIdOfHost() {
        try {
            return UUID.fromString(Files.readString(BOOT_ID).strip());
        } catch (IOException | IllegalArgumentException e) {
            // Then every unclean end counts as one of the host, which is the careful side.
            return UNKNOWN_BOOT;
        }
    }

    private void save(ObjectStore store, int cleanFlag) {
        byte[] record = encode(cleanFlag | (uncertain ? UNCERTAIN : 0));
        store.sync(store.write(new StoreBatch().putRecord(RecordFamily.NODE, KEY, record)));
    }

    private byte[] encode(int flags) {
        ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES)
                .putInt(MAGIC)
                .putInt(FORMAT)
                .putLong(node.high())
                .putLong(node.low())
                .putLong(incarnation)
                .putLong(bootId.getMostSignificantBits())
                .putLong(bootId.getLeastSignificantBits())
                .putInt(flags);
        return record.putInt(checksum(record.array())).array();
    }

    private static Stored decode(byte[] bytes) {
        ByteBuffer record = ByteBuffer.wrap(bytes);
        if (bytes.length != RECORD_BYTES
                || record.getInt(CHECKED_BYTES) != checksum(bytes)
                || record.getInt() != MAGIC
                || record.getInt() != FORMAT) {
            throw new StoreException(
                    StoreException.Kind.CORRUPTION,
                    "the node's identity record is damaged or of a newer format (" + bytes.length
                            + " bytes): restore the store from a copy or start with a new one");
        }
        return new Stored(
                new NodeId(record.getLong(), record.getLong()),
                record.getLong(),
                new UUID(record.getLong(), record.getLong()),
                record.getInt());
    }

    private static int checksum(byte[] record) {
        CRC32C checksum = new CRC32C();
        checksum.update(record, 0, CHECKED_BYTES);
        return (int) checksum.getValue();
    }

    /** The record as found. */
    private record Stored(NodeId node, long incarnation, UUID bootId, int flags) {
        NodeIdentity successor(UUID boot, boolean lossAccepted) {
            boolean sameBoot = !boot.equals(UNKNOWN_BOOT) && boot.equals(bootId);
            PreviousEnd end = (flags & CLEAN) != 0
                    ? PreviousEnd.CLEAN
                    : sameBoot ? PreviousEnd.PROCESS_CRASH : PreviousEnd.HOST_CRASH;
            boolean uncertain =
                    (flags & UNCERTAIN) != 0 || lossAccepted || end == PreviousEnd.HOST_CRASH;
            return new NodeIdentity(node, incarnation + 1, boot, end, uncertain);
        }
    }
}
