package io.kelpie.node.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.kelpie.cluster.model.Endpoint;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Command line, configuration file and environment of the daemon (cli.md 6). */
class SheepCommandTest {
    @TempDir
    private Path directory;

    @Test
    void startsWithTheDefaults() {
        NodeConfig config = start("store");

        assertThat(config.store()).isEqualTo(directory.resolve("store"));
        assertThat(config.sheep().listenAddress()).isEqualTo(new InetSocketAddress(7000));
        assertThat(config.coordinator()).isEqualTo(new CoordinatorConfig.Single());
        assertThat(config.gateway()).isFalse();
        assertThat(config.zone()).isEqualTo(16777343);
        assertThat(config.nbd()).isNull();
        assertThat(config.fuse()).isNull();
        assertThat(config.alwaysDurable()).isFalse();
        assertThat(config.foreground()).isFalse();
        assertThat(config.pidFile()).isNull();
        assertThat(config.log())
                .isEqualTo(new LogConfig(
                        LogConfig.Level.INFO,
                        null,
                        LogConfig.Destination.FILE,
                        LogConfig.Format.SERVER));
    }

    @Test
    void everyDefaultIsPinned() {
        Settings settings = new Settings();

        assertThat(settings.lines())
                .containsExactly(
                        "store = /tmp (default)",
                        "cluster = single (default)",
                        "port = 7000 (default)",
                        "gateway = no (default)",
                        "durability = request (default)",
                        "out-delay = 30 (default)",
                        "start-grace = 20 (default)",
                        "nbd = no (default)",
                        "nbd-tls = off (default)",
                        "nbd-tls-verify-peer = no (default)",
                        "fuse-allow-other = no (default)",
                        "http = no (default)",
                        "log-level = info (default)",
                        "log-dst = default (default)",
                        "log-format = server (default)");
    }

    @Test
    void takesOptionsBeforeAndBehindThePathBundledAbbreviatedAndAttached() {
        NodeConfig config = start(
                "-fp17000", "store", "-z", "4294967295", "--pidf", "x.pid", "-b", "127.0.0.2");

        assertThat(config.foreground()).isTrue();
        assertThat(config.sheep().listenAddress())
                .isEqualTo(new InetSocketAddress("127.0.0.2", 17000));
        assertThat(config.zone()).isEqualTo(-1);
        assertThat(config.pidFile()).isEqualTo(directory.resolve("x.pid"));
    }

    @Test
    void opensTheDoorsThatAreNamed() {
        NodeConfig config =
                start("--nbd", "--nbd-socket=n.sock", "--nbd-default=vm", "--fuse=mnt", "store");

        assertThat(config.nbd())
                .isEqualTo(new NodeConfig.NbdDoor(
                        new InetSocketAddress("127.0.0.1", 10809),
                        directory.resolve("n.sock"),
                        "vm",
                        null));
        assertThat(config.fuse())
                .isEqualTo(new NodeConfig.FuseDoor(directory.resolve("mnt"), false));
        assertThat(nbdAddress("--nbd=[::1]:5")).isEqualTo(new InetSocketAddress("::1", 5));
        assertThat(nbdAddress("--nbd=0.0.0.0")).isEqualTo(new InetSocketAddress("0.0.0.0", 10809));
    }

    @Test
    void tlsNeedsItsFilesAndAChoice() throws Exception {
        Path pki = Files.createDirectory(directory.resolve("pki"));
        Files.createFile(pki.resolve("server-cert.pem"));
        Files.createFile(pki.resolve("server-key.pem"));
        Files.createFile(pki.resolve("ca-cert.pem"));

        NodeConfig config = start(
                "--nbd",
                "--nbd-tls=require",
                "--nbd-tls-certificates=pki",
                "--nbd-tls-verify-peer=optional",
                "store");

        assertThat(Objects.requireNonNull(config.nbd()).tls())
                .isEqualTo(new NodeConfig.NbdTls(
                        true,
                        pki.resolve("server-cert.pem"),
                        pki.resolve("server-key.pem"),
                        pki.resolve("ca-cert.pem"),
                        false));
    }

