package io.kelpie.fuse;

import java.nio.file.Path;

/**
 * A process with a mount, for tests that kill it. Arguments: mount point, {@code hook} to close on
 * SIGTERM or {@code bare}. Says MOUNTED or REFUSED on standard output; closes at the first byte or
 * the end of standard input, says CLOSED, ends with standard input.
 */
final class MountMain {
    private MountMain() {}

    /** Mounts, says so, waits. */
    public static void main(String[] arguments) throws Exception {
        FuseMount mount;
        try {
            mount = FuseMount.mount(FuseConfig.at(Path.of(arguments[0])), new MemoryImages());
        } catch (FuseException refused) {
            System.out.println("REFUSED " + refused.error() + " " + refused.getMessage());
            return;
        }
        if (arguments[1].equals("hook")) {
            Thread hook = new Thread(
                    () -> {
                        mount.close();
                        System.out.println("HOOK DONE");
                    },
                    "close-mount");
            Runtime.getRuntime().addShutdownHook(hook);
        }
        System.out.println("MOUNTED");
        boolean hasLine = System.in.read() >= 0;
        mount.close();
        System.out.println("CLOSED");
        while (hasLine && System.in.read() >= 0) {
            // Only the end counts.
        }
    }
}
