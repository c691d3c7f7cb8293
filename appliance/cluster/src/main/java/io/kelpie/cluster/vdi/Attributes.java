package io.kelpie.cluster.vdi;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.message.GatewayMessage.Answer;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.ObjectChange.Piece;
import io.kelpie.cluster.message.PrimaryCall;
import io.kelpie.cluster.message.PrimaryCall.AttributeAction;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.Invariant;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.OperationId;
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
import java.util.TreeMap;

/**
 * Keys and values attached to VDIs, one object each, found by hash and probing (Sheepdog protocol,
 * section 13). Requests for a VDI run one after the other at its home, so of two that create a key
 * exclusively one wins, whichever nodes they came from. A creation that is repeated at another home
 * finds its own key there and is told that it exists, as nothing says whose it is. Core loop only.
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
    private final TreeMap<VdiId, ArrayDeque<AttributeSearch>> queues = new TreeMap<>();

    /**
     * Composes the machine.
     *
     * @param table finds the VDIs
     * @param gateway reaches the attribute objects and the homes
     * @param payloads makes payloads
     */
    public Attributes(VdiTable table, Gateway gateway, PayloadAllocator payloads) {
        this.table = table;
        this.gateway = gateway;
        this.payloads = payloads;
    }

    /**
     * Carries out a request: asks the home of the VDI.
     *
     * @param request the request; its payload's ownership passes here
     * @param completion gets where the attribute is, or would be, with the refusal if there is one;
     *     NO_SUCH_VDI, NO_SUCH_TAG, INVALID_ARGUMENT for a payload of another length
     */
    public void run(AttributeRequest request, Completion<Location> completion) {
        Payload attribute = request.attribute();
        VdiTable.Lookup found = null;
        if (attribute.length() == InodeLayout.ATTRIBUTE_BYTES) {
            ByteBuffer wanted = attribute.view();
            String tag = FixedText.read(wanted, InodeLayout.TAG, InodeLayout.TEXT_BYTES);
            found = table.lookup(InodeLayout.name(wanted), tag, request.snapshotId());
        }
        VdiEntry row = found == null ? null : found.row();
        if (row == null) {
            attribute.release();
            ErrorCode error = found == null ? ErrorCode.INVALID_ARGUMENT : found.error();
            completion.failed(error == null ? ErrorCode.NO_SUCH_VDI : error);
            return;
        }
        PrimaryCall call =
                new PrimaryCall.Attribute(row.id(), actionOf(request.action()), attribute);
        gateway.askHome(row.id(), call, new Completion<>() {
            @Override
            public void done(Answer answer) {
                attribute.release();
                if (answer instanceof Answer.Number number) {
                    completion.done(Location.of(number.value()));
                } else {
                    completion.failed(ErrorCode.IO_ERROR);
                }
            }

            @Override
            public void failed(ErrorCode error) {
                attribute.release();
                completion.failed(error);
            }
        });
    }

    private static AttributeAction actionOf(AttributeRequest.Action action) {
        return switch (action) {
            case GET -> AttributeAction.GET;
            case PUT -> AttributeAction.PUT;
            case PUT_NEW -> AttributeAction.PUT_NEW;
            case DELETE -> AttributeAction.DELETE;
        };
    }

    /**
     * Carries out a request at the home of the VDI.
     *
     * @param call the request; its payload is borrowed until the completion runs
     * @param operation the client's operation, the same in all attempts
     * @param completion gets a Number that says where the attribute is; NO_PRIMARY if this is not
     *     the home any more; NO_SUCH_VDI
     */
    void serve(PrimaryCall.Attribute call, OperationId operation, Completion<Answer> completion) {
        VdiEntry row = table.find(call.vdi().value());
        long epoch = gateway.homeEpoch(call.vdi());
        if (row == null || epoch == Gateway.NOT_HOME) {
            completion.failed(row == null ? ErrorCode.NO_SUCH_VDI : ErrorCode.NO_PRIMARY);
        } else if (call.attribute().length() != InodeLayout.ATTRIBUTE_BYTES) {
            completion.failed(ErrorCode.INVALID_ARGUMENT);
        } else {
            // Held for itself: a successor may answer the asker while this is still at work.
            call.attribute().retain();
            new AttributeSearch(row, epoch, call, operation, completion).enter();
        }
    }

    /** Requests of a VDI run one after the other. */
    private void next(VdiId vdi) {
        ArrayDeque<AttributeSearch> queue =
                Invariant.present(queues.get(vdi), "a VDI with a request at work has a queue");
        queue.remove();
        if (queue.isEmpty()) {
            queues.remove(vdi);
        } else {
            // Not nested: many may end at once.
            AttributeSearch next = queue.element();
            gateway.soon(next::start);
        }
    }

    private static boolean isSame(ByteBuffer present, ByteBuffer wanted) {
        return present.slice(0, CTIME).equals(wanted.slice(0, CTIME))
                && present.getInt(SNAPSHOT_ID) == wanted.getInt(SNAPSHOT_ID)
                && present.slice(KEY, InodeLayout.TEXT_BYTES)
                        .equals(wanted.slice(KEY, InodeLayout.TEXT_BYTES));
    }

    /** One request at the home. */
    private final class AttributeSearch {
        private final VdiEntry row;
        private final long epoch;
        private final AttributeAction action;
        private final Payload attribute;
        private final OperationId operation;
        private final Completion<Answer> completion;
        private final VdiId owner;
        private final int hash;

        AttributeSearch(
                VdiEntry row,
                long epoch,
                PrimaryCall.Attribute call,
                OperationId operation,
                Completion<Answer> completion) {
            this.row = row;
            this.epoch = epoch;
            this.action = call.action();
            this.attribute = call.attribute();
            this.operation = operation;
            this.completion = completion;
            ByteBuffer wanted = attribute.view();
            String name = InodeLayout.name(wanted);
            owner = VdiHash.firstId(ByteBuffer.wrap(name.getBytes(StandardCharsets.ISO_8859_1)));
            ByteBuffer identity = ByteBuffer.allocate(
                    2 * InodeLayout.TEXT_BYTES + Integer.BYTES + InodeLayout.TEXT_BYTES);
            identity.put(wanted.slice(0, 2 * InodeLayout.TEXT_BYTES));
            identity.put(wanted.slice(SNAPSHOT_ID, Integer.BYTES))
                    .put(wanted.slice(KEY, InodeLayout.TEXT_BYTES));
            hash = (int) VdiHash.fnv1a(identity.flip());
        }

        void enter() {
            ArrayDeque<AttributeSearch> queue =
                    queues.computeIfAbsent(row.id(), vdi -> new ArrayDeque<>());
            queue.add(this);
            if (queue.size() == 1) {
                start();
            }
        }

        private boolean isHome() {
            return gateway.homeEpoch(row.id()) == epoch;
        }

        private void start() {
            if (!isHome()) {
                fail(ErrorCode.NO_PRIMARY);
            } else if (action == AttributeAction.PUT) {
                put(hash);
            } else {
                probe(0);
            }
        }

        private void probe(int step) {
            int id = hash + step;
            gateway.read(ObjectId.attribute(owner, id), 0, VALUE, new Completion<>() {
                @Override
                public void done(Payload present) {
                    boolean same = isSame(present.view(), attribute.view());
                    present.release();
                    if (same) {
                        onFound(id);
                    } else if (step == MAX_PROBES) {
                        fail(ErrorCode.IO_ERROR);
                    } else {
                        probe(step + 1);
                    }
                }

                @Override
                public void failed(ErrorCode error) {
                    if (error == ErrorCode.NO_SUCH_OBJECT && action == AttributeAction.PUT_NEW) {
                        put(id);
                    } else if (error == ErrorCode.NO_SUCH_OBJECT) {
                        end(id, error);
                    } else {
                        fail(error);
                    }
                }
            });
        }

        private void onFound(int id) {
            switch (action) {
                case GET -> end(id, null);
                case PUT_NEW -> end(id, ErrorCode.VDI_EXISTS);
                case DELETE -> {
                    // The object stays without its name, so that longer probe chains are not cut.
                    Payload zero = payloads.copyOf(ByteBuffer.allocate(1));
                    write(
                            ObjectChange.write(
                                    ObjectId.attribute(owner, id),
                                    List.of(Piece.of(0, zero)),
                                    true),
                            zero,
                            id);
                }
                case PUT -> throw new IllegalStateException("PUT does not probe");
            }
        }

        /** The server's own field in the attribute is the VDI's time of creation. */
        private void put(int id) {
            ByteBuffer time = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            time.putLong(0, InodeLayout.time(row.createdNanos()));
            Payload ctime = payloads.copyOf(time);
            List<Piece> pieces = List.of(Piece.of(0, attribute), Piece.of(CTIME, ctime));
            write(
                    ObjectChange.create(
                            ObjectId.attribute(owner, id),
                            InodeLayout.ATTRIBUTE_BYTES,
                            pieces,
                            true),
                    ctime,
                    id);
        }

        private void write(ObjectChange change, Payload own, int id) {
            gateway.write(change, operation, this::isHome, new Completion<>() {
                @Override
                public void done(Outcome result) {
                    own.release();
                    end(id, null);
                }

                @Override
                public void failed(ErrorCode error) {
                    own.release();
                    fail(error);
                }
            });
        }

        private void end(int id, @Nullable ErrorCode refusal) {
            attribute.release();
            completion.done(new Answer.Number(new Location(owner.value(), id, refusal).toNumber()));
            next(row.id());
        }

        private void fail(ErrorCode error) {
            attribute.release();
            completion.failed(error);
            next(row.id());
        }
    }
}