    @Test
    void theLaterSourceWins() throws Exception {
        Path file = directory.resolve("sheep.conf");
        Files.writeString(file, "# doors\n\nport = 1001\nzone = 5\ndurability = always\n");
        Map<String, String> environment = Map.of("KELPIE_PORT", "1002", "KELPIE_ZONE", "6");

        NodeConfig config = ((SheepCommand.Start) SheepCommand.parse(
                        List.of("--config=sheep.conf", "-p", "1003", "store"),
                        environment,
                        directory))
                .config();

        assertThat(config.sheep().endpoint().port()).isEqualTo(1003);
        assertThat(config.zone()).isEqualTo(6);
        assertThat(config.alwaysDurable()).isTrue();
        assertThat(config.lines()).contains("zone = 6 (KELPIE_ZONE)");
    }

    @Test
    void namesTheLineOfAnUnknownKey() throws Exception {
        Path file = directory.resolve("sheep.conf");
        Files.writeString(file, "port = 7000\nprot = 7001\n");

        SheepCommand.Print print = print("--config=sheep.conf");

        assertThat(print.status()).isEqualTo(1);
        assertThat(print.errors())
                .startsWith(file + ":2: unknown setting 'prot'; known are: store");
    }

    @Test
    void namesALineWithoutEqualsAndAMissingFile() throws Exception {
        Path file = directory.resolve("sheep.conf");
        Files.writeString(file, "port 7000\n");

        assertThat(print("--config=sheep.conf").errors())
                .isEqualTo(file + ":1: expected 'key = value', not 'port 7000'\n");
        assertThat(print("--config=nowhere").errors())
                .isEqualTo("cannot read the configuration file " + directory.resolve("nowhere")
                        + ": No such file or directory\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "-Q|sheep: invalid option -- 'Q'",
                "-fQ|sheep: invalid option -- 'Q'",
                "--foo|sheep: unrecognized option '--foo'",
                "-p|sheep: option requires an argument -- 'p'",
                "--port|sheep: option '--port' requires an argument",
                "--foreground=1|sheep: option '--foreground' doesn't allow an argument",
            })
    void speaksAsGetoptDoes(String argument, String line) {
        SheepCommand.Print print = print(argument);

        assertThat(print.errors()).isEqualTo(line + "\nTry 'sheep --help' for more information.\n");
        assertThat(print.status()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "-p0|Invalid port number '0'",
                "-p65536|Invalid port number '65536'",
                "-pX|Invalid port number 'X'",
                "-z4294967296|Invalid zone id '4294967296': must be an integer between 0 and 4294967295",
                "-z-1|Invalid zone id '-1': must be an integer between 0 and 4294967295",
                "-V0|Invalid number of vnodes '0': must be an integer between 1 and 65535",
                "-gV5|Options '-g' and '-V' can not be both specified",
                "-V5|option '-V' is not available in this version: start without it",
                "-bhost|Bad address 'host'",
                "-ynosuchhost.invalid|Invalid address: 'nosuchhost.invalid'",
                "-lfoo|invalid option foo",
                "-llevel=loud|Invalid log level 'loud'",
                "-ldst=mars|invalid type of log destination: mars",
                "-ldir=/nowhere|log dir /nowhere: No such file or directory",
                "-ldir=/etc/passwd|log dir: /etc/passwd is not a directory",
                "-ldst=stdout,dir=/tmp|logdir (/tmp) is specified but logging destination is stdout",
                "-wfoo=3|invalid option foo=3",
                "-jsize=64M|option '-j' is not available in this version: start without it",
                "-ihost=name|Bad address 'name'",
                "-iport=7001|host is not specified in 'port=7001'",
                "-rswift|option '-r' is not available in this version: start without it",
                "-csingle:x|cluster driver 'single' takes no argument, not 'x'",
                "-czookeeper:h:1,timeout=5|Invalid zookeeper timeout '5': must be an integer between 2000 and 600000 (milliseconds)",
                "-g|a cluster of one node needs a node that stores: leave -g out or name the cluster's driver with -c",
                "--http|--http is not available in this version: start without it",
                "--durability=never|Invalid durability 'never': must be request or always",
                "--nbd=host:1|Bad address 'host'",
                "--nbd-tls=maybe|Invalid nbd-tls 'maybe': must be off, on or require",
                "--nbd-tls-verify-peer=x|Invalid nbd-tls-verify-peer 'x': must be no, optional or require",
                "--nbd-tls=on|nbd-tls needs a certificate: add --nbd-tls-certificates=DIR, a directory with server-cert.pem and server-key.pem",
                "--nbd-tls-certificates=/tmp|nbd-tls-certificates and nbd-tls-verify-peer have no effect without TLS: add --nbd-tls=on or --nbd-tls=require",
            })
    void refusesWithOneLineAndStatusOne(String argument, String line) {
        SheepCommand.Print print = print(argument);

        assertThat(print.errors()).isEqualTo(line + "\n");
        assertThat(print.status()).isEqualTo(1);
    }

