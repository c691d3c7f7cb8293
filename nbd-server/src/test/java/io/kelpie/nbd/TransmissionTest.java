// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.kelpie.nbd.wire.NbdConstants;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import java.time.Duration;
import java.util.Arrays;

@ExtendWith(NoLeaks.class)
class TransmissionTest {

    private static final long SIZE = 1 << 20;

    private final HeldDevice held = new HeldDevice(SIZE, DeviceLimits.writable());

    @Test
    void readsWhatWasWritten() {
        try (var door = Door.serving(new MemoryDevice(SIZE))) {
            door.send(new ClientBytes().write(1, 4095, new byte[] {7, 8, 9}).read(2, 4094, 5));

            door.expectReply(1);
            door.expectReply(2);
            assertThat(ByteBufUtil.getBytes(door.received())).containsExactly(0, 7, 8, 9, 0);
        }
    }

    @Test
    void givesTheDeviceEveryCommandWithItsFlags() {
        try (var door = Door.serving(held)) {
            door.send(new ClientBytes()
                    .writeWith(NbdConstants.CMD_FLAG_FUA, 1, 10, new byte[5])
                    .request(NbdConstants.CMD_TRIM, NbdConstants.CMD_FLAG_FUA, 2, 20, 6)
                    .request(NbdConstants.CMD_WRITE_ZEROES, NbdConstants.CMD_FLAG_NO_HOLE, 3, 30, 7)
                    .flush(4));

            assertThat(held.calls)
                    .extracting(call -> call.name() + " " + call.offset() + "+" + call.length()
                            + " " + call.fua())
                    .containsExactly(
                            "write 10+5 true",
                            "trim 20+6 true",
                            "zero ZeroFlags[fua=false, noHole=true, fast=false] 30+7 false",
                            "flush 0+0 false");
            door.expectNothing();
            while (held.callCount() > 0) {
                held.take(0).succeed();
            }
            for (var cookie = 1; cookie <= 4; cookie++) {
                door.expectReply(cookie);
            }
        }
    }

    @Test
    void answersInTheOrderInWhichCallsEnd() {
        try (var door = Door.serving(held)) {
            door.send(new ClientBytes().read(1, 1, 1).write(2, 0, (byte) 1).read(3, 3, 1));

            held.take(2).succeed();
            held.take(0).succeed();
            held.take(0).succeed();

            door.expectReply(3);
            assertThat(door.received().readByte()).isEqualTo((byte) 3);
            door.expectReply(1);
            assertThat(door.received().readByte()).isEqualTo((byte) 1);
            door.expectReply(2);
            door.expectNothing();
            door.closeQuiet();
        }
    }

    @Test
    void answersFromOtherThreadsArrive() throws InterruptedException {
        try (var door = Door.serving(held)) {
            door.send(new ClientBytes().read(1, 1, 1).flush(2));

            var thread = new Thread(() -> {
                held.take(1).succeed();
                held.take(0).succeed();
            });
            thread.start();
            thread.join();

            door.expectReply(2);
            door.expectReply(1);
        }
    }

    @Test
    void failuresCarryTheDevicesError() {
        var failing = new FailingDevice(
                new MemoryDevice(SIZE), NbdError.ENOSPC, offset -> offset >= 4096);
        try (var door = Door.serving(failing)) {
            door.send(new ClientBytes()
                    .write(1, 4096, (byte) 1)
                    .read(2, 8192, 4096)
                    .write(3, 0, (byte) 1));

            door.expectFailure(1, NbdError.ENOSPC);
            door.expectFailure(2, NbdError.ENOSPC);
            door.expectReply(3);
            door.expectNothing();
            assertThat(door.server.stats().requestsFailedTotal()).isEqualTo(2);
            door.closeQuiet();
        }
    }

    @Test
    void refusedWritesAreSkippedAndTheNextRequestIsServed() {
        var limits = DeviceLimits.writable().withBlockSizes(1, 4096, 8192);
        try (var door = Door.serving(new MemoryDevice(SIZE, limits))) {
            door.send(new ClientBytes()
                    .write(1, SIZE, new byte[100])
                    .write(2, 0, new byte[8193])
                    .write(3, 0, new byte[0])
                    .write(4, 0, new byte[8192]));

            door.expectFailure(1, NbdError.ENOSPC);
            door.expectFailure(2, NbdError.EINVAL);
            door.expectFailure(3, NbdError.EINVAL);
            door.expectReply(4);
            door.closeQuiet();
        }
    }

