package io.kelpie.wire.peer;

import io.kelpie.cluster.message.GatewayMessage;
import io.kelpie.cluster.message.GatewayMessage.Answer;
import io.kelpie.cluster.message.GatewayMessage.Request;
import io.kelpie.cluster.message.GatewayMessage.Response;
import io.kelpie.cluster.message.PrimaryCall;
import io.kelpie.cluster.message.PrimaryCall.AttributeAction;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.LocalStore.DataRange;

import java.util.List;

/**
 * Bodies of {@link GatewayMessage}s. A request: u64 events index, operation, u8 call and its
 * fields. A response: u8 answer and its fields.
 */
final class GatewayCodec {
    private static final int MAX_OBJECTS = 65_536;
    /** A range of 1 GiB in which every other page is stored has so many parts. */
    private static final int MAX_RANGES = 1 << 17;

    private static final int CALL_CHANGE = 1;
    private static final int CALL_READ = 2;
    private static final int CALL_ALLOCATED = 3;
    private static final int CALL_LIST_OBJECTS = 4;
    private static final int CALL_FLUSH = 5;
    private static final int CALL_ALLOCATE = 6;
    private static final int CALL_DISCARD = 7;
    private static final int CALL_RESIZE = 8;
    private static final int CALL_WRITE_INODE = 9;
    private static final int CALL_ATTRIBUTE = 10;
    private static final int CALL_CHECK_ENTRY = 11;
    private static final int CALL_READ_INODE = 12;

    private static final int ANSWER_DONE = 1;
    private static final int ANSWER_BYTES = 2;
    private static final int ANSWER_RANGES = 3;
    private static final int ANSWER_OBJECTS = 4;
    private static final int ANSWER_NUMBER = 5;
    private static final int ANSWER_FAILED = 6;
    private static final int ANSWER_ELSEWHERE = 7;

    private static final Codes<ErrorCode> ERRORS = new Codes<>(
            "error",
            List.of(
                    ErrorCode.NO_PRIMARY,
                    ErrorCode.BUSY,
                    ErrorCode.PG_INACTIVE,
                    ErrorCode.NO_SUCH_OBJECT,
                    ErrorCode.NO_SUCH_VDI,
                    ErrorCode.NO_SUCH_TAG,
                    ErrorCode.VDI_EXISTS,
                    ErrorCode.VDI_LOCKED,
                    ErrorCode.VDI_SPACE_FULL,
                    ErrorCode.READ_ONLY,
                    ErrorCode.OUT_OF_RANGE,
                    ErrorCode.INVALID_ARGUMENT,
                    ErrorCode.UNSUPPORTED,
                    ErrorCode.NO_SPACE,
                    ErrorCode.CORRUPT_OBJECT,
                    ErrorCode.IO_ERROR,
                    ErrorCode.COORDINATOR_FAILED,
                    ErrorCode.NOT_FORMATTED,
                    ErrorCode.NOT_JOINED,
                    ErrorCode.SHUTTING_DOWN));

    private static final Codes<AttributeAction> ATTRIBUTE_ACTIONS = new Codes<>(
            "attribute action",
            List.of(
                    AttributeAction.GET,
                    AttributeAction.PUT,
                    AttributeAction.PUT_NEW,
                    AttributeAction.DELETE));

    private GatewayCodec() {}

    static EncodedFrame encode(GatewayMessage message) {
        if (message instanceof Request request) {
            PeerOutput out = new PeerOutput(PeerType.REQUEST)
                    .requestId(request.requestId())
                    .group(request.pg(), request.epoch())
                    .u64(request.eventsIndex())
                    .operation(request.operation());
            return put(out, request.call()).finish();
        }
        if (message instanceof Response response) {
            PeerOutput out = new PeerOutput(PeerType.RESPONSE).requestId(response.requestId());
            return put(out, response.answer()).finish();
        }
        throw new IllegalArgumentException("no bytes for a " + message.getClass());
    }

    static GatewayMessage decode(PeerInput in) {
        PeerHeader header = in.header();
        if (header.type() == PeerType.RESPONSE) {
            return new Response(header.requestId(), getAnswer(in));
        }
        return new Request(
                header.requestId(), in.pg(), header.epoch(), in.u64(), in.operation(), getCall(in));
    }

