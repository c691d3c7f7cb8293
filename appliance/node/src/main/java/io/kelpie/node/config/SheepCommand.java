package io.kelpie.node.config;

import org.jspecify.annotations.Nullable;

import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The command line of {@code sheep}: options as upstream's, parsed with getopt's rules and refused
 * with getopt's texts, plus the options of the doors. The one class that knows picocli. Stateless.
 */
public final class SheepCommand {
    /** What {@code sheep -v} prints; scripts look for upstream's number. */
    public static final String VERSION = "1.0.1";

    private static final String HINT = "Try 'sheep --help' for more information.";
    private static final int MAX_VNODES = 65535;

    private SheepCommand() {}

    /** What a command line asks for. */
    public sealed interface Request {}

    /**
     * Start a node.
     *
     * @param config what it shall be
     */
    public record Start(NodeConfig config) implements Request {}

    /**
     * Print and exit.
     *
     * @param output lines for the standard output stream
     * @param errors lines for the standard error stream
     * @param status exit status
     */
    public record Print(String output, String errors, int status) implements Request {}

    /**
     * Reads a command line together with the other sources of settings.
     *
     * @param arguments without the program's name
     * @param environment variables
     * @param base directory against which relative paths are resolved
     * @return what to do
     */
    public static Request parse(
            List<String> arguments, Map<String, String> environment, Path base) {
        try {
            Parsed parsed = new Parsed();
            for (Map.Entry<SheepOption, String> given : options(arguments, parsed)) {
                Request answer = parsed.take(given.getKey(), given.getValue());
                if (answer != null) {
                    return answer;
                }
            }
            return new Start(parsed.config(environment, base));
        } catch (ConfigException e) {
            return new Print(e.output(), e.getMessage() + "\n", 1);
        }
    }

    /** The options in the order given; the operand goes to {@code parsed}. */
    private static List<Map.Entry<SheepOption, String>> options(
            List<String> arguments, Parsed parsed) throws ConfigException {
        List<Map.Entry<SheepOption, String>> given = new ArrayList<>();
        CommandLine command = new CommandLine(spec(given, parsed))
                .setAbbreviatedOptionsAllowed(true)
                .setAllowOptionsAsOptionParameters(true)
                .setOverwrittenOptionsAllowed(true)
                .setUnmatchedOptionsArePositionalParams(false)
                .setTrimQuotes(false)
                .setExpandAtFiles(false)
                .setInterpolateVariables(false);
        String[] words =
                arguments.stream().map(SheepCommand::withDefaultValue).toArray(String[]::new);
        try {
            command.parseArgs(words);
        } catch (CommandLine.ParameterException e) {
            throw refusal(e, arguments);
        }
        return given;
    }

    private static CommandSpec spec(List<Map.Entry<SheepOption, String>> given, Parsed parsed) {
        CommandSpec spec = CommandSpec.create().name("sheep");
        for (SheepOption option : SheepOption.values()) {
            List<String> names = new ArrayList<>();
            if (option.letter() != null) {
                names.add("-" + option.letter());
            }
            if (option.longName() != null) {
                names.add("--" + option.longName());
            }
            // A setter that collects keeps the order, which a field for each option would lose.
            spec.addOption(OptionSpec.builder(names.toArray(String[]::new))
                    .arity(option.hasArgument() ? "1" : "0")
                    .type(option.hasArgument() ? String.class : boolean.class)
                    .getter(new Nothing())
                    .setter(new Collector(option, given))
                    .build());
        }
        return spec.addPositional(PositionalParamSpec.builder()
                .index("0..*")
                .arity("0..*")
                .type(List.class)
                .auxiliaryTypes(String.class)
                .initialValue(parsed.operands)
                .setter(new OperandSetter(parsed))
                .getter(new OperandGetter(parsed))
                .build());
    }

    /** An option whose value is optional takes it behind an equals sign only. */
    private static String withDefaultValue(String word) {
        return switch (word) {
            case "--nbd" -> "--nbd=" + ConfigBuilder.DEFAULT_NBD;
            case "--http" -> "--http=yes";
            default -> word;
        };
    }

