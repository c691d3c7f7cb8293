package io.kelpie.simulator;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.simulator.Workload.Blocks;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/**
 * A client that uses whole objects and keeps the data index itself, as QEMU's driver does: creates
 * objects, then writes their index entries in one run; discards by clearing index entries. It
 * writes only disks that it owns and reads any.
 */
final class ObjectClient implements Client {
    private static final int INDEX = 4664;
    private static final int SIZE = 536;
    /** What QEMU reads when it opens a disk. */
    private static final int OPENED_BYTES = 4_198_968;

    private static final int MAX_OBJECTS = 14;

    private final World world;
    private final Workload workload;
    private final Seat seat;
    private final RandomSource random;
    private @Nullable TestVdi vdi;
    private boolean onlyReads;
    /** Index entries as the client remembers them; null when they must be read. */
    private int @Nullable [] index;

    ObjectClient(World world, Workload workload, Seat seat, RandomSource random) {
        this.world = world;
        this.workload = workload;
        this.seat = seat;
        this.random = random;
    }

    @Override
    public void onDown() {
        if (vdi != null) {
            vdi.unclaim(this);
        }
        vdi = null;
        index = null;
    }

    @Override
    public void step() {
        TestVdi used = vdi;
        if (used == null || !used.isLive()) {
            close();
            vdi = workload.pickVdi(random);
            onlyReads = random.chance(0.4);
            seat.next(this);
        } else if (random.chance(0.03)) {
            close();
            seat.next(this);
        } else if (onlyReads || used.isGrowing() || !used.claim(this)) {
            readAsGuest(used, workload.pickBlocks(used, random));
        } else if (index == null) {
            open(used);
        } else {
            act(used, index);
        }
    }

    private void close() {
        if (vdi != null) {
            vdi.unclaim(this);
        }
        vdi = null;
        index = null;
    }

    private void open(TestVdi used) {
        // Most openings read no more than they need, to keep runs short.
        int entries = objectCount(used.sizeBytes(), used);
        int length = random.chance(0.1) ? OPENED_BYTES : INDEX + 4 * entries;
        readObject("inode read", used, ObjectId.inode(used.id()), 0, length, outcome -> {
            if (outcome.isDone()) {
                ByteBuffer inode = ByteBuffer.wrap(outcome.value()).order(ByteOrder.LITTLE_ENDIAN);
                world.check(
                        inode.getLong(SIZE) == used.sizeBytes(),
                        "the inode shows the disk's size",
                        inode.getLong(SIZE) + ", not " + used.sizeBytes());
                index = entries(used, inode, INDEX, entries);
            }
            seat.next(this);
        });
    }

    private int[] entries(TestVdi used, ByteBuffer bytes, int from, int count) {
        int[] entries = new int[count];
        for (int i = 0; i < count; i++) {
            entries[i] = bytes.getInt(from + 4 * i);
            world.check(
                    entries[i] == 0 || entries[i] == used.number(),
                    "an index entry is zero or the disk's own id",
                    used.name() + " entry " + i + " is " + Integer.toHexString(entries[i]));
        }
        return entries;
    }

    private void act(TestVdi used, int[] known) {
        int dice = random.below(100);
        if (dice < 40) {
            Blocks blocks = workload.pickBlocks(used, random);
            read(used, blocks, known, 0, false);
        } else if (dice < 82) {
            write(used, known);
        } else if (dice < 90) {
            flush();
        } else if (dice < 96) {
            discard(used, known);
        } else {
            grow(used);
        }
    }

    /** Reads a disk that somebody else may write: the index is read first, each time. */
    private void readAsGuest(TestVdi used, Blocks blocks) {
        int first = (int) ((long) blocks.first() * used.blockBytes() / used.objectBytes());
        long end = (long) (blocks.first() + blocks.count()) * used.blockBytes();
        int count = objectCount(end, used) - first;
        VdiHistory.Operation operation = used.history().beginRead(blocks.first(), blocks.count());
        ObjectId inode = ObjectId.inode(used.id());
        readObject("index read", used, inode, INDEX + 4L * first, 4 * count, outcome -> {
            if (outcome.isDone()) {
                ByteBuffer bytes = ByteBuffer.wrap(outcome.value()).order(ByteOrder.LITTLE_ENDIAN);
                read(used, blocks, operation, entries(used, bytes, 0, count), first, true);
            } else {
                used.history().endWithoutEffect(operation);
                seat.next(this);
            }
        });
    }

    private void read(TestVdi used, Blocks blocks, int[] entries, int firstEntry, boolean guest) {
        VdiHistory.Operation operation = used.history().beginRead(blocks.first(), blocks.count());
        read(used, blocks, operation, entries, firstEntry, guest);
    }

