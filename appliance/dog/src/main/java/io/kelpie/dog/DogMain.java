package io.kelpie.dog;

import io.kelpie.wire.sheep.SheepFormatException;

import org.jspecify.annotations.Nullable;

import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;

/**
 * Entry of {@code dog}: finds the subcommand, reads its options, runs it and ends with its status.
 *
 * <p>Order of things, which scripts can observe: command and subcommand; environment; options one
 * by one; node list; missing operands; the command itself.
 */
public final class DogMain {
    private static final String VERSION_LINE = "Sheepdog administrator utility (version 1.0.1)";
    private static final String TRY_HELP = "Try 'dog --help' for more information.";
    private static final String ADDRESS_VARIABLE = "SHEEPDOG_DOG_ADDR";
    private static final String PORT_VARIABLE = "SHEEPDOG_DOG_PORT";

    private final Console console;
    private final Dialer dialer;
    private final Map<String, String> environment;
    private final TimeZone zone;
    private final CommandTable table = new CommandTable();

    DogMain(Console console, Dialer dialer, Map<String, String> environment, TimeZone zone) {
        this.console = console;
        this.dialer = dialer;
        this.environment = environment;
        this.zone = zone;
    }

    /**
     * Runs one command and exits the process with its status.
     *
     * @param args the command line behind {@code dog}
     */
    public static void main(String[] args) {
        DogMain dog = new DogMain(
                Console.ofProcess(), new Dialer.Network(), System.getenv(), TimeZone.getDefault());
        int status = dog.run(RawArguments.of(args));
        // Nothing is left to clean up, and halting spares the shutdown hooks' time.
        Runtime.getRuntime().halt(status);
    }

    /**
     * Runs one command.
     *
     * @param words the command line as byte strings
     * @return the exit status; all output has been written
     */
    int run(List<String> words) {
        int status;
        try {
            status = dispatch(words);
        } catch (DogExit e) {
            status = e.status();
        }
        try {
            console.flush();
        } catch (IOException e) {
            return status == ExitStatus.SUCCESS ? ExitStatus.SYSTEM_FAILURE : status;
        }
        return status;
    }

    private int dispatch(List<String> words) {
        InvocationLog.write(environment, words, zone);
        if (words.isEmpty() || isHelp(words.get(0))) {
            printOverview();
            return ExitStatus.SUCCESS;
        }
        String group = words.get(0);
        if (!table.hasGroup(group)) {
            console.error("Invalid command '" + group + "'");
            console.error(TRY_HELP);
            return ExitStatus.USAGE;
        }
        if (words.size() == 1 || isHelp(words.get(1))) {
            printGroup(group);
            return ExitStatus.USAGE;
        }
        Subcommand subcommand = table.find(group, words.get(1));
        if (subcommand == null) {
            console.error("Invalid command '" + group + " " + words.get(1) + "'");
            printGroup(group);
            return ExitStatus.USAGE;
        }
        return execute(subcommand, words.subList(2, words.size()));
    }

    private int execute(Subcommand subcommand, List<String> words) {
        long started = System.nanoTime();
        Options options = parse(subcommand, words);
        DogCommand command = command(subcommand);
        if (command == null) {
            console.error("dog: '" + subcommand.fullName()
                    + "' is not available in this version of Kelpie");
            return ExitStatus.FAILURE;
        }
        try (Sheep sheep = new Sheep(console, dialer, options.address(), options.port())) {
            int status = run(subcommand, command, new Invocation(options, console, sheep, zone));
            if (options.has('T')) {
                printElapsed(System.nanoTime() - started);
            }
            return status;
        }
    }

    private int run(Subcommand subcommand, DogCommand command, Invocation invocation) {
        if (command.needsNodes()) {
            invocation.sheep().loadNodes();
        }
        int minOperands = command.minOperands();
        boolean complete =
                minOperands == 0 || invocation.options().operand(minOperands - 1) != null;
        int status = complete ? statusOf(command, invocation) : ExitStatus.USAGE;
        if (status == ExitStatus.USAGE) {
            console.print(subcommand.usage());
            throw DogExit.immediately(ExitStatus.USAGE);
        }
        return status;
    }

