package io.kelpie.simulator;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.volume.BlockRange;
import io.kelpie.cluster.volume.Volume;
import io.kelpie.cluster.volume.VolumeData;
import io.kelpie.simulator.Workload.Blocks;

import org.jspecify.annotations.Nullable;

import java.util.List;
import java.util.function.Consumer;

/** A client that uses opened volumes, as the NBD and FUSE doors do. */
final class VolumeClient implements Client {
    /** Block status is asked for with few ranges, so that answers are cut short. */
    private static final int MAX_RANGES = 5;
    /** Largest disk, in objects. */
    private static final int MAX_OBJECTS = 14;

    private final World world;
    private final Workload workload;
    private final Seat seat;
    private final RandomSource random;
    private @Nullable TestVdi vdi;
    private @Nullable Volume volume;

    VolumeClient(World world, Workload workload, Seat seat, RandomSource random) {
        this.world = world;
        this.workload = workload;
        this.seat = seat;
        this.random = random;
    }

    @Override
    public void onDown() {
        vdi = null;
        volume = null;
    }

    @Override
    public void leave() {
        Volume opened = volume;
        if (opened != null) {
            opened.close();
        }
        onDown();
    }

    @Override
    public void step() {
        TestVdi used = vdi;
        Volume opened = volume;
        if (used == null || opened == null) {
            open();
        } else if (random.chance(0.01) || (!used.isLive() && random.chance(0.5))) {
            opened.close();
            volume = null;
            vdi = null;
            seat.next(this);
        } else {
            act(used, opened);
        }
    }

    private void open() {
        TestVdi picked = workload.pickVdi(random);
        if (picked == null) {
            seat.next(this);
            return;
        }
        seat.<Volume>call("open", c -> seat.engine().openVolume(picked.id(), c), outcome -> {
            if (outcome.isDone()) {
                vdi = picked;
                volume = outcome.value();
                world.check(
                        outcome.value().name().equals(picked.name()),
                        "the volume is the one asked for",
                        picked.name());
            } else {
                workload.checkExplained("open", picked, outcome.failure());
            }
            seat.next(this);
        });
    }

    private void act(TestVdi used, Volume opened) {
        boolean mayWrite = used.acceptsVolumeWrites();
        int dice = random.below(100);
        if (dice < 40) {
            read(used, opened, workload.pickBlocks(used, random), () -> seat.next(this));
        } else if (dice < 78 && mayWrite) {
            write(used, opened);
        } else if (dice < 84 && mayWrite) {
            zero(used, opened, true);
        } else if (dice < 90 && mayWrite) {
            zero(used, opened, false);
        } else if (dice < 96) {
            flush(used, opened);
        } else if (dice < 97 && mayWrite && !used.isGrowing()) {
            grow(used, opened);
        } else if (dice < 99) {
            status(used, opened);
        } else {
            overrun(used, opened);
        }
    }

    /** Reads blocks and gives their values to the history. */
    void read(TestVdi used, Volume opened, Blocks blocks, Runnable then) {
        int blockBytes = used.blockBytes();
        int length = blocks.count() * blockBytes;
        long offset = (long) blocks.first() * blockBytes;
        VdiHistory.Operation operation = used.history().beginRead(blocks.first(), blocks.count());
        seat.<VolumeData>call("volume read", c -> opened.read(offset, length, c), outcome -> {
            if (outcome.isDone()) {
                byte[] bytes = gather(outcome.value(), length);
                used.history().endRead(operation, values(used, blocks, bytes));
            } else {
                used.history().endWithoutEffect(operation);
                workload.checkExplained("volume read", used, outcome.failure());
            }
            then.run();
        });
    }

    private long[] values(TestVdi used, Blocks blocks, byte[] bytes) {
        long[] values = new long[blocks.count()];
        if (!used.isLive()) {
            return values;
        }
        for (int i = 0; i < values.length; i++) {
            values[i] = Stamp.read(
                    world,
                    bytes,
                    i * used.blockBytes(),
                    used.blockBytes(),
                    used.number(),
                    blocks.first() + i);
        }
        return values;
    }