    /** Says what getopt says. */
    private static ConfigException refusal(
            CommandLine.ParameterException failure, List<String> arguments) {
        if (failure instanceof CommandLine.MissingParameterException missing) {
            return missingArgument(missing, arguments);
        }
        if (failure instanceof CommandLine.UnmatchedArgumentException unmatched) {
            String word = unmatched.getUnmatched().get(0);
            if (word.startsWith("--")) {
                return usage("sheep: unrecognized option '" + word + "'");
            }
            return usage("sheep: invalid option -- '" + unknownLetter(word) + "'");
        }
        for (String word : arguments) {
            String given = word.startsWith("--") ? word.substring(2).split("=", 2)[0] : "";
            for (SheepOption option : SheepOption.values()) {
                String name = option.longName();
                boolean isMeant = name != null && !given.isEmpty() && name.startsWith(given);
                if (isMeant && !option.hasArgument() && word.contains("=")) {
                    return usage("sheep: option '--" + name + "' doesn't allow an argument");
                }
            }
        }
        return usage("sheep: " + String.valueOf(failure.getMessage()).replace('\n', ' '));
    }

    private static ConfigException missingArgument(
            CommandLine.MissingParameterException missing, List<String> arguments) {
        OptionSpec option = (OptionSpec) missing.getMissing().get(0);
        SheepOption known = optionOf(option);
        String last = arguments.get(arguments.size() - 1);
        String line = last.startsWith("--")
                ? "sheep: option '" + option.longestName() + "' requires an argument"
                : "sheep: option requires an argument -- '" + known.letter() + "'";
        if (!known.isExplained()) {
            return usage(line);
        }
        return new ConfigException(line, known.helpLine());
    }

    private static SheepOption optionOf(OptionSpec spec) {
        for (SheepOption option : SheepOption.values()) {
            if (spec.longestName().equals("--" + option.longName())
                    || spec.shortestName().equals("-" + option.letter())) {
                return option;
            }
        }
        throw new IllegalStateException("no option " + spec.longestName());
    }

    /** The first letter of a bundle that is no option, or whose predecessors are. */
    private static char unknownLetter(String word) {
        String letters = word.startsWith("-") ? word.substring(1) : word;
        for (int i = 0; i < letters.length(); i++) {
            char letter = letters.charAt(i);
            boolean known = false;
            for (SheepOption option : SheepOption.values()) {
                known |= option.letter() != null && option.letter() == letter;
            }
            if (!known) {
                return letter;
            }
        }
        return letters.isEmpty() ? '-' : letters.charAt(0);
    }

    private static ConfigException usage(String line) {
        return new ConfigException(line + "\n" + HINT);
    }

    private static String help() {
        StringBuilder help = new StringBuilder("Sheepdog daemon (version " + VERSION + ")\n"
                + "Usage: sheep [OPTION]... [PATH] (default: /tmp)\nOptions:\n");
        for (SheepOption option : SheepOption.values()) {
            help.append(option.helpLine());
        }
        return help.toString();
    }

    /** What the command line has said so far. */
    private static final class Parsed {
        private List<String> operands = new ArrayList<>();
        private final Map<Setting, String> values = new EnumMap<>(Setting.class);
        private final List<String> warnings = new ArrayList<>();
        private @Nullable String configFile;
        private boolean foreground;
        private boolean gateway;
        private boolean vnodes;

        /** Acts on one option; not null if it ends the run. */
        @Nullable
        Request take(SheepOption option, String value) throws ConfigException {
            switch (option) {
                case BINDADDR -> set(Setting.BIND, Addresses.numeric(value).getHostAddress());
                case CLUSTER -> set(Setting.CLUSTER, value);
                case CONFIG -> configFile = value;
                case DURABILITY -> set(Setting.DURABILITY, value);
                case FOREGROUND -> foreground = true;
                case FUSE -> set(Setting.FUSE, value);
                case GATEWAY -> gateway = true;
                case HELP -> {
                    return new Print(help(), "", 0);
                }
                case HTTP_DOOR -> set(Setting.HTTP, value);
                case IOADDR -> set(Setting.IOADDR, value);
                case LOG -> takeLog(value);
                case NBD -> set(Setting.NBD, value);
                case NBD_DEFAULT -> set(Setting.NBD_DEFAULT, value);
                case NBD_TLS -> set(Setting.NBD_TLS, value);
                case NBD_TLS_CERTIFICATES -> set(Setting.NBD_TLS_CERTIFICATES, value);
                case NBD_TLS_VERIFY_PEER -> set(Setting.NBD_TLS_VERIFY_PEER, value);
                case NBD_SOCKET -> set(Setting.NBD_SOCKET, value);
                case NOSYNC ->
                    warnings.add(
                            "-n has no effect: writes are synced when their request asks for it");
                case PORT -> set(Setting.PORT, String.valueOf(Addresses.port(value)));
                case PIDFILE -> set(Setting.PIDFILE, value);
                case VERSION -> {
                    return new Print("Sheepdog daemon version " + VERSION + "\n", "", 0);
                }
                case VNODES -> takeVnodes(value);
                case MYADDR -> set(Setting.ADDRESS, Addresses.host(value).getHostAddress());
                case ZONE -> set(Setting.ZONE, value);
                case DIRECTIO -> warnings.add("-D has no effect: the store uses direct I/O anyway");
                case UPGRADE -> warnings.add("-u has no effect: there is no older store format");
                case WQ_THREADS -> takeThreads(value);
                case OLD_DEBUG -> set(Setting.LOG_LEVEL, "debug");
                case OLD_STDOUT -> set(Setting.LOG_DST, "stdout");
                case OLD_LOGDIR -> set(Setting.LOG_DIR, value);
                case OLD_FORMAT -> set(Setting.LOG_FORMAT, value);
                case JOURNAL, HTTP, RECOVERY, WILDCARD_RECOVERY ->
                    throw new ConfigException("option '-" + option.letter()
                            + "' is not available in this version: start without it");
            }
            return null;
        }

