package io.kelpie.dog;

import io.kelpie.wire.sheep.EpochLogRecord;
import io.kelpie.wire.sheep.HeaderWords;
import io.kelpie.wire.sheep.NodeAddress;
import io.kelpie.wire.sheep.NodeRecord;
import io.kelpie.wire.sheep.ObjectArguments;
import io.kelpie.wire.sheep.SheepFlags;
import io.kelpie.wire.sheep.SheepFormatException;
import io.kelpie.wire.sheep.SheepOpcode;
import io.kelpie.wire.sheep.SheepProtocol;

import org.jspecify.annotations.Nullable;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/**
 * The daemon a command talks to, connected on first use, and the other nodes it knows of.
 * Single-threaded.
 */
final class Sheep implements AutoCloseable {
    private static final byte[] NOTHING = new byte[0];

    private final Console console;
    private final Dialer dialer;
    private final InetAddress address;
    private final int port;
    private @Nullable SheepConnection connection;
    private List<NodeRecord> nodes = List.of();
    private int epoch;

    Sheep(Console console, Dialer dialer, InetAddress address, int port) {
        this.console = console;
        this.dialer = dialer;
        this.address = address;
        this.port = port;
    }

    /** Fetches the node list; ends the program with 2 if there is none. */
    void loadNodes() {
        try {
            Reply reply =
                    ask(SheepOpcode.GET_NODE_LIST, SheepProtocol.MAX_NODES * NodeRecord.BYTES);
            nodes = NodeRecord.decodeList(reply.data());
            epoch = reply.header().epoch();
            // Upstream asks for the cluster's disk mode here; this version only knows nodes without
            // it.
            call(
                    SheepOpcode.STAT_CLUSTER,
                    0,
                    HeaderWords.ZERO,
                    NOTHING,
                    EpochLogRecord.FIXED_BYTES);
        } catch (NoAnswerException | SheepFormatException e) {
            console.error("Failed to get node list");
            throw DogExit.immediately(ExitStatus.SYSTEM_FAILURE);
        }
        if (nodes.isEmpty()) {
            console.error("There are no active sheep daemons");
            throw DogExit.immediately(ExitStatus.SYSTEM_FAILURE);
        }
    }

    /** Returns the members, in the order of their ids; empty before {@link #loadNodes}. */
    List<NodeRecord> nodes() {
        return nodes;
    }

    /** Returns the epoch at {@link #loadNodes}, u32 bits. */
    int epoch() {
        return epoch;
    }

    /** Sends a request without arguments and payload, and waits. */
    Reply ask(SheepOpcode opcode, long capacity) throws NoAnswerException {
        return call(opcode, 0, HeaderWords.ZERO, NOTHING, capacity);
    }

    /** Sends a request without payload, and waits. */
    Reply ask(SheepOpcode opcode, HeaderWords words, long capacity) throws NoAnswerException {
        return call(opcode, 0, words, NOTHING, capacity);
    }

    /** Sends a request with a payload, and waits. */
    Reply tell(SheepOpcode opcode, int flags, HeaderWords words, byte[] payload)
            throws NoAnswerException {
        return call(opcode, flags | SheepFlags.WRITE, words, payload, 0);
    }

    /** Sends a request without arguments to one node, over a connection of its own if need be. */
    Reply askNode(NodeRecord node, SheepOpcode opcode, long capacity) throws NoAnswerException {
        NodeAddress io = node.id().ioAddress();
        NodeAddress target = io.port() == 0 ? node.id().address() : io;
        if (isThis(target)) {
            return ask(opcode, capacity);
        }
        try (SheepConnection other = SheepConnection.open(
                console, dialer, InetAddress.getByAddress(target.addressBytes()), target.port())) {
            return other.receive(other.send(opcode, 0, HeaderWords.ZERO, NOTHING, capacity));
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an address of 4 or 16 bytes was refused", e);
        }
    }

    /** Asks for bytes of an object without waiting; the answer comes from {@link #receive}. */
    int sendRead(long oid, long offset, int length, int flags) throws NoAnswerException {
        HeaderWords words = new ObjectArguments(oid, 0, 0, 0, 0, 0, offset).encode();
        return connection().send(SheepOpcode.READ_OBJ, flags, words, NOTHING, length);
    }

    /** Reads bytes of an object. */
    Reply read(long oid, long offset, int length) throws NoAnswerException {
        return receive(sendRead(oid, offset, length, SheepFlags.DIRECT));
    }

    /**
     * Writes into an object without waiting.
     *
     * @param opcode CREATE_AND_WRITE_OBJ or WRITE_OBJ
     * @param flags besides WRITE
     */
    int sendWrite(SheepOpcode opcode, int flags, ObjectArguments arguments, byte[] payload)
            throws NoAnswerException {
        return connection().send(opcode, flags | SheepFlags.WRITE, arguments.encode(), payload, 0);
    }

    /** Waits for an answer. */
    Reply receive(int id) throws NoAnswerException {
        return connection().receive(id);
    }

    @Override
    public void close() {
        if (connection != null) {
            connection.close();
        }
    }

    private Reply call(
            SheepOpcode opcode, int flags, HeaderWords words, byte[] payload, long capacity)
            throws NoAnswerException {
        return receive(connection().send(opcode, flags, words, payload, capacity));
    }

    private SheepConnection connection() throws NoAnswerException {
        SheepConnection open = connection;
        if (open == null) {
            open = SheepConnection.open(console, dialer, address, port);
            connection = open;
        }
        return open;
    }

    private boolean isThis(NodeAddress target) {
        return target.equals(NodeAddress.of(address.getAddress(), port));
    }
}
