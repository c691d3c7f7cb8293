package io.kelpie.node.coordinator;

import io.kelpie.node.config.CoordinatorConfig;
import io.kelpie.node.runtime.CoreLoop;
import io.kelpie.node.runtime.SystemClock;

import java.nio.file.Path;

/** A process of its own that announces itself in a directory and waits to be killed. */
final class AnnouncedChild {
    private AnnouncedChild() {}

    public static void main(String[] arguments) throws Exception {
        CoreLoop loop = CoreLoop.start(new SystemClock(), 1024, failure -> {});
        LocalCoordinator coordinator = LocalCoordinator.open(
                new CoordinatorConfig.Local(Path.of(arguments[0])), loop, (level, text) -> {});
        loop.post(() -> coordinator.announce(SharedCoordinatorContract.announcement(0, 9)));
        // Ends with its parent, whatever becomes of that.
        if (System.in.read() < 0) {
            Runtime.getRuntime().halt(0);
        }
    }

    /** Starts one. */
    static Process start(Path directory) throws Exception {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xshare:auto",
                        "-cp",
                        System.getProperty("java.class.path"),
                        AnnouncedChild.class.getName(),
                        directory.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }
}