    @Test
    void anAbsurdWriteIsAnsweredAndCloses() {
        try (var door = Door.serving(new MemoryDevice(SIZE))) {
            door.send(new ClientBytes().request(NbdConstants.CMD_WRITE, 0, 1, 0, 0xffffffffL));

            door.expectFailure(1, NbdError.ENOSPC);
            door.expectClosed();
            door.closeQuiet();
        }
    }

    @Test
    void absurdReadsAllocateNothing() {
        try (var door = Door.serving(held)) {
            door.send(new ClientBytes()
                    .request(NbdConstants.CMD_READ, 0, 1, 0, 0xffffffffL)
                    .request(NbdConstants.CMD_READ, 0, 2, Long.MIN_VALUE, 0xffffffffL)
                    .request(NbdConstants.CMD_READ, 0, 3, -1, 1));

            door.expectFailure(1, NbdError.EINVAL);
            door.expectFailure(2, NbdError.EINVAL);
            door.expectFailure(3, NbdError.EINVAL);
            assertThat(held.callCount()).isZero();
        }
    }

    @Test
    void unknownCommandsAreInvalidAndTheConnectionGoesOn() {
        try (var door = Door.serving(new MemoryDevice(SIZE))) {
            door.send(new ClientBytes()
                    .request(200, 0, 1, 0, 0)
                    .request(NbdConstants.CMD_BLOCK_STATUS, 0, 2, 0, 512)
                    .flush(3));

            door.expectFailure(1, NbdError.EINVAL);
            door.expectFailure(2, NbdError.EINVAL);
            door.expectReply(3);
        }
    }

    @Test
    void aPayloadThatCannotBeToldApartCloses() {
        try (var door = Door.serving(new MemoryDevice(SIZE))) {
            door.send(new ClientBytes().request(200, NbdConstants.CMD_FLAG_PAYLOAD_LEN, 1, 0, 8));

            door.expectFailure(1, NbdError.EINVAL);
            door.expectClosed();
        }
    }

    @Test
    void aWrongMagicClosesAndCallsInFlightEnd() {
        var door = Door.serving(held);
        door.send(new ClientBytes().read(1, 0, 10).raw(new byte[28]));
        door.expectClosed();
        assertThat(held.closes()).isZero();

        held.take(0).succeed();

        door.closeQuiet();
        assertThat(held.closes()).isEqualTo(1);
    }

    @Test
    void disconnectWaitsForRequestsInFlight() {
        try (var door = Door.serving(held)) {
            door.send(new ClientBytes()
                    .write(1, 0, (byte) 1)
                    .read(2, 0, 1)
                    .disconnect()
                    .flush(9));
            door.expectOpen();

            held.take(0).succeed();
            door.expectReply(1);
            door.expectOpen();
            held.take(0).succeed();
            door.expectReply(2);

            door.received().skipBytes(1);
            door.expectClosed();
            door.expectNothing();
            assertThat(held.callCount()).isZero();
            assertThat(held.closes()).isEqualTo(1);
            door.closeQuiet();
        }
    }

    @Test
    void disconnectWithoutRequestsClosesAtOnce() {
        try (var door = Door.serving(held)) {
            door.send(new ClientBytes().disconnect());

            door.expectClosed();
            assertThat(held.closes()).isEqualTo(1);
        }
    }

    @Test
    void aClientThatVanishesLeavesNothingBehind() {
        var door = Door.serving(held);
        var halfWrite = new ClientBytes().write(3, 0, new byte[100]).toArray();
        door.send(new ClientBytes().read(1, 0, 4096).write(2, 0, new byte[4096]));
        door.send(Arrays.copyOf(halfWrite, 60));
        assertThat(door.server.budget.usedBytes()).isEqualTo(4096 + 4096 + 100);

        door.vanish();
        door.settle();
        assertThat(door.server.budget.usedBytes()).isEqualTo(4096 + 4096);
        assertThat(held.closes()).isZero();
        held.take(1).succeed();
        held.take(0).succeed();

        door.closeQuiet();
        assertThat(held.closes()).isEqualTo(1);
    }

    @Test
    void aRefusedWriteCutOffInTheMiddleLeavesNothingBehind() {
        var door = Door.serving(held);
        door.send(new ClientBytes()
                .request(NbdConstants.CMD_WRITE, 0, 1, SIZE, 4096)
                .raw(new byte[10]));

        door.closeQuiet();

        assertThat(held.closes()).isEqualTo(1);
    }

