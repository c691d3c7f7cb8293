package io.kelpie.dog;

import io.kelpie.wire.sheep.SheepName;
import io.kelpie.wire.sheep.SheepProtocol;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The options and operands of one command line, checked in the order they were typed: the first bad
 * value ends the program, also when help was asked for behind it. Single-threaded.
 */
final class Options {
    private static final int DEFAULT_PORT = 7000;
    private static final int MAX_PORT = 65_535;
    private static final int MAX_PORT_DIGITS = 5;
    private static final int MAX_ID_DIGITS = 10;

    private final Console console;
    private final Set<Character> given = new HashSet<>();
    private List<String> operands = List.of();
    private InetAddress address = InetAddress.getLoopbackAddress();
    private int port = DEFAULT_PORT;
    private @Nullable Redundancy redundancy;
    private int blockSizeShift;
    private int snapshotId;
    private String snapshotTag = "";
    private long oid;
    private String store = "plain";

    Options(Console console) {
        this.console = console;
    }

    /** Takes one option; ends the program if its argument is wrong. */
    void accept(char letter, String argument) {
        given.add(letter);
        switch (letter) {
            case 'a' -> address(argument);
            case 'p' -> port(argument);
            case 'c' -> redundancy(argument);
            case 'z' -> blockSizeShift(argument);
            case 's' -> snapshot(argument);
            case 'o' -> oid(argument);
            case 'b' -> store = argument;
            default -> {
                // A switch, asked for with has().
            }
        }
    }

    /** Takes the operands, in order. */
    void operands(List<String> words) {
        operands = new ArrayList<>(words);
    }

    /** Sets the daemon's address; ends the program with 1 if it names nothing. */
    void address(String host) {
        try {
            address = InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw fail("Invalid ip address " + host, ExitStatus.FAILURE);
        }
    }

    /** Sets the daemon's port; ends the program with 64 if it is not 1..65535 in digits. */
    void port(String text) {
        int number =
                isDigits(text) && text.length() <= MAX_PORT_DIGITS ? Integer.parseInt(text) : 0;
        if (number < 1 || number > MAX_PORT) {
            throw fail("Invalid port number '" + text + "'", ExitStatus.USAGE);
        }
        port = number;
    }

    /** Returns whether an option was given. */
    boolean has(char letter) {
        return given.contains(letter);
    }

    /** Returns the daemon's address. */
    InetAddress address() {
        return address;
    }

    /** Returns the daemon's port, 1..65535. */
    int port() {
        return port;
    }

    /** Returns whether output is for machines. */
    boolean isRaw() {
        return has('r');
    }

    /** Returns an operand, or null if there are not that many. */
    @Nullable
    String operand(int index) {
        return index < operands.size() ? operands.get(index) : null;
    }

    /** Returns the first operand as a name, cut to 255 bytes. */
    SheepName name() {
        String first = operand(0);
        return first == null ? SheepName.EMPTY : bytes(first);
    }

    /** Returns what {@code -c} asked for, {@link Redundancy#DEFAULT} without it. */
    Redundancy redundancy() {
        return redundancy == null ? Redundancy.DEFAULT : redundancy;
    }

    /** Returns what {@code -z} asked for, 20..31, or 0 without it. */
    int blockSizeShift() {
        return blockSizeShift;
    }

    /** Returns the snapshot id of {@code -s}, or 0. */
    int snapshotId() {
        return snapshotId;
    }

    /** Returns the snapshot tag of {@code -s}; empty if there is none. */
    SheepName snapshotTag() {
        return bytes(snapshotTag);
    }

    /**
     * Returns the object id of {@code -o}; 0 without it, and upstream takes a given 0 for none too.
     */
    long oid() {
        return oid;
    }

    /** Returns the store name of {@code -b}. */
    String store() {
        return store;
    }

    /** Turns a byte string into a name. */
    static SheepName bytes(String text) {
        return SheepName.of(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** Turns a name into a byte string. */
    static String text(SheepName name) {
        return new String(name.bytes(), StandardCharsets.ISO_8859_1);
    }

    private void redundancy(String text) {
        redundancy = Redundancy.parse(text);
        if (redundancy == null) {
            throw fail("Invalid parameter " + text + "\n" + Redundancy.RULES, ExitStatus.FAILURE);
        }
    }

    private void blockSizeShift(String text) {
        int shift = isDigits(text) ? (int) Math.min(Integer.MAX_VALUE, number(text)) : 0;
        if (shift > SheepProtocol.MAX_BLOCK_SIZE_SHIFT) {
            throw fail(
                    "Object Size is limited to 2^31. Please set shift bit lower than 31",
                    ExitStatus.FAILURE);
        }
        if (shift < SheepProtocol.MIN_BLOCK_SIZE_SHIFT) {
            throw fail(
                    "Object Size is larger than 2^20. Please set shift bit larger than 20",
                    ExitStatus.FAILURE);
        }
        blockSizeShift = shift;
    }

    private void snapshot(String text) {
        boolean negative = text.startsWith("-") && isDigits(text.substring(1));
        if (!negative && !isDigits(text)) {
            snapshotTag = text;
            return;
        }
        long id = negative ? 0 : number(text);
        if (id == 0) {
            throw fail("The snapshot id must be larger than zero", ExitStatus.FAILURE);
        }
        snapshotId = (int) Math.min(Integer.MAX_VALUE, id);
    }

    private void oid(String text) {
        String digits = text.startsWith("0x") || text.startsWith("0X") ? text.substring(2) : text;
        try {
            oid = Long.parseUnsignedLong(digits, 16);
        } catch (NumberFormatException e) {
            throw fail("object id must be a hex integer", ExitStatus.FAILURE);
        }
    }

    private DogExit fail(String message, int status) {
        console.error(message);
        return DogExit.immediately(status);
    }

    /** Digits to a number; more than ten digits become the largest long. */
    private static long number(String digits) {
        return digits.length() > MAX_ID_DIGITS ? Long.MAX_VALUE : Long.parseLong(digits);
    }

    private static boolean isDigits(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return !text.isEmpty();
    }
}
