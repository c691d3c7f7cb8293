package io.kelpie.wire.sheep;

import org.jspecify.annotations.Nullable;

/**
 * Every opcode of generation 1.0 that upstream answers with something other than "invalid
 * parameters". Names are the protocol's.
 */
public enum SheepOpcode {
    /** Create an object and write into it. */
    CREATE_AND_WRITE_OBJ(0x01, OperationClass.GATEWAY, false, PayloadLimit.OBJECT),
    /** Read from an object. */
    READ_OBJ(0x02, OperationClass.GATEWAY, false, PayloadLimit.SMALL),
    /** Write into an existing object. */
    WRITE_OBJ(0x03, OperationClass.GATEWAY, false, PayloadLimit.OBJECT),
    /** Remove an object. */
    REMOVE_OBJ(0x04, OperationClass.GATEWAY, false, PayloadLimit.SMALL),
    /** Drop a data object and its index entry. */
    DISCARD_OBJ(0x05, OperationClass.LOCAL, false, PayloadLimit.SMALL),
    /** Create, clone or snapshot a VDI. */
    NEW_VDI(0x11, OperationClass.CLUSTER, false, PayloadLimit.SMALL),
    /** Look up a VDI and lock it. */
    LOCK_VDI(0x12, OperationClass.CLUSTER, false, PayloadLimit.SMALL),
    /** Release a lock. */
    RELEASE_VDI(0x13, OperationClass.CLUSTER, false, PayloadLimit.SMALL),
    /** Look up a VDI. */
    GET_VDI_INFO(0x14, OperationClass.CLUSTER, false, PayloadLimit.SMALL),
    /** Bitmap of the VDI ids in use. */
    READ_VDIS(0x15, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** Make a VDI's acknowledged writes durable. */
    FLUSH_VDI(0x16, OperationClass.LOCAL, false, PayloadLimit.SMALL),
    /** Delete a VDI or snapshot. */
    DEL_VDI(0x17, OperationClass.CLUSTER, false, PayloadLimit.SMALL),
    /** Default redundancy and object size. */
    GET_CLUSTER_DEFAULT(0x18, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** The members of the cluster. */
    GET_NODE_LIST(0x82, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** Format the cluster. */
    MAKE_FS(0x84, OperationClass.CLUSTER, true, PayloadLimit.SMALL),
    /** Stop all nodes. */
    SHUTDOWN(0x85, OperationClass.CLUSTER, true, PayloadLimit.SMALL),
    /** Space of the node. */
    STAT_SHEEP(0x86, OperationClass.LOCAL, false, PayloadLimit.SMALL),
    /** Status and epoch log. */
    STAT_CLUSTER(0x87, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** Find, set or delete a VDI attribute. */
    GET_VDI_ATTR(0x89, OperationClass.CLUSTER, false, PayloadLimit.SMALL),
    /** Start an incomplete cluster. */
    FORCE_RECOVER(0x8A, OperationClass.CLUSTER, true, PayloadLimit.SMALL),
    /** Names of the backend stores. */
    GET_STORE_LIST(0x90, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** Purge stale objects. */
    CLEANUP(0x94, OperationClass.CLUSTER, true, PayloadLimit.SMALL),
    /** Trace state. */
    TRACE_STATUS(0x95, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** Trace records. */
    TRACE_READ_BUF(0x96, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** Recovery progress. */
    STAT_RECOVERY(0x97, OperationClass.LOCAL, false, PayloadLimit.SMALL),
    /** Drop an object cache. */
    FLUSH_DEL_CACHE(0x98, OperationClass.LOCAL, false, PayloadLimit.SMALL),
    /** Tell of a deleted VDI. */
    NOTIFY_VDI_DEL(0x99, OperationClass.CLUSTER, true, PayloadLimit.SMALL),
    /** Stop this node. */
    KILL_NODE(0x9A, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** Switch a tracer on. */
    TRACE_ENABLE(0x9B, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** Switch a tracer off. */
    TRACE_DISABLE(0x9C, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** Objects stored locally. */
    GET_OBJ_LIST(0xA1, OperationClass.LOCAL, false, PayloadLimit.SMALL),
    /** Members of an epoch. */
    GET_EPOCH(0xA2, OperationClass.LOCAL, false, PayloadLimit.SMALL),
    /** Create on this node. */
    CREATE_AND_WRITE_PEER(0xA3, OperationClass.PEER, false, PayloadLimit.OBJECT),
    /** Read from this node. */
    READ_PEER(0xA4, OperationClass.PEER, false, PayloadLimit.SMALL),
    /** Write on this node. */
    WRITE_PEER(0xA5, OperationClass.PEER, false, PayloadLimit.OBJECT),
    /** Remove from this node. */
    REMOVE_PEER(0xA6, OperationClass.PEER, false, PayloadLimit.SMALL),
    /** Switch automatic recovery on. */
    ENABLE_RECOVER(0xA8, OperationClass.CLUSTER, false, PayloadLimit.SMALL),
    /** Switch automatic recovery off. */
    DISABLE_RECOVER(0xA9, OperationClass.CLUSTER, false, PayloadLimit.SMALL),
    /** VDI states. */
    GET_VDI_COPIES(0xAB, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** Tell of a finished recovery. */
    COMPLETE_RECOVERY(0xAC, OperationClass.CLUSTER, true, PayloadLimit.SMALL),
    /** Tell of a new VDI. */
    NOTIFY_VDI_ADD(0xAF, OperationClass.CLUSTER, true, PayloadLimit.SMALL),
    /** Drop an object cache (0.7). */
    DELETE_CACHE(0xB0, OperationClass.CLUSTER, false, PayloadLimit.SMALL),
    /** Disks of the node. */
    MD_INFO(0xB1, OperationClass.LOCAL, false, PayloadLimit.SMALL),
    /** Add disks. */
    MD_PLUG(0xB2, OperationClass.LOCAL, false, PayloadLimit.SMALL),
    /** Remove disks. */
    MD_UNPLUG(0xB3, OperationClass.LOCAL, false, PayloadLimit.SMALL),
    /** SHA-1 of a stored object. */
    GET_HASH(0xB4, OperationClass.LOCAL, false, PayloadLimit.SMALL),
    /** Measure the disks again. */
    REWEIGHT(0xB5, OperationClass.CLUSTER, false, PayloadLimit.SMALL),
    /** Request counters. */
    STAT(0xB8, OperationClass.LOCAL, false, PayloadLimit.SMALL),
    /** Log level. */
    GET_LOGLEVEL(0xB9, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** Set the log level. */
    SET_LOGLEVEL(0xBA, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** Whether this node stores an object. */
    EXIST(0xBD, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** The cluster's whole state. */
    CLUSTER_INFO(0xBE, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** Change the default copies. */
    ALTER_CLUSTER_COPY(0xBF, OperationClass.CLUSTER, false, PayloadLimit.SMALL),
    /** Change a VDI's copies. */
    ALTER_VDI_COPY(0xC0, OperationClass.CLUSTER, false, PayloadLimit.SMALL),
    /** Drop a reference. */
    DECREF_OBJ(0xC1, OperationClass.GATEWAY, false, PayloadLimit.SMALL),
    /** Drop a reference on this node. */
    DECREF_PEER(0xC2, OperationClass.PEER, false, PayloadLimit.SMALL),
    /** Fetch an object from another node. */
    REPAIR_REPLICA(0xC5, OperationClass.LOCAL, false, PayloadLimit.SMALL),
    /** Which of many objects this node lacks. */
    OIDS_EXIST(0xC6, OperationClass.LOCAL, true, PayloadLimit.OID_LIST),
    /** VDI state checkpoint. */
    VDI_STATE_CHECKPOINT_CTL(0xC7, OperationClass.LOCAL, false, PayloadLimit.SMALL),
    /** Inode coherence (iSCSI target). */
    INODE_COHERENCE(0xC8, OperationClass.CLUSTER, false, PayloadLimit.SMALL),
    /** Bitmap of the deleted VDI ids. */
    READ_DEL_VDIS(0xC9, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** Recovery throttle. */
    GET_RECOVERY(0xCA, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** Set the recovery throttle. */
    SET_RECOVERY(0xCB, OperationClass.LOCAL, true, PayloadLimit.SMALL),
    /** Set the number of virtual nodes. */
    SET_VNODES(0xCC, OperationClass.LOCAL, false, PayloadLimit.SMALL),
    /** Number of virtual nodes. */
    GET_VNODES(0xCD, OperationClass.LOCAL, false, PayloadLimit.SMALL);

    private static final @Nullable SheepOpcode[] BY_NUMBER = new @Nullable SheepOpcode[256];

    static {
        for (SheepOpcode opcode : values()) {
            BY_NUMBER[opcode.number] = opcode;
        }
    }

    private final int number;
    private final OperationClass operationClass;
    private final boolean force;
    private final PayloadLimit payloadLimit;

    SheepOpcode(
            int number, OperationClass operationClass, boolean force, PayloadLimit payloadLimit) {
        this.number = number;
        this.operationClass = operationClass;
        this.force = force;
        this.payloadLimit = payloadLimit;
    }

    /**
     * Finds an opcode by its number.
     *
     * @param number 0..255
     * @return the opcode, or null if the number means nothing (answer INVALID_PARMS)
     */
    public static @Nullable SheepOpcode of(int number) {
        return BY_NUMBER[number & 0xFF];
    }

    /** Returns the number on the wire, 1..255. */
    public int number() {
        return number;
    }

    /** Returns how a node executes this opcode. */
    public OperationClass operationClass() {
        return operationClass;
    }

    /** Returns whether this opcode is executed while the cluster waits for format or members. */
    public boolean isForce() {
        return force;
    }

    /** Returns whether this opcode carries the sheep version instead of the client version. */
    public boolean isInternal() {
        return number >= SheepProtocol.INTERNAL_OPCODES;
    }

    /** Returns what bounds the payload of a request with this opcode. */
    public PayloadLimit payloadLimit() {
        return payloadLimit;
    }
}