    @Test
    void tooManyRequestsStopTheReadingUntilOneHasLeft() {
        var config = Door.config().maxRequestsInFlight(2).build();
        try (var door = Door.serving(held, config)) {
            door.send(new ClientBytes().flush(1).flush(2).flush(3).flush(4));
            assertThat(held.callCount()).isEqualTo(2);
            assertThat(door.channel.config().isAutoRead()).isFalse();

            held.take(0).succeed();
            door.expectReply(1);
            assertThat(held.callCount()).isEqualTo(2);
            held.take(0).succeed();
            held.take(0).succeed();
            door.expectReply(2);
            door.expectReply(3);
            held.take(0).succeed();
            door.expectReply(4);

            assertThat(door.channel.config().isAutoRead()).isTrue();
            door.closeQuiet();
        }
    }

    @Test
    void aSpentConnectionBudgetStopsTheReading() {
        var config =
                Door.config().maxRequestBytes(4096).connectionBudgetBytes(8192).build();
        try (var door = Door.serving(held, config)) {
            door.send(new ClientBytes()
                    .read(1, 0, 4096)
                    .write(2, 0, new byte[4096])
                    .flush(3)
                    .read(4, 0, 1));
            assertThat(held.calls)
                    .extracting(HeldDevice.Call::name)
                    .containsExactly("read", "write", "flush");
            assertThat(door.server.budget.usedBytes()).isEqualTo(8192);

            held.take(1).succeed();

            door.settle();
            assertThat(held.calls)
                    .extracting(HeldDevice.Call::name)
                    .containsExactly("read", "flush", "read");
            while (held.callCount() > 0) {
                held.take(0).succeed();
            }
            door.closeQuiet();
        }
    }

    @Test
    void aSpentServerBudgetStopsOtherConnectionsInTheirOrder() {
        var config = Door.config()
                .maxRequestBytes(4096)
                .connectionBudgetBytes(4096)
                .serverBudgetBytes(4096)
                .build();
        var first = Door.serving(held, config);
        var second = new Door(first.server);
        second.enter();
        var third = new Door(first.server);
        third.enter();
        first.send(new ClientBytes().read(1, 0, 4000));
        second.send(new ClientBytes().write(2, 0, new byte[200]));
        third.send(new ClientBytes().read(3, 0, 1));
        assertThat(held.callCount()).isEqualTo(1);
        assertThat(second.channel.config().isAutoRead()).isFalse();
        assertThat(third.channel.config().isAutoRead()).isFalse();

        held.take(0).succeed();
        first.expectReply(1);
        second.settle();
        third.settle();

        assertThat(held.calls).extracting(HeldDevice.Call::name).containsExactly("write", "read");
        held.take(0).succeed();
        second.expectReply(2);
        held.take(0).succeed();
        third.expectReply(3);
        first.close();
        second.close();
        third.closeQuiet();
    }

    @Test
    void aWaitingConnectionThatVanishesGivesItsPlaceAway() {
        var config = Door.config()
                .maxRequestBytes(4096)
                .connectionBudgetBytes(4096)
                .serverBudgetBytes(4096)
                .build();
        var first = Door.serving(held, config);
        var second = new Door(first.server);
        second.enter();
        first.send(new ClientBytes().read(1, 0, 4000));
        second.send(new ClientBytes().read(2, 0, 200));

        second.close();
        held.take(0).succeed();

        first.expectReply(1);
        first.closeQuiet();
    }

    @Test
    void aGrantThatComesTooLateIsGivenBack() {
        var config = Door.config()
                .maxRequestBytes(4096)
                .connectionBudgetBytes(4096)
                .serverBudgetBytes(4096)
                .build();
        var first = Door.serving(held, config);
        var second = new Door(first.server);
        second.enter();
        first.send(new ClientBytes().read(1, 0, 4000));
        second.send(new ClientBytes().read(2, 0, 200));

        held.take(0).succeed();
        first.expectReply(1);
        // The grant is still a task of the second connection when that ends.
        second.channel.pipeline().fireUserEventTriggered(ServerState.DRAIN);
        second.expectClosed();

        assertThat(held.callCount()).isZero();
        second.close();
        first.closeQuiet();
    }

