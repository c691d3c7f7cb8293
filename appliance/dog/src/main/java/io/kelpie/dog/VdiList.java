package io.kelpie.dog;

import io.kelpie.wire.sheep.SheepName;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** {@code dog vdi list}: every VDI, snapshots included, with the space its objects take. */
final class VdiList implements DogCommand {
    private static final long KIND_BITS =
            0xFFL << 56; // Set in the ids of objects that hold no data.

    @Override
    public int run(Invocation invocation) throws NoAnswerException {
        Options options = invocation.options();
        if (!options.isRaw()) {
            invocation
                    .console()
                    .println(
                            "  Name        Id    Size    Used  Shared    Creation time   VDI id  Copies  Tag"
                                    + "   Block Size Shift");
        }
        if ((options.oid() & KIND_BITS) != 0) {
            return ExitStatus.FAILURE;
        }
        new LiveVdis(invocation).visit(new Rows(invocation));
        return ExitStatus.SUCCESS;
    }

    /** Prints the rows that were asked for. */
    private static final class Rows implements LiveVdis.Visitor {
        private static final int BTREE_HEADER_BYTES = 8;
        private static final int BTREE_ENTRIES_OFFSET = 4;

        private final Invocation invocation;
        private final Options options;
        private long ownObjects;
        private long sharedObjects;

        Rows(Invocation invocation) {
            this.invocation = invocation;
            this.options = invocation.options();
        }

        @Override
        public void visit(int vdiId, InodeHeader header) throws NoAnswerException {
            boolean wantedName = options.operand(0) == null || header.name().equals(options.name());
            if (!wantedName || (options.oid() != 0 && !refersToOid(vdiId, header))) {
                return;
            }
            ownObjects = 0;
            sharedObjects = 0;
            if (!count(vdiId, header)) {
                return;
            }
            invocation
                    .console()
                    .println(options.isRaw() ? rawRow(vdiId, header) : row(vdiId, header));
        }

        private boolean refersToOid(int vdiId, InodeHeader header) throws NoAnswerException {
            long index = options.oid() & 0xFFFF_FFFFL;
            if (header.isHyper() || index >= header.objectCount()) {
                return false;
            }
            byte[] entry = read(vdiId, OpenedVdi.indexOffset(index), Integer.BYTES);
            return entry.length > 0 && littleEndian(entry).getInt() == (int) (options.oid() >>> 32);
        }

        /** Counts the objects; says so and returns false if the index cannot be read. */
        private boolean count(int vdiId, InodeHeader header) throws NoAnswerException {
            int entryBytes = Integer.BYTES;
            int start = 0;
            int length = header.objectCount() * Integer.BYTES;
            if (header.isHyper()) {
                byte[] tree = read(vdiId, InodeHeader.INDEX_OFFSET, BTREE_HEADER_BYTES);
                int entries =
                        tree.length == 0 ? 0 : littleEndian(tree).getInt(BTREE_ENTRIES_OFFSET);
                entryBytes = 2 * Integer.BYTES; // Index, then owner.
                start = BTREE_HEADER_BYTES;
                length = Math.max(0, Math.min(entries, InodeHeader.MAX_OBJECTS / 2)) * entryBytes;
            }
            if (length == 0) {
                return true;
            }
            byte[] index = read(vdiId, InodeHeader.INDEX_OFFSET + (long) start, length);
            ByteBuffer entries = littleEndian(index);
            for (int at = entryBytes - Integer.BYTES; at < index.length; at += entryBytes) {
                int owner = entries.getInt(at);
                ownObjects += owner == vdiId ? 1 : 0;
                sharedObjects += owner != vdiId && owner != 0 ? 1 : 0;
            }
            return index.length == length;
        }

        private byte[] read(int vdiId, long offset, int length) throws NoAnswerException {
            long oid = InodeHeader.inodeOid(vdiId);
            Reply reply = invocation.sheep().read(oid, offset, length);
            if (reply.isSuccess() && reply.payload().length == length) {
                return reply.payload();
            }
            invocation
                    .console()
                    .error("Failed to read object " + Long.toHexString(oid) + " " + reply.text());
            invocation.console().error("Failed to read inode header");
            return new byte[0];
        }

        private String row(int vdiId, InodeHeader header) {
            return kind(header, " ") + " "
                    + Columns.left(Options.text(header.name()), 8) + " "
                    + Columns.right(shownId(header), 5) + " "
                    + Columns.right(Sizes.print(header.sizeBytes(), false), 7) + " "
                    + Columns.right(Sizes.print(ownObjects * header.objectBytes(), false), 7) + " "
                    + Columns.right(Sizes.print(sharedObjects * header.objectBytes(), false), 7)
                    + " "
                    + new LocalTime(header.creationSeconds(), invocation.zone()).minutes() + "  "
                    + Columns.right(Integer.toHexString(vdiId), 7) + " "
                    + Columns.right(header.redundancy().text(), 6) + " "
                    + Columns.right(Options.text(header.tag()), 13) + " "
                    + Columns.right(header.blockSizeShift(), 3);
        }

        private String rawRow(int vdiId, InodeHeader header) {
            return kind(header, "=") + " "
                    + escaped(header.name()) + " "
                    + shownId(header) + " "
                    + Sizes.print(header.sizeBytes(), true) + " "
                    + ownObjects * header.objectBytes() + " "
                    + sharedObjects * header.objectBytes() + " "
                    + header.creationSeconds() + " "
                    + Integer.toHexString(vdiId) + " "
                    + header.redundancy().text() + " "
                    + Options.text(header.tag()) + " "
                    + header.blockSizeShift();
        }

        private static int shownId(InodeHeader header) {
            return header.isSnapshot() ? header.snapshotId() : 0;
        }

        private static String kind(InodeHeader header, String plain) {
            if (header.isSnapshot()) {
                return "s";
            }
            return header.snapshotId() == 1 && header.parentVdiId() != 0 ? "c" : plain;
        }

        private static String escaped(SheepName name) {
            StringBuilder text = new StringBuilder();
            String bytes = Options.text(name);
            for (int i = 0; i < bytes.length(); i++) {
                char c = bytes.charAt(i);
                if (c == '\\' || c == ' ' || (c >= '\t' && c <= '\r')) {
                    text.append('\\');
                }
                text.append(c);
            }
            return text.toString();
        }

        private static ByteBuffer littleEndian(byte[] bytes) {
            return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }
    }
}
