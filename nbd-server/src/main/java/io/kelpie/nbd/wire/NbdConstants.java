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
    /** Before every request after EXTENDED_HEADERS. */
    public static final int EXTENDED_REQUEST_MAGIC = 0x21e41c71;
    /** Before every simple reply. */
    public static final int SIMPLE_REPLY_MAGIC = 0x67446698;
    /** Before every chunk of a structured reply. */
    public static final int STRUCTURED_REPLY_MAGIC = 0x668e33ef;
    /** Before every chunk of a reply after EXTENDED_HEADERS. */
    public static final int EXTENDED_REPLY_MAGIC = 0x6e8a278c;

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
    /** READ understands the DF flag; only with structured replies. */
    public static final int FLAG_SEND_DF = 1 << 7;
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
    /** Go on inside TLS. */
    public static final int OPT_STARTTLS = 5;
    /** Describe an export. */
    public static final int OPT_INFO = 6;
    /** Choose an export. */
    public static final int OPT_GO = 7;
    /** Answer reads in chunks. */
    public static final int OPT_STRUCTURED_REPLY = 8;
    /** List what BLOCK_STATUS could tell. */
    public static final int OPT_LIST_META_CONTEXT = 9;
    /** Choose what BLOCK_STATUS tells. */
    public static final int OPT_SET_META_CONTEXT = 10;
    /** Requests and replies with 64-bit lengths. */
    public static final int OPT_EXTENDED_HEADERS = 11;

    // Option replies.
    /** Accepted, or end of a list. */
    public static final int REP_ACK = 1;
    /** One export of a list. */
    public static final int REP_SERVER = 2;
    /** One piece of information about an export. */
    public static final int REP_INFO = 3;
    /** One metadata context. */
    public static final int REP_META_CONTEXT = 4;
    /** Unknown option. */
    public static final int REP_ERR_UNSUP = 0x80000001;
    /** Forbidden by the server. */
    public static final int REP_ERR_POLICY = 0x80000002;
    /** Malformed option. */
    public static final int REP_ERR_INVALID = 0x80000003;
    /** Nothing without TLS. */
    public static final int REP_ERR_TLS_REQD = 0x80000005;
    /** No such export, or not available. */
    public static final int REP_ERR_UNKNOWN = 0x80000006;
    /** The server is going down. */
    public static final int REP_ERR_SHUTDOWN = 0x80000007;
    /** The client must ask for the block sizes first. */
    public static final int REP_ERR_BLOCK_SIZE_REQD = 0x80000008;
    /** Option or reply too large. */
    public static final int REP_ERR_TOO_BIG = 0x80000009;
    /** Does not go with, or not without, extended headers. */
    public static final int REP_ERR_EXT_HEADER_REQD = 0x8000000a;

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
    /** Answer a READ with one piece of data. */
    public static final int CMD_FLAG_DF = 1 << 2;
    /** Describe one extent only. */
    public static final int CMD_FLAG_REQ_ONE = 1 << 3;
    /** Zero fast or fail. */
    public static final int CMD_FLAG_FAST_ZERO = 1 << 4;
    /** The length counts a payload (extended headers only). */
    public static final int CMD_FLAG_PAYLOAD_LEN = 1 << 5;

    // Chunks of structured and extended replies.
    /** The last chunk of its reply. */
    public static final int REPLY_FLAG_DONE = 1;
    /** Nothing more, success. */
    public static final int REPLY_TYPE_NONE = 0;
    /** Bytes that were read. */
    public static final int REPLY_TYPE_OFFSET_DATA = 1;
    /** A range that reads as zeroes. */
    public static final int REPLY_TYPE_OFFSET_HOLE = 2;
    /** Extents with 32-bit lengths. */
    public static final int REPLY_TYPE_BLOCK_STATUS = 5;
    /** Extents with 64-bit lengths; only with extended headers. */
    public static final int REPLY_TYPE_BLOCK_STATUS_EXT = 6;
    /** The request failed. */
    public static final int REPLY_TYPE_ERROR = 0x8001;

    // The metadata context "base:allocation".
    /** Its name. */
    public static final String BASE_ALLOCATION = "base:allocation";
    /** Every context of its namespace, in a list. */
    public static final String BASE_NAMESPACE = "base:";
    /** Nothing is allocated there. */
    public static final int STATE_HOLE = 1;
    /** Reads as zeroes. */
    public static final int STATE_ZERO = 1 << 1;

    // Sizes in bytes.
    /** Longest string on the wire. */
    public static final int MAX_STRING_BYTES = 4096;
    /** Zeroes after an EXPORT_NAME reply for clients that want them. */
    public static final int EXPORT_NAME_PADDING_BYTES = 124;

    private NbdConstants() {}
}