    private byte[] gather(VolumeData data, int length) {
        byte[] bytes = new byte[length];
        int position = 0;
        for (VolumeData.Piece piece : data.pieces()) {
            Payload payload = piece.payload();
            world.check(
                    piece.length() >= 1
                            && piece.length() <= length - position
                            && (payload == null || payload.length() == piece.length()),
                    "pieces of a read fit together",
                    piece + " at " + position + " of " + length);
            if (payload != null) {
                payload.view().get(bytes, position, piece.length());
            }
            position += piece.length();
        }
        world.check(position == length, "a read has the length asked for", position);
        if (random.chance(0.2)) {
            // A slow door gives the bytes back later.
            seat.lifetime().process().post(random.below(5_000_000L), "late release", data::release);
        } else {
            data.release();
        }
        return bytes;
    }

    private void write(TestVdi used, Volume opened) {
        Blocks blocks = workload.pickBlocks(used, random);
        long stamp = workload.nextStamp();
        boolean durable = random.chance(0.25);
        byte[] bytes =
                Stamp.fill(stamp, used.number(), blocks.first(), blocks.count(), used.blockBytes());
        SimPayload payload = seat.lifetime().payloads().adopt(bytes, "volume write");
        change(
                "volume write",
                used,
                blocks,
                stamp,
                durable || seat.isAlwaysDurable(),
                c -> opened.write((long) blocks.first() * used.blockBytes(), payload, durable, c));
    }

    private void zero(TestVdi used, Volume opened, boolean explicit) {
        Blocks picked = workload.pickBlocks(used, random);
        int perObject = (int) (used.objectBytes() / used.blockBytes());
        // Whole objects leave the index, so often enough whole objects are hit.
        Blocks blocks = random.chance(0.4) ? wholeObjects(used, picked, perObject) : picked;
        long offset = (long) blocks.first() * used.blockBytes();
        long length = (long) blocks.count() * used.blockBytes();
        boolean durable = explicit && random.chance(0.25);
        if (explicit) {
            change(
                    "write zeroes",
                    used,
                    blocks,
                    0,
                    durable || seat.isAlwaysDurable(),
                    c -> opened.writeZeroes(offset, length, durable, c));
        } else {
            // Not even an engine that syncs every write promises to sync a discard.
            change("discard", used, blocks, 0, false, c -> opened.discard(offset, length, c));
        }
    }

    private Blocks wholeObjects(TestVdi used, Blocks picked, int perObject) {
        int first = picked.first() / perObject * perObject;
        int objects = 1 + random.below(2);
        return new Blocks(first, Math.min(objects * perObject, used.blockCount() - first));
    }

    private void change(
            String what,
            TestVdi used,
            Blocks blocks,
            long stamp,
            boolean durable,
            Consumer<Completion<Outcome>> call) {
        VdiHistory.Operation operation =
                workload.beginWrite(used, blocks.first(), blocks.count(), stamp, durable);
        boolean oneExtent = isOneExtent(used, blocks);
        seat.writerStarted(used);
        seat.<Outcome>call(what, call, outcome -> {
            seat.writerEnded(used);
            endChange(what, used, operation, oneExtent, outcome.error());
            seat.next(this);
        });
    }

    private void endChange(
            String what,
            TestVdi used,
            VdiHistory.Operation operation,
            boolean oneExtent,
            @Nullable ErrorCode error) {
        if (error == null) {
            used.history().endDone(operation);
            return;
        }
        workload.endFailed(used, operation, error, oneExtent);
        workload.checkExplained(what, used, error);
    }

    private static boolean isOneExtent(TestVdi used, Blocks blocks) {
        long first = (long) blocks.first() * used.blockBytes() / used.objectBytes();
        long last = ((long) (blocks.first() + blocks.count()) * used.blockBytes() - 1)
                / used.objectBytes();
        return first == last;
    }