    @Test
    void aClientThatStopsInsideAWriteIsClosed() {
        try (var door = Door.serving(held)) {
            door.send(new ClientBytes()
                    .request(NbdConstants.CMD_WRITE, 0, 1, 0, 4096)
                    .raw(new byte[10]));
            door.advance(Duration.ofSeconds(50));
            door.send(new byte[1]);
            door.advance(Duration.ofSeconds(50));
            door.expectOpen();

            door.advance(Duration.ofSeconds(30));

            door.expectClosed();
            door.closeQuiet();
        }
    }

    @Test
    void aQuietClientWithoutARequestMayStayForEver() {
        try (var door = Door.serving(held)) {
            door.advance(Duration.ofHours(10));

            door.expectOpen();
        }
    }

    @Test
    void aQuietClientIsClosedAtTheIdleLimitButNotWhileItWaits() {
        var config = Door.config().idleLimit(Duration.ofSeconds(10)).build();
        try (var door = Door.serving(held, config)) {
            door.send(new ClientBytes().flush(1));
            door.advance(Duration.ofSeconds(100));
            door.expectOpen();

            held.take(0).succeed();
            door.expectReply(1);
            door.advance(Duration.ofSeconds(13));

            door.expectClosed();
        }
    }

    @Test
    void drainingLetsRequestsEndAndTakesNoNewOnes() {
        try (var door = Door.serving(held)) {
            door.send(new ClientBytes().flush(1));

            door.server.drain();
            door.send(new ClientBytes().flush(2));
            door.expectOpen();
            held.take(0).succeed();

            door.expectReply(1);
            door.expectClosed();
            door.expectNothing();
            assertThat(held.callCount()).isZero();
        }
    }

    @Test
    void aDeviceThatAnswersTwiceIsTold() {
        try (var door = Door.serving(held)) {
            door.send(new ClientBytes().read(1, 0, 1));
            var call = held.take(0);
            call.succeed();
            var bytes = Unpooled.buffer().writeByte(1);

            assertThatThrownBy(() -> call.reply().data(bytes))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> call.reply().done()).isInstanceOf(IllegalStateException.class);

            assertThat(bytes.refCnt()).isZero();
            door.expectReply(1);
        }
    }

    @Test
    void aDeviceThatAnswersNonsenseIsAnError() {
        try (var door = Door.serving(held)) {
            door.send(new ClientBytes().read(1, 0, 2).read(2, 0, 2).flush(3));
            var tooShort = Unpooled.buffer().writeByte(1);
            held.take(0).reply().data(tooShort);
            held.take(0).reply().done();
            held.take(0).reply().data(Unpooled.buffer());

            door.expectFailure(1, NbdError.EIO);
            door.expectFailure(2, NbdError.EIO);
            door.expectFailure(3, NbdError.EIO);
            assertThat(tooShort.refCnt()).isZero();
            door.closeQuiet();
        }
    }

    @Test
    void aDeviceThatThrowsIsAnErrorAndItsDataIsReleased() {
        BlockDevice throwing = new BlockDevice() {
            @Override
            public long sizeBytes() {
                return SIZE;
            }

            @Override
            public DeviceLimits limits() {
                return DeviceLimits.writable();
            }

            @Override
            public void read(long offset, int length, Reply reply) {
                throw new IllegalStateException("broken");
            }

            @Override
            public void write(long offset, ByteBuf data, boolean fua, Reply reply) {
                throw new IllegalStateException("broken");
            }

            @Override
            public void flush(Reply reply) {
                reply.done();
                throw new IllegalStateException("broken after the answer");
            }
        };
        try (var door = Door.serving(throwing)) {
            door.send(new ClientBytes()
                    .read(1, 0, 1)
                    .write(2, 0, (byte) 1)
                    .flush(3)
                    .request(NbdConstants.CMD_TRIM, 0, 4, 0, 1));

            door.expectFailure(1, NbdError.EIO);
            door.expectFailure(2, NbdError.EIO);
            door.expectReply(3);
            door.expectFailure(4, NbdError.EINVAL);
            door.closeQuiet();
        }
    }

    @Test
    void countersTellWhatHappened() {
        try (var door = Door.serving(new MemoryDevice(SIZE))) {
            door.send(new ClientBytes().write(1, 0, new byte[10]).read(2, 0, 20).read(3, SIZE, 1));

            var stats = door.server.stats();
            assertThat(stats).isEqualTo(new NbdServerStats(1, 0, 0, 1, 0, 3, 1, 20, 10));
        }
    }
}
