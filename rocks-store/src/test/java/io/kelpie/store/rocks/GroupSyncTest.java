package io.kelpie.store.rocks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

class GroupSyncTest {
    /** A log whose syncs wait to be let through. */
    private static final class SteppedLog implements GroupSync.Log {
        final AtomicLong written = new AtomicLong();
        final Semaphore permits = new Semaphore(0);
        final AtomicInteger begun = new AtomicInteger();

        @Override
        public long written() {
            return written.get();
        }

        @Override
        public void sync() {
            begun.incrementAndGet();
            permits.acquireUninterruptibly();
        }
    }

    private final SteppedLog log = new SteppedLog();
    private final GroupSync sync = new GroupSync(log, 0);

    @Test
    void oneSyncServesAllWhoWaitForTheNext() throws Exception {
        log.written.set(1);
        Thread leader = new Thread(() -> sync.sync(1));
        leader.start();
        Awaitility.await().until(() -> log.begun.get() == 1);
        log.written.set(9);
        CountDownLatch done = new CountDownLatch(8);
        List<Thread> followers = new ArrayList<>();
        for (int i = 2; i <= 9; i++) {
            int ticket = i;
            followers.add(new Thread(() -> {
                sync.sync(ticket);
                done.countDown();
            }));
        }
        followers.forEach(Thread::start);
        Awaitility.await()
                .until(() -> followers.stream()
                        .allMatch(thread -> thread.getState() == Thread.State.WAITING));

        log.permits.release(2);
        done.await();
        leader.join();

        assertThat(sync.syncs()).isEqualTo(2);
        assertThat(sync.syncedThrough()).isEqualTo(9);
    }

    @Test
    void writeDuringASyncIsNotCoveredByIt() throws Exception {
        log.written.set(1);
        Thread leader = new Thread(() -> sync.sync(1));
        leader.start();
        Awaitility.await().until(() -> log.begun.get() == 1);

        log.written.set(2);
        log.permits.release();
        leader.join();

        assertThat(sync.syncedThrough()).isEqualTo(1);
    }

    @Test
    void whatIsSyncedNeedsNoSync() {
        log.written.set(3);
        log.permits.release();
        sync.sync(3);

        sync.sync(2);

        assertThat(log.begun).hasValue(1);
    }

    @Test
    void failureReachesTheCallerAndIsNotTakenForASync() {
        GroupSync failing = new GroupSync(
                new GroupSync.Log() {
                    @Override
                    public long written() {
                        return 1;
                    }

                    @Override
                    public void sync() {
                        throw new IllegalStateException("disk gone");
                    }
                },
                0);

        assertThatThrownBy(() -> failing.sync(1)).hasMessage("disk gone");
        assertThatThrownBy(() -> failing.sync(1)).hasMessage("disk gone");
        assertThat(failing.syncedThrough()).isZero();
    }
}
