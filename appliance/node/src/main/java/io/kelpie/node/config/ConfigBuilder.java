package io.kelpie.node.config;

import io.kelpie.cluster.model.Endpoint;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Checks the texts of all settings and makes the configuration; one use. */
final class ConfigBuilder {
    /** What {@code --nbd} without a value means. */
    static final String DEFAULT_NBD = "127.0.0.1:10809";

    private static final int NBD_PORT = 10809;
    private static final int PEER_PORT = 7000;
    private static final int MAX_SECONDS = 86_400;
    private static final long MAX_ZONE = 0xFFFFFFFFL;
    private static final int MAX_ZONE_DIGITS = 10;
    private static final int MIN_CACHE_MIB = 8;
    private static final int MAX_CACHE_MIB = 1 << 20;

    private final Settings settings;
    private final Path base;

    /**
     * @param settings the texts
     * @param base directory against which relative paths are resolved
     */
    ConfigBuilder(Settings settings, Path base) {
        this.settings = settings;
        this.base = base;
    }

    NodeConfig build(boolean foreground, List<String> warnings) throws ConfigException {
        CoordinatorConfig coordinator = ClusterDriver.parse(settings.get(Setting.CLUSTER), base);
        NodeConfig.SheepDoor sheep = sheepDoor();
        int zone = zone(sheep.endpoint());
        boolean gateway = flag(Setting.GATEWAY);
        if (gateway && coordinator instanceof CoordinatorConfig.Single) {
            throw new ConfigException("a cluster of one node needs a node that stores: leave -g out"
                    + " or name the cluster's driver with -c");
        }
        if (!isOff(settings.get(Setting.HTTP))) {
            throw new ConfigException("--http is not available in this version: start without it");
        }
        LogConfig log = log();
        return new NodeConfig(
                path(firstComponent(settings.get(Setting.STORE))),
                cacheBytes(),
                coordinator,
                sheep,
                new NodeConfig.Absence(seconds(Setting.OUT_DELAY), seconds(Setting.START_GRACE)),
                zone,
                gateway,
                nbdDoor(),
                fuseDoor(),
                alwaysDurable(),
                log,
                foreground || log.destination() == LogConfig.Destination.STDOUT,
                optionalPath(Setting.PIDFILE),
                settings.lines(),
                warnings);
    }

    private NodeConfig.SheepDoor sheepDoor() throws ConfigException {
        int port = Addresses.port(settings.get(Setting.PORT));
        String bindText = settings.get(Setting.BIND);
        InetAddress bind = bindText.isEmpty() ? null : Addresses.numeric(bindText);
        String addressText = settings.get(Setting.ADDRESS);
        InetAddress address = addressText.isEmpty() ? bind : Addresses.host(addressText);
        if (address == null || address.isAnyLocalAddress()) {
            address = Addresses.numeric("127.0.0.1");
        }
        return new NodeConfig.SheepDoor(bind, Addresses.endpoint(address, port), peerDoor());
    }

    private NodeConfig.@Nullable PeerDoor peerDoor() throws ConfigException {
        String text = settings.get(Setting.IOADDR);
        if (text.isEmpty()) {
            return null;
        }
        Map<String, String> parts = SubOptions.parse(text, List.of("host=", "port="));
        String host = parts.get("host=");
        if (host == null) {
            throw new ConfigException("host is not specified in '" + text + "'");
        }
        InetAddress address = Addresses.numeric(host);
        String portText = parts.get("port=");
        int port = portText == null ? PEER_PORT : Addresses.port(portText);
        return new NodeConfig.PeerDoor(
                new InetSocketAddress(address, port), Addresses.endpoint(address, port));
    }

    private int seconds(Setting setting) throws ConfigException {
        String text = settings.get(setting);
        boolean isNumber = text.length() >= 1
                && text.length() <= 5
                && text.chars().allMatch(c -> c >= '0' && c <= '9');
        if (!isNumber || Integer.parseInt(text) < 1 || Integer.parseInt(text) > MAX_SECONDS) {
            throw new ConfigException("Invalid " + setting.key() + " '" + text
                    + "': must be an integer between 1 and 86400 (seconds)");
        }
        return Integer.parseInt(text);
    }

    private int zone(Endpoint endpoint) throws ConfigException {
        String text = settings.get(Setting.ZONE);
        if (text.isEmpty()) {
            return endpoint.defaultZone();
        }
        boolean isNumber = text.length() <= MAX_ZONE_DIGITS
                && text.chars().allMatch(c -> c >= '0' && c <= '9');
        if (!isNumber || Long.parseLong(text) > MAX_ZONE) {
            throw new ConfigException(
                    "Invalid zone id '" + text + "': must be an integer between 0 and 4294967295");
        }
        return Integer.parseUnsignedInt(text);
    }

    private NodeConfig.@Nullable NbdDoor nbdDoor() throws ConfigException {
        String address = settings.get(Setting.NBD);
        Path socket = optionalPath(Setting.NBD_SOCKET);
        NodeConfig.NbdTls tls = nbdTls();
        if (isOff(address) && socket == null) {
            return null;
        }
        String listen = address.equals("yes") ? DEFAULT_NBD : address;
        String exported = settings.get(Setting.NBD_DEFAULT);
        return new NodeConfig.NbdDoor(
                isOff(address) ? null : Addresses.listen(listen, NBD_PORT),
                socket,
                exported.isEmpty() ? null : exported,
                tls);
    }