    private void read(
            TestVdi used,
            Blocks blocks,
            VdiHistory.Operation operation,
            int[] entries,
            int firstEntry,
            boolean guest) {
        byte[] all = new byte[blocks.count() * used.blockBytes()];
        Gathering gathering = new Gathering(failures -> {
            if (failures.isEmpty() && used.isLive()) {
                long[] values = new long[blocks.count()];
                for (int i = 0; i < values.length; i++) {
                    values[i] = Stamp.read(
                            world,
                            all,
                            i * used.blockBytes(),
                            used.blockBytes(),
                            used.number(),
                            blocks.first() + i);
                }
                used.history().endRead(operation, values);
            } else {
                used.history().endWithoutEffect(operation);
            }
            seat.next(this);
        });
        for (Piece piece : pieces(used, blocks)) {
            if (entries[piece.object - firstEntry] == 0) {
                continue;
            }
            gathering.started();
            ObjectId object = ObjectId.data(used.id(), piece.object);
            seat.<Payload>call(
                    "object read",
                    c -> seat.engine().readObject(object, piece.offset, piece.length, c),
                    outcome -> {
                        if (outcome.isDone()) {
                            copy(outcome.value(), all, piece);
                        } else if (!guest || outcome.failure() != ErrorCode.NO_SUCH_OBJECT) {
                            // A guest may come after a discard: then there are zeros.
                            workload.checkExplained("object read", used, outcome.failure());
                            gathering.failed(outcome.failure());
                        }
                        gathering.ended();
                    });
        }
        gathering.allStarted();
    }

    private void copy(Payload payload, byte[] all, Piece piece) {
        world.check(
                payload.length() == piece.length,
                "an object read has the length asked for",
                payload.length() + ", not " + piece.length);
        payload.view().get(all, piece.from, piece.length);
        payload.release();
    }

    private void write(TestVdi used, int[] known) {
        Blocks blocks = workload.pickBlocks(used, random);
        long stamp = workload.nextStamp();
        boolean durable = random.chance(0.4);
        byte[] all =
                Stamp.fill(stamp, used.number(), blocks.first(), blocks.count(), used.blockBytes());
        List<Piece> pieces = pieces(used, blocks);
        VdiHistory.Operation operation = workload.beginWrite(
                used, blocks.first(), blocks.count(), stamp, durable || seat.isAlwaysDurable());
        seat.writerStarted(used);
        Gathering gathering = new Gathering(failures -> {
            if (!failures.isEmpty()) {
                endWrite(used, operation, failures, pieces.size() == 1);
            } else {
                writeIndex(used, known, pieces, operation, durable);
            }
        });
        for (Piece piece : pieces) {
            gathering.started();
            ObjectId object = ObjectId.data(used.id(), piece.object);
            SimPayload payload =
                    payload(Arrays.copyOfRange(all, piece.from, piece.from + piece.length));
            boolean exists = known[piece.object] != 0;
            Consumer<Completion<Outcome>> call = exists
                    ? c -> seat.engine().writeObject(object, piece.offset, payload, durable, c)
                    : c -> seat.engine().createObject(object, 0, piece.offset, payload, durable, c);
            seat.<Outcome>call(exists ? "object write" : "object create", call, outcome -> {
                if (!outcome.isDone()) {
                    workload.checkExplained("object write", used, outcome.failure());
                    gathering.failed(outcome.failure());
                }
                gathering.ended();
            });
        }
        gathering.allStarted();
    }

    private void writeIndex(
            TestVdi used,
            int[] known,
            List<Piece> pieces,
            VdiHistory.Operation operation,
            boolean durable) {
        int lowest = Integer.MAX_VALUE;
        int highest = -1;
        for (Piece piece : pieces) {
            if (known[piece.object] == 0) {
                lowest = Math.min(lowest, piece.object);
                highest = piece.object;
                known[piece.object] = used.number();
            }
        }
        if (highest < 0) {
            endWrite(used, operation, List.of(), true);
            return;
        }
        int[] run = Arrays.copyOfRange(known, lowest, highest + 1);
        writeEntries(used, lowest, run, durable, outcome -> {
            List<ErrorCode> failures = outcome.isDone() ? List.of() : List.of(outcome.failure());
            endWrite(used, operation, failures, false);
        });
    }

