package io.kelpie.dog;

import org.jspecify.annotations.Nullable;

import java.util.ArrayList;
import java.util.List;

/**
 * Every command of the Sheepdog command line, also those this version cannot do yet: they appear in
 * the help where scripts and people look for them. Built once at start; the texts are the contract
 * of the command line, so this is a table and not logic.
 */
final class CommandTable {
    private static final Option[] VDI_OPTIONS = {
        new Option('P', "prealloc", false, "preallocate all the data objects"),
        new Option('n', "no-share", false, "share nothing with its parent"),
        new Option('i', "index", true, "specify the index of data objects"),
        new Option('s', "snapshot", true, "specify a snapshot id or tag name"),
        new Option('x', "exclusive", false, "write in an exclusive mode"),
        new Option('d', "delete", false, "delete a key"),
        new Option('w', "writeback", false, "use writeback mode"),
        new Option('c', "copies", true, "specify the data redundancy level"),
        new Option('F', "from", true, "create a differential backup from the snapshot"),
        new Option('f', "force", false, "do operation forcibly"),
        new Option('y', "hyper", false, "create a hyper volume"),
        new Option('o', "oid", true, "specify the object id"),
        new Option('e', "exist", false, "only check whether the objects exist"),
        new Option('z', "block_size_shift", true, "specify the bit shift num for data object size"),
        new Option(
                'R',
                "reduce-identical-snapshots",
                false,
                "do not create snapshot if working VDI doesn't have its own objects"),
    };
    private static final Option[] NODE_OPTIONS = {
        new Option('A', "all", false, "show the disks of all nodes"),
        new Option('P', "progress", false, "show the progress of a recovery"),
        new Option('w', "watch", false, "repeat every second"),
        new Option('l', "local", false, "address the node that is connected to"),
        new Option('f', "force", false, "do not prompt for confirmation"),
    };
    private static final Option[] CLUSTER_OPTIONS = {
        new Option('b', "store", true, "specify the backend store"),
        new Option('c', "copies", true, "specify the default data redundancy (number of copies)"),
        new Option('f', "force", false, "do not prompt for confirmation"),
        new Option('F', "avoid-diskfull", false, "skip recovery that would fill a disk"),
        new Option('l', "lock", false, "lock VDIs for the clients that open them"),
        new Option('m', "multithread", false, "save with several threads"),
        new Option('R', "recyclevid", false, "use the ids of deleted VDIs again"),
        new Option('t', "strict", false, "refuse writes while there are too few zones"),
        new Option(
                'z',
                "block_size_shift",
                true,
                "specify the bit shift num for default data object size"),
        new Option('V', "fixedvnodes", false, "keep the number of virtual nodes fixed"),
        new Option('d', "diff", false, "show the changes from epoch to epoch"),
    };
    private static final Option[] UPGRADE_OPTIONS = {
        new Option('o', "orig-version", true, "specify the version of the old file"),
    };
    private static final Option[] BENCHMARK_OPTIONS = {
        new Option('f', "force", false, "do not prompt for confirmation"),
        new Option('w', "workqueue", true, "specify the type of the work queue"),
        new Option('t', "total", true, "specify the number of requests"),
        new Option('n', "nr-threads", true, "specify the number of threads"),
    };
    private static final List<String> NONE = List.of();

    private final List<Subcommand> subcommands = new ArrayList<>();

    CommandTable() {
        addVdi();
        addNode();
        addCluster();
        addOffline();
    }

    /** Returns all subcommands in the order of the overview. */
    List<Subcommand> all() {
        return subcommands;
    }

    /** Returns whether a word names a command. */
    boolean hasGroup(String group) {
        return !group(group).isEmpty();
    }

    /** Returns the subcommands of a command in the order of its list. */
    List<Subcommand> group(String group) {
        List<Subcommand> found = new ArrayList<>();
        for (Subcommand subcommand : subcommands) {
            if (subcommand.group().equals(group)) {
                found.add(subcommand);
            }
        }
        return found;
    }

    /** Returns a subcommand, or null if there is none of that name. */
    @Nullable
    Subcommand find(String group, String name) {
        for (Subcommand subcommand : subcommands) {
            if (subcommand.group().equals(group) && subcommand.name().equals(name)) {
                return subcommand;
            }
        }
        return null;
    }

    private void addVdi() {
        vdi("check", "seaphT", NONE, "<vdiname>", "check and repair the copies of an image");
        vdi("create", "PycaphrvzT", NONE, "<vdiname> <size>", "create an image");
        vdi("snapshot", "saphrvTR", NONE, "<vdiname>", "create a snapshot");
        vdi("clone", "sPnaphrvT", NONE, "<src vdi> <dst vdi>", "clone an image from a snapshot");
        vdi("delete", "saphT", NONE, "<vdiname>", "delete an image");
        vdi("rollback", "saphfrvT", NONE, "<vdiname>", "go back to a snapshot");
        vdi("list", "aprhoT", NONE, "[vdiname]", "list images");
        vdi("tree", "aphT", NONE, "", "show images as a tree");
        vdi("graph", "aphT", NONE, "", "show images as a Graphviz graph");
        vdi(
                "object",
                "isaphT",
                List.of(
                        "location", "show where an object is stored",
                        "map", "show the owners of the data objects",
                        "dump-inode", "decode an inode object file"),
                "<vdiname>",
                "show information about objects");
        vdi("track", "isaphoT", NONE, "<vdiname>", "show where an object was in each epoch");
        vdi("setattr", "dxaphT", NONE, "<vdiname> <key> [value]", "set an attribute");
        vdi("getattr", "aphT", NONE, "<vdiname> <key>", "print an attribute");
        vdi("resize", "aphT", NONE, "<vdiname> <new size>", "grow an image");
        vdi("read", "saphT", NONE, "<vdiname> [<offset> [<len>]]", "read data from an image");
        vdi("write", "apwhT", NONE, "<vdiname> [<offset> [<len>]]", "write data to an image");
        vdi("backup", "sFaphT", NONE, "<vdiname>", "save the difference of two snapshots");
        vdi("restore", "saphT", NONE, "<vdiname>", "restore a snapshot from a backup");
        vdi("alter-copy", "caphTf", NONE, "<vdiname>", "change the number of copies");
        vdi(
                "lock",
                "saphT",
                List.of("list", "show locked images", "unlock", "release a lock by force"),
                "<vdiname>",
                "show and release locks");
    }

