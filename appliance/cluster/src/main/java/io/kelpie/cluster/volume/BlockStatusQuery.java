package io.kelpie.cluster.volume;

import io.kelpie.cluster.gateway.Gateway;
import io.kelpie.cluster.model.ErrorCode;
import io.kelpie.cluster.model.ObjectId;
import io.kelpie.cluster.model.VdiId;
import io.kelpie.cluster.port.Completion;
import io.kelpie.cluster.port.LocalStore.DataRange;
import io.kelpie.cluster.vdi.InodeView;

import java.util.ArrayList;
import java.util.List;

/**
 * Collects the allocation of a range, extent by extent, neighbours of one kind joined. Core loop
 * only.
 */
final class BlockStatusQuery {
    /** The most that the store is asked for at once. */
    private static final long MAX_QUERY_BYTES = 1 << 30;

    /** An answer may cover less than was asked; one question after the other takes its time. */
    private static final int MAX_ASKED = 1024;

    private final InodeView view;
    private final Gateway gateway;
    private final long end;
    private final int maxRanges;
    private final Completion<List<BlockRange>> completion;
    private final List<BlockRange> ranges = new ArrayList<>();
    private long next;
    private int asked;

    BlockStatusQuery(
            InodeView view,
            Gateway gateway,
            long offset,
            long length,
            int maxRanges,
            Completion<List<BlockRange>> completion) {
        this.view = view;
        this.gateway = gateway;
        this.next = offset;
        this.end = offset + length;
        this.maxRanges = maxRanges;
        this.completion = completion;
    }

    void advance() {
        while (next < end && ranges.size() <= maxRanges) {
            long objectBytes = view.objectBytes();
            int index = (int) (next / objectBytes);
            long inObject = next % objectBytes;
            int length =
                    (int) Math.min(MAX_QUERY_BYTES, Math.min(objectBytes - inObject, end - next));
            int owner = view.owner(index);
            boolean own = owner == 0 || owner == InodeView.UNKNOWN;
            if (own && view.certain() != null) {
                add(length, true);
            } else if (asked == MAX_ASKED) {
                break;
            } else {
                // Where other nodes may use the VDI too, only the object's primary knows of a hole.
                asked++;
                ask(ObjectId.data(own ? view.id() : new VdiId(owner), index), inObject, length);
                return;
            }
        }
        // The last range may go on behind the limit; drop what is beyond it.
        List<BlockRange> answer = ranges.size() > maxRanges ? ranges.subList(0, maxRanges) : ranges;
        completion.done(List.copyOf(answer));
    }

    private void ask(ObjectId object, long inObject, int length) {
        gateway.allocated(object, inObject, length, new Completion<>() {
            @Override
            public void done(List<DataRange> data) {
                long at = inObject;
                for (DataRange range : data) {
                    addUpTo(range.offset() - at, true);
                    addUpTo(range.length(), false);
                    at = range.offset() + range.length();
                }
                addUpTo(inObject + length - at, true);
                advance();
            }

            @Override
            public void failed(ErrorCode error) {
                if (error == ErrorCode.NO_SUCH_OBJECT) {
                    add(length, true);
                    advance();
                } else {
                    completion.failed(error);
                }
            }
        });
    }

    private void addUpTo(long length, boolean hole) {
        if (length > 0) {
            add(length, hole);
        }
    }

    private void add(long length, boolean hole) {
        BlockRange last = ranges.isEmpty() ? null : ranges.get(ranges.size() - 1);
        if (last != null && last.hole() == hole) {
            ranges.set(
                    ranges.size() - 1, new BlockRange(last.offset(), last.length() + length, hole));
        } else {
            ranges.add(new BlockRange(next, length, hole));
        }
        next += length;
    }
}
