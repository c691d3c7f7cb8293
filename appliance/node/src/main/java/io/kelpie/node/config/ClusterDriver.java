package io.kelpie.node.config;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the text of the {@code -c} option, {@code DRIVER[:ARGUMENT]}:
 *
 * <pre>
 * single
 * local[:DIRECTORY]
 * zookeeper:HOST[:PORT][,HOST[:PORT]...][/PATH][,timeout=MILLISECONDS]
 * </pre>
 */
final class ClusterDriver {
    /** Shared directory of the local driver unless one is named. */
    static final String DEFAULT_DIRECTORY = "/tmp/kelpie-local";

    private static final String DEFAULT_ROOT = "/kelpie";
    private static final int DEFAULT_PORT = 2181;
    private static final int DEFAULT_TIMEOUT_MILLIS = 10_000;
    /** Below it, a pause of the process ends sessions. */
    private static final int MIN_TIMEOUT_MILLIS = 2_000;

    private static final int MAX_TIMEOUT_MILLIS = 600_000;
    private static final int MAX_SERVERS = 16;
    private static final String TIMEOUT = ",timeout=";

    private ClusterDriver() {}

    /**
     * @param text the option
     * @param base directory against which relative paths are resolved
     */
    static CoordinatorConfig parse(String text, Path base) throws ConfigException {
        int colon = text.indexOf(':');
        String driver = colon < 0 ? text : text.substring(0, colon);
        String argument = colon < 0 ? "" : text.substring(colon + 1);
        return switch (driver) {
            case "single" -> single(argument);
            case "local" -> local(argument, base);
            case "zookeeper" -> zooKeeper(argument);
            default ->
                throw new ConfigException("Invalid cluster driver '" + driver
                        + "'\nSupported drivers: zookeeper local single");
        };
    }

    private static CoordinatorConfig single(String argument) throws ConfigException {
        if (!argument.isEmpty()) {
            throw new ConfigException(
                    "cluster driver 'single' takes no argument, not '" + argument + "'");
        }
        return new CoordinatorConfig.Single();
    }

    private static CoordinatorConfig local(String argument, Path base) throws ConfigException {
        try {
            Path directory = base.resolve(argument.isEmpty() ? DEFAULT_DIRECTORY : argument);
            return new CoordinatorConfig.Local(directory.toAbsolutePath().normalize());
        } catch (InvalidPathException e) {
            throw new ConfigException("not a path: '" + argument + "'");
        }
    }

    private static CoordinatorConfig zooKeeper(String argument) throws ConfigException {
        int comma = argument.indexOf(TIMEOUT);
        String place = comma < 0 ? argument : argument.substring(0, comma);
        int timeoutMillis = comma < 0
                ? DEFAULT_TIMEOUT_MILLIS
                : timeoutMillis(argument.substring(comma + TIMEOUT.length()));
        int slash = place.indexOf('/');
        String root = slash < 0 ? DEFAULT_ROOT : root(place.substring(slash));
        String servers = slash < 0 ? place : place.substring(0, slash);
        return new CoordinatorConfig.ZooKeeper(servers(servers), root, timeoutMillis);
    }

    private static int timeoutMillis(String text) throws ConfigException {
        boolean isNumber = !text.isEmpty()
                && text.length() <= 6
                && text.chars().allMatch(c -> c >= '0' && c <= '9');
        int millis = isNumber ? Integer.parseInt(text) : 0;
        if (millis < MIN_TIMEOUT_MILLIS || millis > MAX_TIMEOUT_MILLIS) {
            throw new ConfigException("Invalid zookeeper timeout '" + text
                    + "': must be an integer between " + MIN_TIMEOUT_MILLIS + " and "
                    + MAX_TIMEOUT_MILLIS + " (milliseconds)");
        }
        return millis;
    }

    private static String root(String path) throws ConfigException {
        for (String name : path.substring(1).split("/", -1)) {
            boolean isPlain = name.chars().allMatch(c -> c > ' ' && c < 0x7f && c != ',');
            if (name.isEmpty() || name.equals(".") || name.equals("..") || !isPlain) {
                throw new ConfigException("Invalid zookeeper path '" + path
                        + "': must be /NAME or /NAME/NAME, before any ,timeout=");
            }
        }
        return path;
    }

    private static List<String> servers(String text) throws ConfigException {
        if (text.isEmpty()) {
            throw new ConfigException("You must specify zookeeper servers."
                    + "\nFor example: -c zookeeper:host1:2181,host2:2181,host3:2181");
        }
        List<String> servers = new ArrayList<>();
        for (String server : text.split(",", -1)) {
            servers.add(server(server));
        }
        if (servers.size() > MAX_SERVERS) {
            throw new ConfigException(
                    servers.size() + " zookeeper servers, at most " + MAX_SERVERS);
        }
        return servers;
    }

    private static String server(String text) throws ConfigException {
        int bracket = text.indexOf(']');
        int colon = text.lastIndexOf(':');
        boolean hasPort = colon > bracket;
        String host = hasPort ? text.substring(0, colon) : text;
        boolean isBracketed = host.startsWith("[") && host.endsWith("]") && host.length() > 2;
        boolean isPlain = host.chars().allMatch(c -> c > ' ' && c < 0x7f);
        if (host.isEmpty() || !isPlain || (!isBracketed && host.matches(".*[:\\[\\]=].*"))) {
            throw new ConfigException("Invalid zookeeper server '" + text
                    + "': must be HOST or HOST:PORT, IPv6 addresses in brackets");
        }
        return host + ":" + (hasPort ? Addresses.port(text.substring(colon + 1)) : DEFAULT_PORT);
    }
}
