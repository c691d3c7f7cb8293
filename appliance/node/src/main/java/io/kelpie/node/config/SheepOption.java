package io.kelpie.node.config;

import org.jspecify.annotations.Nullable;

/** The options of the command line, in the order the help shows them. */
enum SheepOption {
    BINDADDR('b', "bindaddr", true, true, "listen only on this numeric IPv4 or IPv6 address"),
    CLUSTER(
            'c',
            "cluster",
            true,
            true,
            "membership driver: single (the default), local[:DIR] or zookeeper:HOST:PORT,..."),
    CONFIG(null, "config", true, false, "read settings from this file"),
    DIRECTIO('D', "directio", false, false, "accepted; the store uses direct I/O where it can"),
    DURABILITY(null, "durability", true, false, "request (the default) or always"),
    FOREGROUND('f', "foreground", false, false, "do not daemonize"),
    FUSE(null, "fuse", true, false, "show every VDI as a file in this directory"),
    GATEWAY('g', "gateway", false, false, "store nothing, only forward"),
    HELP('h', "help", false, false, "print this and exit"),
    HTTP_DOOR(null, "http", true, false, "serve HTTP on ADDR:PORT (not in this version)"),
    IOADDR('i', "ioaddr", true, true, "separate address for node-to-node data"),
    JOURNAL('j', "journal", true, true, "write journal"),
    LOG('l', "log", true, true, "level=,dir=,format=,dst= of the log"),
    NBD(null, "nbd", true, false, "serve NBD on ADDR:PORT (default 127.0.0.1:10809)"),
    NBD_DEFAULT(null, "nbd-default", true, false, "VDI for NBD clients that name none"),
    NBD_SOCKET(null, "nbd-socket", true, false, "serve NBD on this Unix socket"),
    NBD_TLS(null, "nbd-tls", true, false, "off (the default), on or require: TLS for NBD"),
    NBD_TLS_CERTIFICATES(
            null,
            "nbd-tls-certificates",
            true,
            false,
            "directory with server-cert.pem, server-key.pem and ca-cert.pem"),
    NBD_TLS_VERIFY_PEER(
            null,
            "nbd-tls-verify-peer",
            true,
            false,
            "no (the default), optional or require: clients' certificates"),
    NOSYNC(
            'n',
            "nosync",
            false,
            false,
            "accepted; writes are synced when their request asks for it"),
    PORT('p', "port", true, false, "listen port (default 7000)"),
    PIDFILE('P', "pidfile", true, false, "write the process id to this file"),
    HTTP('r', null, true, true, "Swift-like HTTP service"),
    RECOVERY('R', "recovery", true, true, "max=,interval= of the recovery throttle"),
    UPGRADE('u', "upgrade", false, false, "accepted; there is no older format"),
    VERSION('v', "version", false, false, "print the version and exit"),
    VNODES('V', "vnodes", true, true, "fixed number of vnodes, 1 to 65535"),
    WQ_THREADS('w', "wq-threads", true, false, "accepted; thread counts are fixed"),
    WILDCARD_RECOVERY('W', "wildcard-recovery", false, false, "look for objects on every node"),
    MYADDR('y', "myaddr", true, true, "address told to the other nodes"),
    ZONE('z', "zone", true, true, "failure zone, 0 to 4294967295"),
    /** Spellings of version 0.7. */
    OLD_DEBUG('d', null, false, false, "same as -l level=debug"),
    OLD_STDOUT('o', null, false, false, "same as -l dst=stdout"),
    OLD_LOGDIR('L', null, true, false, "same as -l dir="),
    OLD_FORMAT('F', null, true, false, "same as -l format=");

    private final @Nullable Character letter;
    private final @Nullable String name;
    private final boolean hasArgument;
    private final boolean isExplained;
    private final String sentence;

    SheepOption(
            @Nullable Character letter,
            @Nullable String name,
            boolean hasArgument,
            boolean isExplained,
            String sentence) {
        this.letter = letter;
        this.name = name;
        this.hasArgument = hasArgument;
        this.isExplained = isExplained;
        this.sentence = sentence;
    }

    @Nullable
    Character letter() {
        return letter;
    }

    /** The long name without dashes; null where there is none. */
    @Nullable
    String longName() {
        return name;
    }

    boolean hasArgument() {
        return hasArgument;
    }

    /** Whether a missing argument is answered with an explanation of the option. */
    boolean isExplained() {
        return isExplained;
    }

    String sentence() {
        return sentence;
    }

    /** The line of the help. */
    String helpLine() {
        String shortForm = letter == null ? "   " : "-" + letter + (name == null ? " " : ",");
        String longForm = name == null ? "" : "--" + name;
        return String.format("  %s %-22s%s%n", shortForm, longForm, sentence);
    }
}