    private NodeConfig.@Nullable NbdTls nbdTls() throws ConfigException {
        String mode = settings.get(Setting.NBD_TLS);
        String verify = settings.get(Setting.NBD_TLS_VERIFY_PEER);
        Path directory = optionalPath(Setting.NBD_TLS_CERTIFICATES);
        if (!List.of("off", "no", "", "on", "require").contains(mode)) {
            throw new ConfigException("Invalid nbd-tls '" + mode + "': must be off, on or require");
        }
        if (!List.of("no", "optional", "require").contains(verify)) {
            throw new ConfigException("Invalid nbd-tls-verify-peer '" + verify
                    + "': must be no, optional or require");
        }
        if (isOff(mode) || mode.equals("off")) {
            if (directory != null || !verify.equals("no")) {
                throw new ConfigException("nbd-tls-certificates and nbd-tls-verify-peer have no"
                        + " effect without TLS: add --nbd-tls=on or --nbd-tls=require");
            }
            return null;
        }
        if (directory == null) {
            throw new ConfigException("nbd-tls needs a certificate: add --nbd-tls-certificates=DIR,"
                    + " a directory with server-cert.pem and server-key.pem");
        }
        boolean asksClients = !verify.equals("no");
        return new NodeConfig.NbdTls(
                mode.equals("require"),
                readable(directory, "server-cert.pem"),
                readable(directory, "server-key.pem"),
                asksClients ? readable(directory, "ca-cert.pem") : null,
                verify.equals("require"));
    }

    private static Path readable(Path directory, String name) throws ConfigException {
        Path file = directory.resolve(name);
        if (!Files.isReadable(file)) {
            throw new ConfigException("cannot read " + file + ", which NBD over TLS needs");
        }
        return file;
    }

    private NodeConfig.@Nullable FuseDoor fuseDoor() throws ConfigException {
        Path mountPoint = optionalPath(Setting.FUSE);
        boolean allowOther = flag(Setting.FUSE_ALLOW_OTHER);
        return mountPoint == null ? null : new NodeConfig.FuseDoor(mountPoint, allowOther);
    }

    private boolean alwaysDurable() throws ConfigException {
        String text = settings.get(Setting.DURABILITY);
        return switch (text) {
            case "request" -> false;
            case "always" -> true;
            default ->
                throw new ConfigException(
                        "Invalid durability '" + text + "': must be request or always");
        };
    }

    private long cacheBytes() throws ConfigException {
        String text = settings.get(Setting.CACHE_MIB);
        if (text.isEmpty()) {
            return 0;
        }
        boolean isNumber = text.length() <= 7 && text.chars().allMatch(c -> c >= '0' && c <= '9');
        int mib = isNumber ? Integer.parseInt(text) : 0;
        if (mib < MIN_CACHE_MIB || mib > MAX_CACHE_MIB) {
            throw new ConfigException("Invalid cache size '" + text
                    + "': must be an integer between 8 and 1048576 (MiB)");
        }
        return (long) mib << 20;
    }

    private LogConfig log() throws ConfigException {
        LogConfig.Level level = level(settings.get(Setting.LOG_LEVEL));
        LogConfig.Format format = format(settings.get(Setting.LOG_FORMAT));
        String destination = settings.get(Setting.LOG_DST);
        Path directory = optionalPath(Setting.LOG_DIR);
        switch (destination) {
            case "default", "stdout" -> {
                // Both are there.
            }
            case "syslog" ->
                throw new ConfigException("log destination 'syslog' is not available in this"
                        + " version: use dst=default or dst=stdout");
            default -> throw new ConfigException("invalid type of log destination: " + destination);
        }
        if (directory != null) {
            if (destination.equals("stdout")) {
                throw new ConfigException("logdir (" + directory
                        + ") is specified but logging destination is stdout");
            }
            if (!Files.exists(directory)) {
                throw new ConfigException("log dir " + directory + ": No such file or directory");
            }
            if (!Files.isDirectory(directory)) {
                throw new ConfigException("log dir: " + directory + " is not a directory");
            }
        }
        return new LogConfig(
                level,
                directory,
                destination.equals("stdout")
                        ? LogConfig.Destination.STDOUT
                        : LogConfig.Destination.FILE,
                format);
    }

    private static LogConfig.Level level(String text) throws ConfigException {
        StringBuilder choices = new StringBuilder("Available log levels:\n");
        for (LogConfig.Level level : LogConfig.Level.values()) {
            String name = level.name().toLowerCase(Locale.ROOT);
            if (text.equals(name)) {
                return level;
            }
            choices.append("  ").append(name).append('\n');
        }
        throw new ConfigException("Invalid log level '" + text + "'", choices.toString());
    }

    private static LogConfig.Format format(String text) throws ConfigException {
        return switch (text) {
            case "server" -> LogConfig.Format.SERVER;
            case "default" -> LogConfig.Format.DEFAULT;
            case "json" -> LogConfig.Format.JSON;
            default ->
                throw new ConfigException("invalid log format: " + text
                        + "\nvalid options are:\n\tdefault\n\tserver\n\tjson");
        };
    }

    private boolean flag(Setting setting) throws ConfigException {
        String text = settings.get(setting);
        return switch (text) {
            case "yes", "true", "on", "1" -> true;
            case "no", "false", "off", "0", "" -> false;
            default ->
                throw new ConfigException(setting.key() + " must be yes or no, not '" + text + "'");
        };
    }

    private static boolean isOff(String text) {
        return text.isEmpty() || text.equals("no");
    }

    private @Nullable Path optionalPath(Setting setting) throws ConfigException {
        String text = settings.get(setting);
        return text.isEmpty() ? null : path(text);
    }

    private Path path(String text) throws ConfigException {
        try {
            return base.resolve(text).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw new ConfigException("not a path: '" + text + "'");
        }
    }

    private static String firstComponent(String store) throws ConfigException {
        int comma = store.indexOf(',');
        if (comma >= 0) {
            throw new ConfigException("several disks ('" + store
                    + "') are not available in this version: name one directory");
        }
        return store;
    }
}
