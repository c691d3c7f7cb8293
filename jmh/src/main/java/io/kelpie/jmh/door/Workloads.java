package io.kelpie.jmh.door;

import java.util.List;
import java.util.Set;

/** The rows. */
final class Workloads {
    private static final Set<Tool> NBD = Set.of(Tool.FIO, Tool.NBDKIT, Tool.QEMU_NBD);
    private static final Set<Tool> COPY = Set.of(Tool.NBDCOPY, Tool.NBDKIT, Tool.QEMU_NBD);
    private static final Set<Tool> QEMU = Set.of(Tool.NBDCOPY, Tool.NBDKIT);
    private static final Set<Tool> FUSE =
            Set.of(Tool.FIO, Tool.NBDKIT, Tool.NBDFUSE, Tool.FUSERMOUNT);

    private Workloads() {}

    /** All of them, in the order in which they are run. */
    static List<Workload> all() {
        return List.of(
                nbd("nbd-4k-randwrite-qd32", "--rw=randwrite", "--bs=4k", "--iodepth=32"),
                nbd("nbd-4k-randwrite-qd1", "--rw=randwrite", "--bs=4k", "--iodepth=1"),
                // Sixteen clients, each waiting for the flush after its write: one client with
                // sixteen
                // requests in flight would not wait for the write before it asks for the flush.
                nbd(
                        "nbd-4k-randwrite-fsync-x16",
                        "--rw=randwrite",
                        "--bs=4k",
                        "--iodepth=1",
                        "--numjobs=16",
                        "--fsync=1"),
                nbd("nbd-4k-randread-qd32", "--rw=randread", "--bs=4k", "--iodepth=32"),
                nbd("nbd-4k-randread-qd1", "--rw=randread", "--bs=4k", "--iodepth=1"),
                nbd(
                        "nbd-4k-mixed-qd16",
                        "--rw=randrw",
                        "--rwmixread=70",
                        "--bs=4k",
                        "--iodepth=16"),
                large("nbd-1m-write-qd4", "--rw=write", "--bs=1m", "--iodepth=4"),
                large("nbd-1m-read-qd4", "--rw=read", "--bs=1m", "--iodepth=4"),
                copy("nbdcopy-in", Copies::nbdcopyIn),
                copy("nbdcopy-out", Copies::nbdcopyOut),
                qemu("qemu52-4k-write-qd32", true),
                qemu("qemu52-4k-read-qd32", false),
                fuse("fuse-4k-randwrite-x1", "--rw=randwrite", "--bs=4k"),
                fuse("fuse-4k-randread-x1", "--rw=randread", "--bs=4k"),
                fuse("fuse-4k-randwrite-x4", "--rw=randwrite", "--bs=4k", "--numjobs=4"),
                fuse("fuse-4k-randread-x4", "--rw=randread", "--bs=4k", "--numjobs=4"));
    }

    private static Workload nbd(String name, String... fio) {
        return new Workload(name, Workload.Unit.REQUESTS, NBD, World::nbdPeers, Fio.nbd(fio));
    }

    private static Workload large(String name, String... fio) {
        return new Workload(name, Workload.Unit.BYTES, NBD, World::nbdPeers, Fio.nbd(fio));
    }

    private static Workload copy(String name, Workload.Action action) {
        return new Workload(name, Workload.Unit.BYTES, COPY, World::nbdPeers, action);
    }

    private static Workload qemu(String name, boolean writes) {
        return new Workload(
                name, Workload.Unit.REQUESTS, QEMU, World::qemuPeers, Copies.qemuBench(writes));
    }

    private static Workload fuse(String name, String... fio) {
        return new Workload(name, Workload.Unit.REQUESTS, FUSE, World::fusePeers, Fio.file(fio));
    }
}