    private int statusOf(DogCommand command, Invocation invocation) {
        try {
            return command.run(invocation);
        } catch (NoAnswerException e) {
            return ExitStatus.SYSTEM_FAILURE; // The reason is on standard error.
        } catch (SheepFormatException e) {
            console.error("failed to read a response: " + e.getMessage());
            return ExitStatus.SYSTEM_FAILURE;
        } catch (DogExit e) {
            if (e.isImmediate()) {
                throw e;
            }
            return e.status();
        }
    }

    private Options parse(Subcommand subcommand, List<String> words) {
        Options options = new Options(console);
        if (environment.containsKey(ADDRESS_VARIABLE)) {
            options.address(environment.getOrDefault(ADDRESS_VARIABLE, ""));
        }
        if (environment.containsKey(PORT_VARIABLE)) {
            options.port(environment.getOrDefault(PORT_VARIABLE, ""));
        }
        GetOpt getOpt = new GetOpt("dog", subcommand.options(), words);
        for (char letter = getOpt.next(); letter != GetOpt.END; letter = getOpt.next()) {
            if (letter == GetOpt.WRONG) {
                console.error(getOpt.error());
                console.error(TRY_HELP);
                throw DogExit.immediately(ExitStatus.USAGE);
            }
            if (letter == 'h') {
                console.print(subcommand.usage());
                throw DogExit.immediately(ExitStatus.SUCCESS);
            }
            options.accept(letter, getOpt.argument());
        }
        options.operands(getOpt.operands());
        return options;
    }

    /** Returns the class behind a subcommand, or null if this version has none. */
    private static @Nullable DogCommand command(Subcommand subcommand) {
        return switch (subcommand.fullName()) {
            case "cluster format" -> new ClusterFormat();
            case "cluster info" -> new ClusterInfo();
            case "cluster recover" -> new ClusterRecover();
            case "cluster reweight" -> new ClusterReweight();
            case "cluster shutdown" -> new ClusterShutdown();
            case "node info" -> new NodeInfo();
            case "node kill" -> new NodeKill();
            case "node list" -> new NodeList();
            case "node recovery" -> new NodeRecovery();
            case "node stat" -> new NodeStat();
            case "vdi create" -> new VdiCreate();
            case "vdi delete" -> new VdiDelete();
            case "vdi getattr" -> new VdiGetattr();
            case "vdi list" -> new VdiList();
            case "vdi read" -> new VdiRead();
            case "vdi resize" -> new VdiResize();
            case "vdi setattr" -> new VdiSetattr();
            case "vdi write" -> new VdiWrite();
            default -> null;
        };
    }

    private static boolean isHelp(String word) {
        return word.equals("help") || word.equals("-h") || word.equals("--help");
    }

    private void printOverview() {
        console.println(VERSION_LINE);
        console.println("Usage: dog <command> <subcommand> [options]");
        console.println("");
        console.println("Available commands:");
        for (Subcommand subcommand : table.all()) {
            console.println(
                    "  " + Columns.left(subcommand.fullName(), 24) + subcommand.description());
        }
        console.println("");
        console.println(
                "Type 'dog <command> <subcommand> --help' to learn more about a subcommand.");
    }

    private void printGroup(String group) {
        console.error("Available " + group + " commands:");
        for (Subcommand subcommand : table.group(group)) {
            console.error("  " + subcommand.fullName());
        }
    }

    private void printElapsed(long nanos) {
        BigDecimal seconds =
                new BigDecimal(nanos).movePointLeft(9).setScale(3, RoundingMode.HALF_EVEN);
        console.print("\nElapsed time: " + seconds.toPlainString() + " seconds\n");
    }
}