    private void flush(TestVdi used, Volume opened) {
        VdiHistory.Operation operation = used.history().beginFlush();
        seat.<Outcome>call("volume flush", opened::flush, outcome -> {
            if (outcome.isDone()) {
                used.history().endDone(operation);
            } else {
                used.history().endWithoutEffect(operation);
                workload.checkExplained("volume flush", used, outcome.failure());
            }
            seat.next(this);
        });
    }

    private void grow(TestVdi used, Volume opened) {
        long size = used.sizeBytes() + (1L + random.below(512)) * used.blockBytes();
        if (size > MAX_OBJECTS * used.objectBytes()) {
            seat.next(this);
            return;
        }
        used.wantSize(size);
        seat.writerStarted(used);
        seat.<Outcome>call("resize", c -> opened.resize(size, c), outcome -> {
            seat.writerEnded(used);
            if (outcome.isDone()) {
                used.haveSize(size);
                world.check(
                        opened.sizeBytes() == size,
                        "a volume shows its new size",
                        opened.sizeBytes() + ", not " + size);
            } else {
                workload.checkExplained("resize", used, outcome.failure());
                if (SingleErrors.isDefinite(outcome.failure())) {
                    used.wantSize(used.sizeBytes());
                }
            }
            seat.next(this);
        });
    }

    private void status(TestVdi used, Volume opened) {
        Blocks blocks = workload.pickBlocks(used, random);
        long offset = (long) blocks.first() * used.blockBytes();
        long length = (long) blocks.count() * used.blockBytes();
        VdiHistory.Operation operation = used.history().beginRead(blocks.first(), blocks.count());
        seat.<List<BlockRange>>call(
                "block status", c -> opened.blockStatus(offset, length, MAX_RANGES, c), outcome -> {
                    if (outcome.isDone()) {
                        checkStatus(offset, length, outcome.value());
                        readHoles(used, operation, outcome.value());
                        used.history().endWithoutEffect(operation);
                    } else {
                        used.history().endWithoutEffect(operation);
                        workload.checkExplained("block status", used, outcome.failure());
                    }
                    seat.next(this);
                });
    }

    /** What is reported as a hole was read as zeros. */
    private static void readHoles(
            TestVdi used, VdiHistory.Operation operation, List<BlockRange> ranges) {
        int blockBytes = used.blockBytes();
        for (BlockRange range : ranges) {
            int first = (int) ((range.offset() + blockBytes - 1) / blockBytes);
            int end = (int) ((range.offset() + range.length()) / blockBytes);
            if (range.hole() && end > first) {
                VdiHistory.Operation hole = used.history().partOf(operation, first, end - first);
                used.history().endRead(hole, new long[end - first]);
            }
        }
    }

    private void checkStatus(long offset, long length, List<BlockRange> ranges) {
        world.check(
                !ranges.isEmpty() && ranges.size() <= MAX_RANGES,
                "block status has some ranges, not more than asked for",
                ranges.size());
        long position = offset;
        for (BlockRange range : ranges) {
            world.check(
                    range.offset() == position && range.length() >= 1,
                    "ranges of block status follow each other",
                    range + " at " + position);
            position += range.length();
        }
        world.check(
                position <= offset + length,
                "block status stays inside what was asked for",
                position + " beyond " + (offset + length));
    }

    /** Asks for what lies beyond the end and expects to be refused. */
    private void overrun(TestVdi used, Volume opened) {
        long offset = used.wantedBytes() - used.blockBytes();
        if (used.isGrowing() || !used.acceptsVolumeWrites()) {
            seat.next(this);
            return;
        }
        seat.<VolumeData>call(
                "overrun", c -> opened.read(offset, 2 * used.blockBytes(), c), outcome -> {
                    if (outcome.isDone()) {
                        // Somebody may have made the disk larger meanwhile.
                        outcome.value().release();
                        world.check(
                                used.wantedBytes() - used.blockBytes() > offset,
                                "a read beyond the end is refused",
                                offset);
                    } else if (outcome.failure() != ErrorCode.OUT_OF_RANGE) {
                        workload.checkExplained("overrun", used, outcome.failure());
                    }
                    seat.next(this);
                });
    }
}