    private static PeerOutput put(PeerOutput out, PrimaryCall call) {
        if (call instanceof PrimaryCall.Change change) {
            return ChangeCodec.put(out.u8(CALL_CHANGE), change.change());
        }
        if (call instanceof PrimaryCall.Read read) {
            return out.u8(CALL_READ).object(read.object()).u64(read.offset()).u32(read.length());
        }
        if (call instanceof PrimaryCall.Allocated allocated) {
            return out.u8(CALL_ALLOCATED)
                    .object(allocated.object())
                    .u64(allocated.offset())
                    .u32(allocated.length());
        }
        if (call instanceof PrimaryCall.ListObjects list) {
            return out.u8(CALL_LIST_OBJECTS).object(list.from()).u32(list.max());
        }
        if (call instanceof PrimaryCall.Flush) {
            return out.u8(CALL_FLUSH);
        }
        if (call instanceof PrimaryCall.Allocate allocate) {
            out.u8(CALL_ALLOCATE).u32(allocate.vdi().value());
            return ChangeCodec.put(out, allocate.change());
        }
        if (call instanceof PrimaryCall.Discard discard) {
            return out.u8(CALL_DISCARD)
                    .u32(discard.vdi().value())
                    .u32(discard.extent())
                    .u64(discard.offset())
                    .u64(discard.length())
                    .truth(discard.durable());
        }
        if (call instanceof PrimaryCall.Resize resize) {
            return out.u8(CALL_RESIZE).u32(resize.vdi().value()).u64(resize.sizeBytes());
        }
        if (call instanceof PrimaryCall.WriteInode write) {
            return out.u8(CALL_WRITE_INODE)
                    .u32(write.vdi().value())
                    .u64(write.offset())
                    .truth(write.durable())
                    .payload(write.payload());
        }
        if (call instanceof PrimaryCall.Attribute attribute) {
            return out.u8(CALL_ATTRIBUTE)
                    .u32(attribute.vdi().value())
                    .code(ATTRIBUTE_ACTIONS, attribute.action())
                    .payload(attribute.attribute());
        }
        if (call instanceof PrimaryCall.CheckEntry check) {
            return out.u8(CALL_CHECK_ENTRY).u32(check.vdi().value()).u32(check.extent());
        }
        if (call instanceof PrimaryCall.ReadInode read) {
            return out.u8(CALL_READ_INODE)
                    .u32(read.vdi().value())
                    .u64(read.offset())
                    .u32(read.length());
        }
        throw new IllegalArgumentException("no bytes for a " + call.getClass());
    }

    private static PrimaryCall getCall(PeerInput in) {
        int call = in.u8();
        return switch (call) {
            case CALL_CHANGE -> new PrimaryCall.Change(ChangeCodec.get(in));
            case CALL_READ -> new PrimaryCall.Read(in.object(), in.amount(), in.smallAmount());
            case CALL_ALLOCATED ->
                new PrimaryCall.Allocated(in.object(), in.amount(), in.smallAmount());
            case CALL_LIST_OBJECTS -> new PrimaryCall.ListObjects(in.object(), in.smallAmount());
            case CALL_FLUSH -> new PrimaryCall.Flush();
            case CALL_ALLOCATE -> new PrimaryCall.Allocate(vdi(in), ChangeCodec.get(in));
            case CALL_DISCARD ->
                new PrimaryCall.Discard(
                        vdi(in), in.smallAmount(), in.amount(), in.amount(), in.truth());
            case CALL_RESIZE -> new PrimaryCall.Resize(vdi(in), in.amount());
            case CALL_WRITE_INODE -> getWriteInode(in);
            case CALL_ATTRIBUTE ->
                new PrimaryCall.Attribute(vdi(in), in.code(ATTRIBUTE_ACTIONS), in.payload());
            case CALL_CHECK_ENTRY -> new PrimaryCall.CheckEntry(vdi(in), in.smallAmount());
            case CALL_READ_INODE ->
                new PrimaryCall.ReadInode(vdi(in), in.amount(), in.smallAmount());
            default -> throw in.refused("an unknown call, " + call);
        };
    }

    private static PrimaryCall getWriteInode(PeerInput in) {
        VdiId vdi = vdi(in);
        long offset = in.amount();
        boolean durable = in.truth();
        return new PrimaryCall.WriteInode(vdi, offset, in.payload(), durable);
    }

    private static PeerOutput put(PeerOutput out, Answer answer) {
        if (answer instanceof Answer.Done) {
            return out.u8(ANSWER_DONE);
        }
        if (answer instanceof Answer.Bytes bytes) {
            return out.u8(ANSWER_BYTES).payload(bytes.payload());
        }
        if (answer instanceof Answer.Ranges ranges) {
            return out.u8(ANSWER_RANGES)
                    .list(
                            ranges.ranges(),
                            MAX_RANGES,
                            range -> out.u64(range.offset()).u64(range.length()));
        }
        if (answer instanceof Answer.Objects objects) {
            return out.u8(ANSWER_OBJECTS).list(objects.ids(), MAX_OBJECTS, out::object);
        }
        if (answer instanceof Answer.Number number) {
            return out.u8(ANSWER_NUMBER).u64(number.value());
        }
        if (answer instanceof Answer.Failed failed) {
            return out.u8(ANSWER_FAILED).code(ERRORS, failed.error());
        }
        if (answer instanceof Answer.Elsewhere elsewhere) {
            return out.u8(ANSWER_ELSEWHERE).u64(elsewhere.mapVersion());
        }
        throw new IllegalArgumentException("no bytes for a " + answer.getClass());
    }

    private static Answer getAnswer(PeerInput in) {
        int answer = in.u8();
        return switch (answer) {
            case ANSWER_DONE -> new Answer.Done();
            case ANSWER_BYTES -> new Answer.Bytes(in.payload());
            case ANSWER_RANGES ->
                new Answer.Ranges(in.list(
                        MAX_RANGES, 2 * Long.BYTES, () -> new DataRange(in.amount(), in.amount())));
            case ANSWER_OBJECTS -> new Answer.Objects(in.list(MAX_OBJECTS, Long.BYTES, in::object));
            case ANSWER_NUMBER -> new Answer.Number(in.u64());
            case ANSWER_FAILED -> new Answer.Failed(in.code(ERRORS));
            case ANSWER_ELSEWHERE -> new Answer.Elsewhere(in.u64());
            default -> throw in.refused("an unknown answer, " + answer);
        };
    }

    private static VdiId vdi(PeerInput in) {
        return new VdiId(in.u32());
    }
}
