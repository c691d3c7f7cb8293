package io.kelpie.cluster.vdi;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;
import io.kelpie.cluster.port.PayloadAllocator;
import io.kelpie.cluster.vdi.AttributeRequest.Location;

import org.jspecify.annotations.Nullable;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;

/**
 * Keys and values attached to VDIs, one object each, found by hash and probing (Sheepdog protocol,
 * section 13). Requests run one after the other, so of two that create a key exclusively one wins.
 * Core loop only.
 */
public final class Attributes {
    private static final int CTIME = 512;
    private static final int SNAPSHOT_ID = 520;
    private static final int KEY = 528;
    private static final int VALUE = 784;
    /** Longer probe chains than any real cluster has; a longer one would be a loop. */
    private static final int MAX_PROBES = 1024;

    private final VdiTable table;
    private final Gateway gateway;
    private final PayloadAllocator payloads;
    private final ArrayDeque<Runnable> queue = new ArrayDeque<>();
    private boolean busy;
    private boolean starting;

    /**
     * Composes the machine.
     *
     * @param table finds the VDIs
     * @param gateway reaches the attribute objects
     * @param payloads makes payloads
     */
    public Attributes(VdiTable table, Gateway gateway, PayloadAllocator payloads) {
        this.table = table;
        this.gateway = gateway;
        this.payloads = payloads;
    }

    /**
     * Carries out a request.
     *
     * @param request the request; its payload's ownership passes here
     * @param completion gets where the attribute is, or would be, with the refusal if there is one;
     *     NO_SUCH_VDI, NO_SUCH_TAG, INVALID_ARGUMENT for a payload of another length
     */
    public void run(AttributeRequest request, Completion<Location> completion) {
        queue.add(() -> start(request, completion));
        next();
    }

    /** Iterative: requests that end at once must not nest one inside the other. */
    private void next() {
        if (starting) {
            return;
        }
        starting = true;
        while (!busy && !queue.isEmpty()) {
            busy = true;
            queue.remove().run();
        }
        starting = false;
    }

    private void start(AttributeRequest request, Completion<Location> completion) {
        if (request.attribute().length() != InodeLayout.ATTRIBUTE_BYTES) {
            finish(request, completion, null, ErrorCode.INVALID_ARGUMENT);
            return;
        }
        ByteBuffer wanted = request.attribute().view();
        String name = InodeLayout.name(wanted);
        String tag = FixedText.read(wanted, InodeLayout.TAG, InodeLayout.TEXT_BYTES);
        VdiTable.Lookup found = table.lookup(name, tag, request.snapshotId());
        VdiEntry row = found.row();
        if (row == null) {
            ErrorCode error = found.error();
            finish(request, completion, null, error == null ? ErrorCode.NO_SUCH_VDI : error);
            return;
        }
        VdiId owner = VdiHash.firstId(ByteBuffer.wrap(name.getBytes(StandardCharsets.ISO_8859_1)));
        ByteBuffer identity = ByteBuffer.allocate(
                2 * InodeLayout.TEXT_BYTES + Integer.BYTES + InodeLayout.TEXT_BYTES);
        identity.put(wanted.slice(0, 2 * InodeLayout.TEXT_BYTES));
        identity.put(wanted.slice(SNAPSHOT_ID, Integer.BYTES))
                .put(wanted.slice(KEY, InodeLayout.TEXT_BYTES));
        int hash = (int) VdiHash.fnv1a(identity.flip());
        if (request.action() == AttributeRequest.Action.PUT) {
            put(request, row, new Location(owner.value(), hash, null), completion);
        } else {
            probe(request, row, owner, hash, 0, completion);
        }
    }

    private void probe(
            AttributeRequest request,
            VdiEntry row,
            VdiId owner,
            int hash,
            int step,
            Completion<Location> completion) {
        Location location = new Location(owner.value(), hash + step, null);
        gateway.read(ObjectId.attribute(owner, hash + step), 0, VALUE, new Completion<>() {
            @Override
            public void done(Payload present) {
                boolean same = isSame(present.view(), request.attribute().view());
                present.release();
                if (same) {
                    onFound(request, location, completion);
                } else if (step == MAX_PROBES) {
                    finish(request, completion, null, ErrorCode.IO_ERROR);
                } else {
                    probe(request, row, owner, hash, step + 1, completion);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                if (error == ErrorCode.NO_SUCH_OBJECT
                        && request.action() == AttributeRequest.Action.PUT_NEW) {
                    put(request, row, location, completion);
                } else if (error == ErrorCode.NO_SUCH_OBJECT) {
                    finish(request, completion, location.refused(error), null);
                } else {
                    finish(request, completion, null, error);
                }
            }
        });
    }

    private static boolean isSame(ByteBuffer present, ByteBuffer wanted) {
        return present.slice(0, CTIME).equals(wanted.slice(0, CTIME))
                && present.getInt(SNAPSHOT_ID) == wanted.getInt(SNAPSHOT_ID)
                && present.slice(KEY, InodeLayout.TEXT_BYTES)
                        .equals(wanted.slice(KEY, InodeLayout.TEXT_BYTES));
    }

    private void onFound(
            AttributeRequest request, Location location, Completion<Location> completion) {
        switch (request.action()) {
            case GET -> finish(request, completion, location, null);
            case PUT_NEW ->
                finish(request, completion, location.refused(ErrorCode.VDI_EXISTS), null);
            case DELETE -> {
                // The object stays without its name, so that longer probe chains are not cut.
                Payload zero = payloads.copyOf(ByteBuffer.allocate(1));
                ObjectId id = ObjectId.attribute(new VdiId(location.vdi()), location.attributeId());
                write(
                        ObjectChange.write(id, List.of(Piece.of(0, zero)), true),
                        List.of(zero),
                        request,
                        location,
                        completion);
            }
            case PUT -> throw new IllegalStateException("PUT does not probe");
        }
    }

    /** The server's own field in the attribute is the VDI's time of creation. */
    private void put(
            AttributeRequest request,
            VdiEntry row,
            Location location,
            Completion<Location> completion) {
        Payload attribute = request.attribute();
        ByteBuffer time = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        time.putLong(0, InodeLayout.time(row.createdNanos()));
        Payload ctime = payloads.copyOf(time);
        List<Piece> pieces = List.of(Piece.of(0, attribute), Piece.of(CTIME, ctime));
        ObjectId id = ObjectId.attribute(new VdiId(location.vdi()), location.attributeId());
        write(
                ObjectChange.create(id, InodeLayout.ATTRIBUTE_BYTES, pieces, true),
                List.of(ctime),
                request,
                location,
                completion);
    }

    private void write(
            ObjectChange change,
            List<Payload> own,
            AttributeRequest request,
            Location location,
            Completion<Location> completion) {
        gateway.write(change, new Completion<>() {
            @Override
            public void done(Outcome result) {
                own.forEach(Payload::release);
                finish(request, completion, location, null);
            }

            @Override
            public void failed(ErrorCode error) {
                own.forEach(Payload::release);
                finish(request, completion, null, error);
            }
        });
    }

    private void finish(
            AttributeRequest request,
            Completion<Location> completion,
            @Nullable Location location,
            @Nullable ErrorCode error) {
        request.attribute().release();
        busy = false;
        if (location != null) {
            completion.done(location);
        } else {
            completion.failed(error == null ? ErrorCode.IO_ERROR : error);
        }
        next();
    }
}
