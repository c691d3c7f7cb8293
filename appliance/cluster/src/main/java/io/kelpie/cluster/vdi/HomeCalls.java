package io.kelpie.cluster.vdi;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.gateway.Homes;
import io.kelpie.cluster.message.GatewayMessage.Answer;
import io.kelpie.cluster.message.ObjectChange;
import io.kelpie.cluster.message.PrimaryCall;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.ObjectKind;
import io.kelpie.cluster.model.OperationId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.Outcome;
import io.kelpie.cluster.port.Payload;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * Carries out what gateways, this node's own too, ask of the homes of VDIs. Calls whose repetition
 * could do harm after others have changed the same again are remembered for a while. Core loop
 * only.
 */
public final class HomeCalls implements Homes {
    /** A repetition follows the lost answer within seconds; these calls are rare. */
    private static final int MAX_REMEMBERED = 4096;

    private final InodeHomes inodes;
    private final Attributes attributes;
    private final Gateway gateway;
    private final LinkedHashMap<OperationId, Answer> answered = new LinkedHashMap<>();

    /**
     * Composes the machine and registers it with the gateway.
     *
     * @param inodes the inodes whose home is this node
     * @param attributes the attributes of those VDIs
     * @param gateway reaches the objects
     */
    public HomeCalls(InodeHomes inodes, Attributes attributes, Gateway gateway) {
        this.inodes = inodes;
        this.attributes = attributes;
        this.gateway = gateway;
        gateway.serve(this);
    }

    @Override
    public void call(PrimaryCall call, OperationId operation, Completion<Answer> completion) {
        Answer earlier = answered.get(operation);
        if (earlier != null) {
            completion.done(earlier);
        } else if (call instanceof PrimaryCall.Allocate allocate) {
            if (!isOfItsOwn(allocate)) {
                completion.failed(ErrorCode.INVALID_ARGUMENT);
                return;
            }
            allocate.change().retainPieces();
            atHome(
                    allocate.vdi(),
                    allocate,
                    completion,
                    (inode, whole) ->
                            new HomeAllocation(inode, allocate.change(), operation, whole).start());
        } else if (call instanceof PrimaryCall.Discard discard) {
            if (!isExtent(discard.extent())) {
                completion.failed(ErrorCode.INVALID_ARGUMENT);
                return;
            }
            atHome(
                    discard.vdi(),
                    discard,
                    completion,
                    (inode, whole) -> new HomeDiscard(inode, discard, operation, whole).start());
        } else if (call instanceof PrimaryCall.CheckEntry check) {
            if (!isExtent(check.extent())) {
                completion.failed(ErrorCode.INVALID_ARGUMENT);
                return;
            }
            this.<Integer>atHome(
                    check.vdi(),
                    check,
                    completion,
                    owner -> new Answer.Number(owner),
                    (inode, whole) -> new EntryCheck(inode, check.extent(), whole).start());
        } else if (call instanceof PrimaryCall.ReadInode read) {
            if (read.length() < 0
                    || read.offset() < 0
                    || read.offset() > InodeLayout.OBJECT_BYTES - read.length()) {
                completion.failed(ErrorCode.OUT_OF_RANGE);
                return;
            }
            this.<Payload>atHome(
                    read.vdi(),
                    read,
                    completion,
                    Answer.Bytes::new,
                    (inode, whole) -> inode.read(read.offset(), read.length(), whole));
        } else if (call instanceof PrimaryCall.Resize resize) {
            atHome(
                    resize.vdi(),
                    resize,
                    new Remembered(operation, completion),
                    (inode, whole) ->
                            new HomeResize(inode, gateway, resize.sizeBytes(), whole).start());
        } else if (call instanceof PrimaryCall.WriteInode write) {
            write.payload().retain();
            atHome(
                    write.vdi(),
                    write,
                    new Remembered(operation, completion),
                    (inode, whole) -> inode.write(
                            write.offset(),
                            write.payload().retain(),
                            write.durable(),
                            operation,
                            whole));
        } else if (call instanceof PrimaryCall.Attribute attribute) {
            attributes.serve(attribute, operation, new Remembered(operation, completion));
        } else {
            completion.failed(ErrorCode.INVALID_ARGUMENT);
        }
    }

    /** It comes from another node: what it would enter in the index must be what it writes. */
    private static boolean isOfItsOwn(PrimaryCall.Allocate call) {
        ObjectId object = call.change().object();
        return object.kind() == ObjectKind.DATA
                && object.vdiNumber() == call.vdi().value()
                && isExtent(object.index())
                && call.change().action() == ObjectChange.Action.ENSURE;
    }

    private static boolean isExtent(int index) {
        return index >= 0 && index < InodeLayout.INDEX_ENTRIES;
    }

    /** Gets the inode, then does the work; the call's payloads are held until that has ended. */
    private void atHome(
            VdiId vdi,
            PrimaryCall call,
            Completion<Answer> completion,
            BiConsumer<Inode, Completion<Outcome>> work) {
        atHome(vdi, call, completion, outcome -> new Answer.Done(), work);
    }

    private <T> void atHome(
            VdiId vdi,
            PrimaryCall call,
            Completion<Answer> completion,
            Function<T, Answer> answerOf,
            BiConsumer<Inode, Completion<T>> work) {
        inodes.get(vdi, new Completion<>() {
            @Override
            public void done(Inode inode) {
                work.accept(
                        inode,
                        new HomeCall<>(
                                inode, call::release, new Answering<>(answerOf, completion)));
            }

            @Override
            public void failed(ErrorCode error) {
                call.release();
                completion.failed(error);
            }
        });
    }

    /** Answers with the result. */
    private record Answering<T>(Function<T, Answer> answerOf, Completion<Answer> asker)
            implements Completion<T> {
        @Override
        public void done(T result) {
            asker.done(answerOf.apply(result));
        }

        @Override
        public void failed(ErrorCode error) {
            asker.failed(error);
        }
    }

    /** Keeps the answer for repetitions. */
    private final class Remembered implements Completion<Answer> {
        private final OperationId operation;
        private final Completion<Answer> asker;

        Remembered(OperationId operation, Completion<Answer> asker) {
            this.operation = operation;
            this.asker = asker;
        }

        @Override
        public void done(Answer answer) {
            answered.put(operation, answer);
            if (answered.size() > MAX_REMEMBERED) {
                Iterator<OperationId> oldest = answered.keySet().iterator();
                oldest.next();
                oldest.remove();
            }
            asker.done(answer);
        }

        @Override
        public void failed(ErrorCode error) {
            asker.failed(error);
        }
    }
}