        NodeConfig config(Map<String, String> environment, Path base) throws ConfigException {
            if (gateway && vnodes) {
                throw new ConfigException("Options '-g' and '-V' can not be both specified");
            }
            if (vnodes) {
                throw new ConfigException(
                        "option '-V' is not available in this version: start without it");
            }
            Settings settings = new Settings();
            if (configFile != null) {
                settings.readFile(base.resolve(configFile));
            }
            settings.readEnvironment(environment);
            if (gateway) {
                set(Setting.GATEWAY, "yes");
            }
            if (!operands.isEmpty()) {
                set(Setting.STORE, operands.get(0));
            }
            values.forEach((setting, value) -> settings.put(setting, value, "command line"));
            return new ConfigBuilder(settings, base).build(foreground, warnings);
        }

        private void takeLog(String value) throws ConfigException {
            if (value.length() == 1 && value.charAt(0) >= '0' && value.charAt(0) <= '7') {
                LogConfig.Level level = LogConfig.Level.values()[value.charAt(0) - '0'];
                set(Setting.LOG_LEVEL, level.name().toLowerCase(Locale.ROOT));
                return;
            }
            Map<String, String> parts =
                    SubOptions.parse(value, List.of("level=", "dir=", "format=", "dst="));
            parts.forEach((name, text) -> set(
                    switch (name) {
                        case "level=" -> Setting.LOG_LEVEL;
                        case "dir=" -> Setting.LOG_DIR;
                        case "format=" -> Setting.LOG_FORMAT;
                        default -> Setting.LOG_DST;
                    },
                    text));
        }

        private void takeVnodes(String value) throws ConfigException {
            boolean isNumber = !value.isEmpty()
                    && value.length() <= 5
                    && value.chars().allMatch(c -> c >= '0' && c <= '9');
            int count = isNumber ? Integer.parseInt(value) : 0;
            if (count < 1 || count > MAX_VNODES) {
                throw new ConfigException("Invalid number of vnodes '" + value
                        + "': must be an integer between 1 and 65535");
            }
            vnodes = true;
        }

        private void takeThreads(String value) throws ConfigException {
            SubOptions.parse(
                    value, List.of("net=", "gway=", "io=", "recovery=", "async=", "size="));
            warnings.add("-w has no effect: the number of threads is fixed");
        }

        private void set(Setting setting, String value) {
            values.put(setting, value);
        }
    }

    private record Collector(SheepOption option, List<Map.Entry<SheepOption, String>> given)
            implements CommandLine.Model.ISetter {
        @Override
        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
        public <T> @Nullable T set(@Nullable T value) {
            // Null is the initial value that picocli sets before it parses.
            if (value != null && !Boolean.FALSE.equals(value)) {
                given.add(Map.entry(option, String.valueOf(value)));
            }
            return null;
        }
    }

    private record Nothing() implements CommandLine.Model.IGetter {
        @Override
        @SuppressWarnings("TypeParameterUnusedInFormals")
        public <T> @Nullable T get() {
            return null;
        }
    }

    private record OperandSetter(Parsed parsed) implements CommandLine.Model.ISetter {
        @Override
        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
        public <T> @Nullable T set(@Nullable T value) {
            if (value != null) {
                parsed.operands = (List<String>) value;
            }
            return null;
        }
    }

    private record OperandGetter(Parsed parsed) implements CommandLine.Model.IGetter {
        @Override
        @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
        public <T> @Nullable T get() {
            return (T) parsed.operands;
        }
    }
}
