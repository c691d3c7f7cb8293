package io.kelpie.system;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * One {@code sheep} of a cluster in its own network namespace, with a store that outlives its
 * processes. The thread of the faults starts and ends it; any thread may ask.
 */
final class NodeProcess {
    static final int PORT = 7000;
    static final int NBD_PORT = 10809;

    private static final String JAVA_OPTIONS =
            "-Xmx256m -XX:MaxDirectMemorySize=512m -XX:TieredStopAtLevel=1";
    private static final long END_SECONDS = 60;

    private final int index;
    private final Path directory;
    private final String cluster;
    private volatile @Nullable Process process;
    private boolean isEnded;
    private int disks;

    NodeProcess(int index, Path directory, String cluster) {
        this.index = index;
        this.directory = directory;
        this.cluster = cluster;
    }

    int index() {
        return index;
    }

    Path store() {
        return directory.resolve("store");
    }

    Path output() {
        return directory.resolve("sheep.out");
    }

    /** Where clients reach it. */
    String address() {
        return NodeNetwork.address(index, NodeNetwork.Link.CLIENTS);
    }

    /** Gives it an empty store, as after the loss of its disk; it must not run. */
    void replaceDisk() throws IOException {
        Path old = directory.resolve("store." + ++disks);
        Files.move(store(), old);
        // The log tells of the whole life of the node, not of the disk.
        Path log = old.resolve("sheep.log");
        Files.createDirectories(store());
        if (Files.exists(log)) {
            Files.copy(log, store().resolve("sheep.log"));
        }
    }

    void start() throws IOException {
        Files.createDirectories(store());
        List<String> command = new ArrayList<>(NodeNetwork.prefix(index));
        command.addAll(List.of(SheepProcess.SHEEP.toString(), store().toString(), "-f"));
        command.addAll(List.of("-p", Integer.toString(PORT), "-z", Integer.toString(index)));
        command.addAll(List.of("-y", NodeNetwork.address(index, NodeNetwork.Link.PEERS)));
        command.addAll(List.of("-c", cluster, "--nbd=0.0.0.0:" + NBD_PORT));
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output().toFile()));
        builder.environment().put("KELPIE_JAVA_OPTS", JAVA_OPTIONS);
        Commands.useDebianPath(builder);
        process = builder.start();
        isEnded = false;
    }

    boolean isAlive() {
        Process running = process;
        return running != null && running.isAlive();
    }

    /** Whether the process has ended though nobody here told it to. */
    boolean hasDied() {
        return !isEnded && !isAlive();
    }

    /** Kills without a chance to write anything, and waits for the end. */
    void kill() throws InterruptedException, IOException {
        Process running = process;
        if (running != null) {
            running.destroyForcibly();
            awaitEnd(running);
        }
    }

    /** Asks to end, and waits for it. */
    void terminate() throws InterruptedException, IOException {
        Process running = process;
        if (running != null) {
            running.destroy();
            awaitEnd(running);
        }
    }

    private void awaitEnd(Process running) throws InterruptedException, IOException {
        isEnded = true;
        if (!running.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException("node " + index + " does not end");
        }
    }

    /** Lets it neither answer nor hang up. */
    void freeze() throws InterruptedException, IOException {
        signal("STOP");
    }

    /** Ends {@link #freeze}. */
    void thaw() throws InterruptedException, IOException {
        signal("CONT");
    }

    private void signal(String name) throws InterruptedException, IOException {
        Process running = process;
        if (running == null) {
            throw new IOException("node " + index + " does not run");
        }
        int status = new ProcessBuilder("kill", "-" + name, Long.toString(running.pid()))
                .start()
                .waitFor();
        // One that refuses its store may end at any moment; that is found out elsewhere.
        if (status != 0 && running.isAlive()) {
            throw new IOException("kill -" + name + " ended with " + status);
        }
    }

    /** Runs {@code dog} against this node. */
    Commands.Outcome dog(String... arguments) {
        List<String> command = new ArrayList<>(List.of(SheepProcess.DOG.toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-a", address(), "-p", Integer.toString(PORT)));
        return Commands.run(command, new byte[0], java.util.Map.of("TZ", "UTC"));
    }

    @Override
    public String toString() {
        return "node " + index;
    }
}