    private void addNode() {
        node("kill", "aprhlT", NONE, "<node id>", "stop a node");
        node("list", "aprhT", NONE, "", "list nodes");
        node("info", "aprhT", NONE, "", "show the space of the nodes");
        node(
                "recovery",
                "aphPrT",
                List.of(
                        "info", "show nodes in recovery",
                        "set-throttle", "limit the speed of recovery",
                        "get-throttle", "show the limit"),
                "<max> <interval>",
                "show and limit recovery");
        node(
                "md",
                "aprAfhT",
                List.of("info", "show disks", "plug", "add disks", "unplug", "remove disks"),
                "[disks]",
                "show and change the disks of a node");
        node("stat", "aprwhT", NONE, "", "show request counters");
        node(
                "log",
                "aphT",
                List.of("level", "show or set the log level"),
                "<log level>",
                "show and set the log level");
        node(
                "vnodes",
                "aph",
                List.of("set", "set the number"),
                "<num of vnodes>",
                "set virtual nodes");
        node(
                "format",
                "aphT",
                NONE,
                "<directory of sheep> <a name of store format>",
                "fix the store format of a node");
    }

    private void addCluster() {
        cluster("info", "aprhvTd", NONE, "", "show the state of the cluster");
        cluster("format", "bcltaphzTVRfF", NONE, "", "create a new, empty cluster");
        cluster("shutdown", "aphT", NONE, "", "stop all nodes");
        cluster(
                "snapshot",
                "aphTm",
                List.of(
                        "save", "save all snapshots",
                        "list", "list what was saved",
                        "load", "load what was saved",
                        "show", "show what was saved"),
                "<tag|idx> <path> [vdi1] [vdi2] ...",
                "save and load the whole cluster");
        cluster(
                "recover",
                "afphT",
                List.of(
                        "force", "start with the nodes present",
                        "enable", "switch automatic recovery on",
                        "disable", "switch automatic recovery off"),
                "",
                "control recovery");
        cluster("reweight", "aphT", NONE, "", "measure the space of all nodes again");
        cluster("check", "aphT", NONE, "", "check and repair all images");
        cluster("alter-copy", "aphTcf", NONE, "", "change the default number of copies");
    }

    private void addOffline() {
        upgrade(
                "inode-convert",
                "hTo",
                "<old inode file> <new inode file>",
                "convert an inode file");
        upgrade(
                "epoch-convert",
                "hTo",
                "<old epoch file> <new epoch file>",
                "convert an epoch file");
        upgrade("config-convert", "hT", "<old config> <new config>", "convert a config file");
        upgrade(
                "object-location",
                "hT",
                "<latest epoch file> <oid>",
                "show the owner of an object");
        subcommands.add(new Subcommand(
                "benchmark",
                "io",
                options("aprhTfwtn", BENCHMARK_OPTIONS),
                NONE,
                "<vdiname>",
                "measure the I/O speed of an image"));
    }

    private void vdi(
            String name, String letters, List<String> nested, String operands, String description) {
        subcommands.add(new Subcommand(
                "vdi", name, options(letters, VDI_OPTIONS), nested, operands, description));
    }

    private void node(
            String name, String letters, List<String> nested, String operands, String description) {
        subcommands.add(new Subcommand(
                "node", name, options(letters, NODE_OPTIONS), nested, operands, description));
    }

    private void cluster(
            String name, String letters, List<String> nested, String operands, String description) {
        subcommands.add(new Subcommand(
                "cluster", name, options(letters, CLUSTER_OPTIONS), nested, operands, description));
    }

    private void upgrade(String name, String letters, String operands, String description) {
        subcommands.add(new Subcommand(
                "upgrade", name, options(letters, UPGRADE_OPTIONS), NONE, operands, description));
    }

    private static List<Option> options(String letters, Option[] own) {
        List<Option> options = new ArrayList<>(letters.length());
        for (int i = 0; i < letters.length(); i++) {
            options.add(option(letters.charAt(i), own));
        }
        return options;
    }

    private static Option option(char letter, Option[] own) {
        for (Option option : own) {
            if (option.letter() == letter) {
                return option;
            }
        }
        Option common = Option.common(letter);
        if (common == null) {
            throw new IllegalStateException("the command table names an unknown option -" + letter);
        }
        return common;
    }
}
