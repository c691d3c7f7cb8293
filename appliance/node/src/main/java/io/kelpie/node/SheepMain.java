package io.kelpie.node;

import io.kelpie.cluster.port.Tracer;
import io.kelpie.node.config.LogConfig;
import io.kelpie.node.config.NodeConfig;
import io.kelpie.node.config.SheepCommand;
import io.kelpie.node.runtime.Closer;
import io.kelpie.node.runtime.NamedThreads;
import io.kelpie.node.runtime.Signals;
import io.kelpie.node.trace.LogTracer;
import io.kelpie.node.trace.NodeLog;
import io.kelpie.node.trace.TraceRing;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The {@code sheep} command. Exit status: 0 after a clean stop (SIGTERM, SIGINT, {@code dog cluster
 * shutdown}, {@code dog node kill}), 1 when the command line is refused or the node cannot start,
 * 70 after a broken invariant.
 */
public final class SheepMain {
    /** A stop that takes longer is given up. */
    private static final long STOP_SECONDS = 90;

    private final NodeConfig config;
    private final boolean detached;
    private final NodeLog log = NodeLog.hold();
    private final TraceRing ring = new TraceRing();
    private final Tracer tracer = new LogTracer("sheep", ring);
    private final CountDownLatch stopAsked = new CountDownLatch(1);

    private SheepMain(NodeConfig config, boolean detached) {
        this.config = config;
        this.detached = detached;
    }

    /**
     * Runs the command.
     *
     * @param arguments of the command line
     */
    public static void main(String[] arguments) {
        System.exit(run(List.of(arguments), System.getenv()));
    }

    private static int run(List<String> arguments, Map<String, String> environment) {
        Path base = Daemon.callersDirectory(environment);
        SheepCommand.Request request = SheepCommand.parse(arguments, environment, base);
        if (request instanceof SheepCommand.Start start) {
            boolean detached = Daemon.isDetached(environment);
            if (!detached && !start.config().foreground()) {
                return Daemon.launch();
            }
            return new SheepMain(start.config(), detached).serve();
        }
        SheepCommand.Print print = (SheepCommand.Print) request;
        System.out.print(print.output());
        System.out.flush();
        System.err.print(print.errors());
        return print.status();
    }

    private int serve() {
        CrashReport crash = new CrashReport(config.store(), ring, tracer);
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> crash.halt(failure));
        Signals.handle("TERM", stopAsked::countDown);
        Signals.handle("INT", stopAsked::countDown);
        Signals.handle("HUP", log::rotate);
        try (Closer running = new Closer()) {
            running.add("node", Node.start(config, surroundings(crash)));
            Path pidFile = config.pidFile();
            if (pidFile != null) {
                running.add("pid file", PidFile.create(pidFile));
            }
            tracer.event(
                    Tracer.Level.INFO,
                    "sheepdog daemon (version " + SheepCommand.VERSION + "-kelpie) started");
            stopAsked.await();
            tracer.event(Tracer.Level.INFO, "shutdown");
            limitStop();
        } catch (StartException e) {
            return refuse(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 1;
        } catch (IllegalStateException e) {
            tracer.event(Tracer.Level.ERROR, "the stop was not clean: " + e.getMessage());
            return 1;
        } finally {
            log.close();
        }
        return 0;
    }

    private Node.Surroundings surroundings(CrashReport crash) {
        return new Node.Surroundings(tracer, crash::halt, this::openLog, stopAsked::countDown);
    }

    private void openLog() throws StartException {
        try {
            log.open(config.log(), config.store(), config.sheep().endpoint().port());
        } catch (IOException e) {
            throw new StartException(
                    "cannot open the log: " + e.getMessage()
                            + "; name another directory with -l dir=DIR",
                    e);
        }
        for (String line : config.lines()) {
            tracer.event(Tracer.Level.INFO, "setting " + line);
        }
        for (String line : config.warnings()) {
            tracer.event(Tracer.Level.WARN, line);
        }
        if (detached) {
            Daemon.tellOpened();
        }
    }

    /** One line for the caller, as long as there is one, and one for the log. */
    private int refuse(StartException why) {
        tracer.event(Tracer.Level.ERROR, why.line());
        if (config.log().destination() == LogConfig.Destination.FILE) {
            System.err.println(NodeLog.errorLine(why.line()));
        }
        return 1;
    }

    private void limitStop() {
        Thread watch = NamedThreads.named("kelpie-stop", () -> {
            try {
                TimeUnit.SECONDS.sleep(STOP_SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            tracer.event(Tracer.Level.ERROR, "gave up stopping after " + STOP_SECONDS + " seconds");
            Runtime.getRuntime().halt(1);
        });
        watch.start();
    }
}
