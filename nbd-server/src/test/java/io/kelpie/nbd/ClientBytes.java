// Kelpie, Apache-2.0.
package io.kelpie.nbd;

import io.kelpie.nbd.wire.NbdConstants;
import io.kelpie.nbd.wire.OptionHeader;
import io.kelpie.nbd.wire.RequestHeader;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;

import java.nio.charset.StandardCharsets;

/** What a client sends, piece by piece, on the heap. */
final class ClientBytes {

    private final ByteBuf out = Unpooled.buffer();
    private boolean isExtended;

    /** Requests have extended headers from here on. */
    ClientBytes extended() {
        isExtended = true;
        return this;
    }

    /** Answers the greeting; {@code NO_ZEROES} and fixed newstyle. */
    ClientBytes flags() {
        return flags(NbdConstants.FLAG_FIXED_NEWSTYLE | NbdConstants.FLAG_NO_ZEROES);
    }

    ClientBytes flags(int flags) {
        out.writeInt(flags);
        return this;
    }

    ClientBytes option(int option, byte... data) {
        new OptionHeader(option, data.length).encode(out);
        out.writeBytes(data);
        return this;
    }

    /** An option that claims more data than it carries. */
    ClientBytes optionOfLength(int option, long length, byte... data) {
        new OptionHeader(option, length).encode(out);
        out.writeBytes(data);
        return this;
    }

    ClientBytes exportName(String name) {
        return option(NbdConstants.OPT_EXPORT_NAME, name.getBytes(StandardCharsets.UTF_8));
    }

    ClientBytes go(String name, int... infos) {
        return option(NbdConstants.OPT_GO, query(name, infos));
    }

    ClientBytes info(String name, int... infos) {
        return option(NbdConstants.OPT_INFO, query(name, infos));
    }

    static byte[] query(String name, int... infos) {
        var bytes = name.getBytes(StandardCharsets.UTF_8);
        var data = Unpooled.buffer();
        data.writeInt(bytes.length).writeBytes(bytes).writeShort(infos.length);
        for (var info : infos) {
            data.writeShort(info);
        }
        return toArray(data);
    }

    ClientBytes structuredReply() {
        return option(NbdConstants.OPT_STRUCTURED_REPLY);
    }

    ClientBytes listMeta(String name, String... queries) {
        return option(NbdConstants.OPT_LIST_META_CONTEXT, metaQuery(name, queries));
    }

    ClientBytes setMeta(String name, String... queries) {
        return option(NbdConstants.OPT_SET_META_CONTEXT, metaQuery(name, queries));
    }

    private static byte[] metaQuery(String name, String... queries) {
        var data = Unpooled.buffer();
        writeText(data, name);
        data.writeInt(queries.length);
        for (var query : queries) {
            writeText(data, query);
        }
        return toArray(data);
    }

    private static void writeText(ByteBuf data, String text) {
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        data.writeInt(bytes.length).writeBytes(bytes);
    }

    ClientBytes blockStatus(int flags, long cookie, long offset, long length) {
        return request(NbdConstants.CMD_BLOCK_STATUS, flags, cookie, offset, length);
    }

    ClientBytes request(int type, int flags, long cookie, long offset, long length) {
        new RequestHeader(flags, type, cookie, offset, length).encode(out, isExtended);
        return this;
    }

    ClientBytes read(long cookie, long offset, int length) {
        return request(NbdConstants.CMD_READ, 0, cookie, offset, length);
    }

    ClientBytes write(long cookie, long offset, byte... data) {
        return writeWith(0, cookie, offset, data);
    }

    ClientBytes writeWith(int flags, long cookie, long offset, byte... data) {
        var payload = isExtended ? NbdConstants.CMD_FLAG_PAYLOAD_LEN : 0;
        request(NbdConstants.CMD_WRITE, flags | payload, cookie, offset, data.length);
        out.writeBytes(data);
        return this;
    }

    ClientBytes flush(long cookie) {
        return request(NbdConstants.CMD_FLUSH, 0, cookie, 0, 0);
    }

    ClientBytes disconnect() {
        return request(NbdConstants.CMD_DISC, 0, 0, 0, 0);
    }

    ClientBytes raw(byte... bytes) {
        out.writeBytes(bytes);
        return this;
    }

    /** Everything so far. */
    byte[] toArray() {
        return toArray(out.duplicate());
    }

    private static byte[] toArray(ByteBuf buffer) {
        var bytes = new byte[buffer.readableBytes()];
        buffer.readBytes(bytes);
        return bytes;
    }
}