    @Test
    void hasAnotherDoorForOtherNodesIfAsked() {
        NodeConfig.PeerDoor own =
                start("-i", "host=127.0.0.3,port=17001", "store").sheep().peer();

        assertThat(start("store").sheep().peer()).isNull();
        assertThat(own)
                .isEqualTo(new NodeConfig.PeerDoor(
                        new InetSocketAddress("127.0.0.3", 17001),
                        new Endpoint(0, 0x7F000003L, 17001)));
        assertThat(start("-ihost=127.0.0.3", "store").sheep().peer())
                .extracting(door -> door.listen().getPort())
                .isEqualTo(7000);
    }

    @Test
    void waitsForAbsentNodesAsLongAsItIsTold() throws Exception {
        Path file = directory.resolve("times.conf");
        Files.writeString(file, "out-delay = 5\nstart-grace = 2\n");

        assertThat(start("store").absence()).isEqualTo(new NodeConfig.Absence(30, 20));
        assertThat(start("--config", file.toString(), "store").absence())
                .isEqualTo(new NodeConfig.Absence(5, 2));

        Files.writeString(file, "out-delay = 0\n");
        assertThat(print("--config", file.toString(), "store").errors())
                .contains("between 1 and 86400 (seconds)");
    }

    @Test
    void namesTheDriversThereAre() {
        assertThat(print("-c", "bogus").errors())
                .isEqualTo("Invalid cluster driver 'bogus'\n"
                        + "Supported drivers: zookeeper local single\n");
    }

    @Test
    void explainsAnOptionWhoseArgumentIsMissing() {
        SheepCommand.Print print = print("-z");

        assertThat(print.output()).contains("--zone");
        assertThat(print.errors()).isEqualTo("sheep: option requires an argument -- 'z'\n");
    }

    @Test
    void printsVersionAndHelp() {
        assertThat(print("-v").output()).isEqualTo("Sheepdog daemon version 1.0.1\n");
        assertThat(print("-v").status()).isZero();
        assertThat(print("-h").output())
                .startsWith("Sheepdog daemon (version 1.0.1)\n"
                        + "Usage: sheep [OPTION]... [PATH] (default: /tmp)\nOptions:\n"
                        + "  -b, --bindaddr");
        assertThat(print("-h").status()).isZero();
    }

    @Test
    void anErrorBeforeTheHelpWins() {
        assertThat(print("-p0", "-h").errors()).isEqualTo("Invalid port number '0'\n");
        assertThat(print("-h", "-p0").status()).isZero();
    }

    @Test
    void takesTheSpellingsOfVersionZeroSeven() {
        assertThat(start("-d", "store").log().level()).isEqualTo(LogConfig.Level.DEBUG);
        assertThat(start("-l", "7", "store").log().level()).isEqualTo(LogConfig.Level.DEBUG);
        assertThat(start("-o", "store").foreground()).isTrue();
        assertThat(start("-F", "json", "store").log().format()).isEqualTo(LogConfig.Format.JSON);
        assertThat(start("-w", "size=1000", "-n", "-D", "-u", "store").warnings())
                .hasSize(4);
    }

    private @Nullable InetSocketAddress nbdAddress(String option) {
        NodeConfig.NbdDoor door = start(option, "store").nbd();
        return door == null ? null : door.address();
    }

    private NodeConfig start(String... arguments) {
        SheepCommand.Request request = SheepCommand.parse(List.of(arguments), Map.of(), directory);
        assertThat(request).isInstanceOf(SheepCommand.Start.class);
        return ((SheepCommand.Start) request).config();
    }

    private SheepCommand.Print print(String... arguments) {
        SheepCommand.Request request = SheepCommand.parse(List.of(arguments), Map.of(), directory);
        assertThat(request).isInstanceOf(SheepCommand.Print.class);
        return (SheepCommand.Print) request;
    }
}
