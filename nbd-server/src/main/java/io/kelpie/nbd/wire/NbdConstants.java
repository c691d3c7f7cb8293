// Kelpie, Apache-2.0.
package io.kelpie.nbd.wire;

/**
 * Numbers of the NBD protocol, under the names of its specification without the leading
 * {@code NBD_}.
 */
public final class NbdConstants {

    // Magic numbers.
    /** First eight bytes a server sends, "NBDMAGIC". */
    public static final long INIT_MAGIC = 0x4e42444d41474943L;
    /** Before the handshake flags and before every option, "IHAVEOPT". */
    public static final long OPTION_MAGIC = 0x49484156454f5054L;
    /** Before every option reply. */
    public static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
    /** Before every request. */
    public static final int REQUEST_MAGIC = 0x25609513;
    /** Before every simple reply. */
    public static final int SIMPLE_REPLY_MAGIC = 0x67446698;

    // Handshake flags of the server and, with the same bits, of the client.
    /** The fixed newstyle handshake is spoken. */
    public static final int FLAG_FIXED_NEWSTYLE = 1;
    /** The 124 zeroes after EXPORT_NAME may be left out. */
    public static final int FLAG_NO_ZEROES = 1 << 1;

    // Transmission flags.
    /** Always set. */
    public static final int FLAG_HAS_FLAGS = 1;
    /** Nothing can be written. */
    public static final int FLAG_READ_ONLY = 1 << 1;
    /** FLUSH works. */
    public static final int FLAG_SEND_FLUSH = 1 << 2;
    /** The FUA flag works. */
    public static final int FLAG_SEND_FUA = 1 << 3;
    /** TRIM works. */
    public static final int FLAG_SEND_TRIM = 1 << 5;
    /** WRITE_ZEROES and its NO_HOLE flag work. */
    public static final int FLAG_SEND_WRITE_ZEROES = 1 << 6;
    /** A flush on one connection covers all connections. */
    public static final int FLAG_CAN_MULTI_CONN = 1 << 8;
    /** CACHE works. */
    public static final int FLAG_SEND_CACHE = 1 << 10;
    /** The FAST_ZERO flag works. */
    public static final int FLAG_SEND_FAST_ZERO = 1 << 11;

    // Options.
    /** Choose an export, the old way without an error reply. */
    public static final int OPT_EXPORT_NAME = 1;
    /** Give up. */
    public static final int OPT_ABORT = 2;
    /** List the exports. */
    public static final int OPT_LIST = 3;
    /** Describe an export. */
    public static final int OPT_INFO = 6;
    /** Choose an export. */
    public static final int OPT_GO = 7;

    // Option replies.
    /** Accepted, or end of a list. */
    public static final int REP_ACK = 1;
    /** One export of a list. */
    public static final int REP_SERVER = 2;
    /** One piece of information about an export. */
    public static final int REP_INFO = 3;
    /** Unknown option. */
    public static final int REP_ERR_UNSUP = 0x80000001;
    /** Forbidden by the server. */
    public static final int REP_ERR_POLICY = 0x80000002;
    /** Malformed option. */
    public static final int REP_ERR_INVALID = 0x80000003;
    /** No such export, or not available. */
    public static final int REP_ERR_UNKNOWN = 0x80000006;
    /** The server is going down. */
    public static final int REP_ERR_SHUTDOWN = 0x80000007;
    /** The client must ask for the block sizes first. */
    public static final int REP_ERR_BLOCK_SIZE_REQD = 0x80000008;
    /** Option or reply too large. */
    public static final int REP_ERR_TOO_BIG = 0x80000009;

    // Pieces of information.
    /** Size and transmission flags. */
    public static final int INFO_EXPORT = 0;
    /** Canonical name. */
    public static final int INFO_NAME = 1;
    /** Description for people. */
    public static final int INFO_DESCRIPTION = 2;
    /** Block sizes. */
    public static final int INFO_BLOCK_SIZE = 3;

    // Commands.
    /** Read bytes. */
    public static final int CMD_READ = 0;
    /** Write bytes; the only command with a payload. */
    public static final int CMD_WRITE = 1;
    /** Disconnect. */
    public static final int CMD_DISC = 2;
    /** Make durable. */
    public static final int CMD_FLUSH = 3;
    /** Discard. */
    public static final int CMD_TRIM = 4;
    /** Prefetch. */
    public static final int CMD_CACHE = 5;
    /** Write zeroes. */
    public static final int CMD_WRITE_ZEROES = 6;
    /** Describe extents. */
    public static final int CMD_BLOCK_STATUS = 7;

    // Command flags.
    /** Durable before the reply. */
    public static final int CMD_FLAG_FUA = 1;
    /** Zero without punching a hole. */
    public static final int CMD_FLAG_NO_HOLE = 1 << 1;
    /** Zero fast or fail. */
    public static final int CMD_FLAG_FAST_ZERO = 1 << 4;
    /** The length counts a payload (extended headers only). */
    public static final int CMD_FLAG_PAYLOAD_LEN = 1 << 5;

    // Sizes in bytes.
    /** Longest string on the wire. */
    public static final int MAX_STRING_BYTES = 4096;
    /** Zeroes after an EXPORT_NAME reply for clients that want them. */
    public static final int EXPORT_NAME_PADDING_BYTES = 124;

    private NbdConstants() {}
}
