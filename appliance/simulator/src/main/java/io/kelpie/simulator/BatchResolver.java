package io.kelpie.simulator;

import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectKind;
import io.kelpie.cluster.model.ObjectVersion;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.StoreOperation;
import io.kelpie.simulator.DiskImage.Change;

import org.jspecify.annotations.Nullable;

import java.util.function.Predicate;

/** Turns the operations of a batch into the states that objects have after it. */
final class BatchResolver {
    private final World world;
    private final SimDisk disk;
    private final Predicate<Mutation> planted;

    /**
     * Creates the resolver.
     *
     * @param planted whether a planted fault shows now
     */
    BatchResolver(World world, SimDisk disk, Predicate<Mutation> planted) {
        this.world = world;
        this.disk = disk;
        this.planted = planted;
    }

    /** Adds an operation to a change; returns why it cannot be done, or null. */
    @Nullable
    ErrorCode resolve(StoreOperation operation, Change change) {
        if (operation instanceof StoreOperation.Create create) {
            change.put(
                    new ObjectKey(create.pg(), create.object()),
                    StoredObject.empty(create.sizeBytes(), create.version()));
        } else if (operation instanceof StoreOperation.Write write) {
            return resolveWrite(write, change);
        } else if (operation instanceof StoreOperation.Zero zero) {
            return resolveZero(zero, change);
        } else if (operation instanceof StoreOperation.Remove remove) {
            ObjectKey key = new ObjectKey(remove.pg(), remove.object());
            if (change.object(disk.image(), key) == null) {
                return ErrorCode.NO_SUCH_OBJECT;
            }
            change.remove(key);
        } else if (operation instanceof StoreOperation.SetVersion set) {
            ObjectKey key = new ObjectKey(set.pg(), set.object());
            StoredObject object = change.object(disk.image(), key);
            if (object == null) {
                return ErrorCode.NO_SUCH_OBJECT;
            }
            change.put(key, object.withVersion(set.version()));
        } else if (operation instanceof StoreOperation.PutRecord put) {
            change.putRecord(put.name(), put.value().clone());
        } else if (operation instanceof StoreOperation.AppendLog append) {
            change.append(append.pg(), append.entry());
        } else if (operation instanceof StoreOperation.TrimLog trim) {
            change.trim(trim.pg(), trim.through());
        } else if (operation instanceof StoreOperation.DropGroup drop) {
            change.dropGroup(drop.pg());
        } else {
            change.dropEverything();
        }
        return null;
    }

    private @Nullable ErrorCode resolveZero(StoreOperation.Zero zero, Change change) {
        ObjectKey key = new ObjectKey(zero.pg(), zero.object());
        StoredObject object = change.object(disk.image(), key);
        if (object == null) {
            return ErrorCode.NO_SUCH_OBJECT;
        }
        checkInside(object, zero.offset(), zero.length(), key);
        checkRises(key, object, zero.version(), change);
        StoredObject zeroed = object.overwrite(zero.version(), zero.offset(), zero.length(), null);
        if (zeroed == null) {
            return ErrorCode.CORRUPT_OBJECT;
        }
        change.put(key, zeroed);
        return null;
    }

    private @Nullable ErrorCode resolveWrite(StoreOperation.Write write, Change change) {
        ObjectKey key = new ObjectKey(write.pg(), write.object());
        StoredObject object = change.object(disk.image(), key);
        if (object == null) {
            return ErrorCode.NO_SUCH_OBJECT;
        }
        int length = write.payload().length();
        long offset = write.offset();
        checkInside(object, offset, length, key);
        checkRises(key, object, write.version(), change);
        byte[] bytes = new byte[length];
        sim(write.payload()).copyTo(bytes, 0);
        boolean isData = write.object().kind() == ObjectKind.DATA;
        if (isData && length > StoredObject.PAGE_BYTES && planted.test(Mutation.TEARS_WRITES)) {
            length /= 2;
        }
        if (isData
                && offset + length + StoredObject.PAGE_BYTES <= object.sizeBytes()
                && planted.test(Mutation.MISDIRECTS_WRITES)) {
            offset += StoredObject.PAGE_BYTES;
        }
        StoredObject written = object.overwrite(write.version(), offset, length, bytes);
        if (written == null) {
            return ErrorCode.CORRUPT_OBJECT;
        }
        change.put(key, written);
        return null;
    }

    private void checkInside(StoredObject object, long offset, long length, ObjectKey key) {
        world.check(
                offset >= 0 && length >= 0 && offset <= object.sizeBytes() - length,
                "a change lies inside its object",
                key + " " + offset + " + " + length + " of " + object.sizeBytes());
    }

    /**
     * A write makes its object newer. Only a copy that is made anew or given a version on purpose,
     * as pushes do, may go back; one that is still being received stays at its mark.
     */
    private void checkRises(
            ObjectKey key, StoredObject object, ObjectVersion version, Change change) {
        int order = version.compareTo(object.version());
        boolean same = change.puts().containsKey(key) || version.equals(ObjectVersion.PARTIAL);
        world.check(
                order > 0 || (order == 0 && same),
                "an object's version only rises",
                key + " has " + object.version() + ", got " + version);
    }

    static SimPayload sim(Payload payload) {
        if (payload instanceof SimPayload own) {
            return own;
        }
        throw new IllegalArgumentException("not a payload of this world: " + payload);
    }
}