    private void writeEntries(
            TestVdi used,
            int first,
            int[] entries,
            boolean durable,
            CompletionLedger.Receiver<Outcome> then) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * entries.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int entry : entries) {
            bytes.putInt(entry);
        }
        SimPayload payload = payload(bytes.array());
        seat.<Outcome>call(
                "index write",
                c -> seat.engine()
                        .writeObject(
                                ObjectId.inode(used.id()), INDEX + 4L * first, payload, durable, c),
                outcome -> {
                    if (!outcome.isDone()) {
                        workload.checkExplained("index write", used, outcome.failure());
                    }
                    then.onEnd(outcome);
                });
    }

    private void endWrite(
            TestVdi used,
            VdiHistory.Operation operation,
            List<ErrorCode> failures,
            boolean onePiece) {
        if (failures.isEmpty()) {
            used.history().endDone(operation);
        } else {
            // What the index says now is unknown, so it is read again.
            index = null;
            workload.endFailed(used, operation, failures.get(0), onePiece);
        }
        seat.writerEnded(used);
        seat.next(this);
    }

    private void flush() {
        List<TestVdi> flushed = new ArrayList<>();
        List<VdiHistory.Operation> operations = new ArrayList<>();
        for (TestVdi each : workload.vdis()) {
            if (each.isLive()) {
                flushed.add(each);
                operations.add(each.history().beginFlush());
            }
        }
        seat.<Outcome>call("flush", c -> seat.engine().flush(c), outcome -> {
            for (int i = 0; i < flushed.size(); i++) {
                if (outcome.isDone()) {
                    flushed.get(i).history().endDone(operations.get(i));
                } else {
                    flushed.get(i).history().endWithoutEffect(operations.get(i));
                }
            }
            if (!outcome.isDone()) {
                workload.checkExplained("flush", vdi, outcome.failure());
            }
            seat.next(this);
        });
    }

    /** Clears the index entry of one whole object. */
    private void discard(TestVdi used, int[] known) {
        int object = random.below(known.length);
        if (known[object] == 0) {
            seat.next(this);
            return;
        }
        int perObject = (int) (used.objectBytes() / used.blockBytes());
        int first = object * perObject;
        boolean durable = random.chance(0.4);
        VdiHistory.Operation operation = workload.beginWrite(
                used,
                first,
                Math.min(perObject, used.blockCount() - first),
                0,
                durable || seat.isAlwaysDurable());
        seat.writerStarted(used);
        writeEntries(used, object, new int[] {0}, durable, outcome -> {
            known[object] = 0;
            List<ErrorCode> failures = outcome.isDone() ? List.of() : List.of(outcome.failure());
            endWrite(used, operation, failures, true);
        });
    }

    /** Writes the inode's header with a larger size. */
    private void grow(TestVdi used) {
        long size = used.sizeBytes() + (1L + random.below(512)) * used.blockBytes();
        if (size > MAX_OBJECTS * used.objectBytes()) {
            seat.next(this);
            return;
        }
        used.wantSize(size);
        seat.writerStarted(used);
        ObjectId inode = ObjectId.inode(used.id());
        readObject("header read", used, inode, 0, INDEX, outcome -> {
            if (!outcome.isDone()) {
                used.wantSize(used.sizeBytes());
                seat.writerEnded(used);
                seat.next(this);
                return;
            }
            byte[] header = outcome.value();
            ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).putLong(SIZE, size);
            writeHeader(used, header, size);
        });
    }

    private void writeHeader(TestVdi used, byte[] header, long size) {
        SimPayload payload = payload(header);
        seat.<Outcome>call(
                "header write",
                c -> seat.engine().writeObject(ObjectId.inode(used.id()), 0, payload, true, c),
                outcome -> {
                    seat.writerEnded(used);
                    if (outcome.isDone()) {
                        used.haveSize(size);
                    } else {
                        workload.checkExplained("header write", used, outcome.failure());
                    }
                    // The index has grown with the disk.
                    index = null;
                    seat.next(this);
                });
    }

    private void readObject(
            String what,
            TestVdi used,
            ObjectId object,
            long offset,
            int length,
            CompletionLedger.Receiver<byte[]> then) {
        seat.<Payload>call(
                what, c -> seat.engine().readObject(object, offset, length, c), outcome -> {
                    if (!outcome.isDone()) {
                        workload.checkExplained(what, used, outcome.failure());
                        then.onEnd(Ended.failed(outcome.failure()));
                        return;
                    }
                    byte[] bytes = new byte[length];
                    copy(outcome.value(), bytes, new Piece(0, 0, length, 0));
                    then.onEnd(Ended.done(bytes));
                });
    }

    private SimPayload payload(byte[] bytes) {
        return seat.lifetime().payloads().adopt(bytes, "object client");
    }

    private static int objectCount(long endByte, TestVdi used) {
        return (int) ((endByte + used.objectBytes() - 1) / used.objectBytes());
    }

    private static List<Piece> pieces(TestVdi used, Blocks blocks) {
        List<Piece> pieces = new ArrayList<>();
        long start = (long) blocks.first() * used.blockBytes();
        long end = start + (long) blocks.count() * used.blockBytes();
        for (long position = start; position < end; ) {
            int object = (int) (position / used.objectBytes());
            long offset = position % used.objectBytes();
            int length = (int) Math.min(used.objectBytes() - offset, end - position);
            pieces.add(new Piece(object, offset, length, (int) (position - start)));
            position += length;
        }
        return pieces;
    }

    /**
     * The part of a request that lies in one object.
     *
     * @param object index of the object
     * @param offset first byte in the object
     * @param length bytes
     * @param from first byte in the request
     */
    private record Piece(int object, long offset, int length, int from) {}

    /** Waits for all pieces of a request. */
    private static final class Gathering {
        private final Consumer<List<ErrorCode>> then;
        private final List<ErrorCode> failures = new ArrayList<>();
        private int waiting = 1;

        private Gathering(Consumer<List<ErrorCode>> then) {
            this.then = then;
        }

        void started() {
            waiting++;
        }

        void failed(ErrorCode error) {
            failures.add(error);
        }

        void allStarted() {
            ended();
        }

        void ended() {
            if (--waiting == 0) {
                then.accept(failures);
            }
        }
    }
}
