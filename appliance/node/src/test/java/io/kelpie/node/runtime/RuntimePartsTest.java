package io.kelpie.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.cluster.port.Payload;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Buffers, budgets, names and the order of closing. */
class RuntimePartsTest {
    @Test
    void aPayloadSharesTheCountOfItsBuffer() {
        ByteBuf buffer = PooledByteBufAllocator.DEFAULT.directBuffer(16);
        buffer.writeBytes("0123456789".getBytes(StandardCharsets.US_ASCII));
        buffer.skipBytes(2);
        Payload payload = BufferPayload.owning(buffer);

        Payload slice = payload.slice(1, 3);
        payload.release();

        assertThat(text(slice)).isEqualTo("345");
        assertThat(slice.view().isReadOnly()).isTrue();
        slice.release();
        assertThat(buffer.refCnt()).isZero();
    }

    @Test
    void aPayloadBecomesItsBufferAgainWithoutACopy() {
        ByteBuf buffer = PooledByteBufAllocator.DEFAULT.directBuffer(16).writeLong(1);

        ByteBuf same = BufferPayload.toBuffer(BufferPayload.owning(buffer));

        assertThat(same).isSameAs(buffer);
        same.release();
    }

    @Test
    void copiedBytesAreThePayloadsOwn() {
        byte[] bytes = "abc".getBytes(StandardCharsets.US_ASCII);

        Payload payload =
                new BufferPayloads(PooledByteBufAllocator.DEFAULT).copyOf(ByteBuffer.wrap(bytes));
        bytes[0] = 'X';

        assertThat(text(payload)).isEqualTo("abc");
        payload.release();
    }

    @Test
    void aBudgetRefusesWhatIsBeyondItAndCallsBack() {
        MemoryBudget budget = new MemoryBudget(100);
        List<String> called = new ArrayList<>();

        assertThat(budget.tryTake(70)).isTrue();
        assertThat(budget.tryTake(31)).isFalse();
        budget.whenGivenBack(() -> called.add("again"));
        assertThat(called).isEmpty();
        budget.giveBack(70);

        assertThat(called).containsExactly("again");
        assertThat(budget.usedBytes()).isZero();
    }

    @Test
    void aRequestLargerThanTheBudgetPassesAlone() {
        MemoryBudget budget = new MemoryBudget(100);

        assertThat(budget.tryTake(1000)).isTrue();
        assertThat(budget.tryTake(1)).isFalse();
    }

    @Test
    void aBudgetNoticesMoreGivenBackThanTaken() {
        assertThatThrownBy(() -> new MemoryBudget(100).giveBack(1))
                .hasMessageContaining("by 1 bytes");
    }

    @Test
    void closesInReverseOrderAndGoesOnWhenAStepFails() {
        List<String> closed = new ArrayList<>();
        Closer closer = new Closer();
        closer.add("first", () -> closed.add("first"));
        closer.add("second", () -> {
            throw new IllegalStateException("planted");
        });
        closer.add("third", () -> closed.add("third"));

        assertThatThrownBy(closer::close).hasMessage("cannot close the second: planted");

        assertThat(closed).containsExactly("third", "first");
        closer.close();
        assertThat(closed).hasSize(2);
    }

    @Test
    void threadsHaveNamesAndDoNotKeepTheProcessAlive() {
        NamedThreads names = NamedThreads.numbered("kelpie-io");
        names.newThread(() -> {});

        Thread second = names.newThread(() -> {});

        assertThat(second.getName()).isEqualTo("kelpie-io-1");
        assertThat(second.isDaemon()).isTrue();
    }

    private static String text(Payload payload) {
        byte[] bytes = new byte[payload.length()];
        payload.view().get(bytes);
        return new String(bytes, StandardCharsets.US_ASCII);
    }
}
