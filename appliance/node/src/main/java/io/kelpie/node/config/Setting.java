package io.kelpie.node.config;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * The table of settings: name in the configuration file, type, default and meaning. The environment
 * variable is {@code KELPIE_} and the name in capitals with underscores. All take effect at start.
 */
public enum Setting {
    /** Directory of the store. */
    STORE("store", "path", "/tmp", "directory of the store"),
    /** Membership driver. */
    CLUSTER(
            "cluster",
            "driver",
            "single",
            "membership driver: single, local[:DIR] or zookeeper:HOST:PORT,...[/PATH][,timeout=MS]"),
    /** Address that port 7000 listens on. */
    BIND("bind", "address", "", "listen only on this numeric address; empty: all interfaces"),
    /** Port of the Sheepdog protocol. */
    PORT("port", "1 to 65535", "7000", "port of the Sheepdog protocol"),
    /** Address told to others. */
    ADDRESS("address", "host", "", "address told to clients and other nodes; empty: bind's"),
    /** Failure domain. */
    ZONE("zone", "0 to 4294967295", "", "failure domain; empty: made from the address"),
    /** Stores nothing. */
    GATEWAY("gateway", "yes or no", "no", "store nothing, only forward"),
    /** When writes are durable. */
    DURABILITY(
            "durability",
            "request or always",
            "request",
            "request: a write is synced before its answer if the client asks for that;"
                    + " always: every write"),
    /** Address for other nodes. */
    IOADDR("ioaddr", "host=ADDR[,port=PORT]", "", "address that only other nodes talk to"),
    /** When copies of a node that is gone are made elsewhere. */
    OUT_DELAY("out-delay", "seconds", "30", "how long a node is gone before others get its copies"),
    /** How long a starting cluster waits. */
    START_GRACE(
            "start-grace",
            "seconds",
            "20",
            "how long a starting cluster waits for absent nodes after the last arrival"),
    /** NBD over TCP. */
    NBD("nbd", "address:port or no", "no", "serve NBD on this address; default 127.0.0.1:10809"),
    /** NBD over a Unix socket. */
    NBD_SOCKET("nbd-socket", "path", "", "serve NBD on this Unix socket"),
    /** Export that the empty name opens. */
    NBD_DEFAULT("nbd-default", "VDI name", "", "VDI that clients get who name none"),
    /** Whether NBD clients may or must use TLS. */
    NBD_TLS("nbd-tls", "off, on or require", "off", "whether NBD clients may or must use TLS"),
    /** Where the certificates are. */
    NBD_TLS_CERTIFICATES(
            "nbd-tls-certificates",
            "path",
            "",
            "directory with server-cert.pem, server-key.pem and, to check clients, ca-cert.pem"),
    /** Whether NBD clients show certificates. */
    NBD_TLS_VERIFY_PEER(
            "nbd-tls-verify-peer",
            "no, optional or require",
            "no",
            "whether NBD clients may or must show a certificate of ca-cert.pem"),
    /** FUSE mount point. */
    FUSE("fuse", "path", "", "show every VDI as a file in this empty directory"),
    /** Other users may use the mount. */
    FUSE_ALLOW_OTHER("fuse-allow-other", "yes or no", "no", "let other users use the mount"),
    /** HTTP door. */
    HTTP("http", "address:port or no", "no", "serve HTTP; not available in this version"),
    /** Level of the log. */
    LOG_LEVEL("log-level", "level", "info", "emerg alert crit err warning notice info debug"),
    /** Directory of the log. */
    LOG_DIR("log-dir", "path", "", "directory of sheep.log; empty: the store"),
    /** Where the log goes. */
    LOG_DST("log-dst", "default or stdout", "default", "default: sheep.log; stdout: stderr"),
    /** Form of a line. */
    LOG_FORMAT("log-format", "format", "server", "server default json"),
    /** File with the process id. */
    PIDFILE("pidfile", "path", "", "file that holds the process id while the node runs"),
    /** Memory of the store. */
    CACHE_MIB("cache-mib", "MiB", "", "cache of the store; empty: a quarter of the memory");

    private static final String ENVIRONMENT_PREFIX = "KELPIE_";

    private final String key;
    private final String type;
    private final String defaultValue;
    private final String sentence;

    Setting(String key, String type, String defaultValue, String sentence) {
        this.key = key;
        this.type = type;
        this.defaultValue = defaultValue;
        this.sentence = sentence;
    }

    /**
     * Name in the configuration file.
     *
     * @return lower-case words with dashes
     */
    public String key() {
        return key;
    }

    /**
     * What a value looks like.
     *
     * @return a few words
     */
    public String type() {
        return type;
    }

    /**
     * Value unless a source says otherwise.
     *
     * @return the text, empty for none
     */
    public String defaultValue() {
        return defaultValue;
    }

    /**
     * What the setting does.
     *
     * @return one sentence
     */
    public String sentence() {
        return sentence;
    }

    /**
     * Name in the environment.
     *
     * @return for example {@code KELPIE_NBD_SOCKET}
     */
    public String environmentName() {
        return ENVIRONMENT_PREFIX + key.toUpperCase(Locale.ROOT).replace('-', '_');
    }

    static Setting ofKey(String key) throws ConfigException {
        for (Setting setting : values()) {
            if (setting.key.equals(key)) {
                return setting;
            }
        }
        throw new ConfigException("unknown setting '" + key + "'; known are: "
                + Arrays.stream(values()).map(Setting::key).collect(Collectors.joining(" ")));
    }
}
