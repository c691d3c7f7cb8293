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

    ClientBytes request(int type, int flags, long cookie, long offset, long length) {
        new RequestHeader(flags, type, cookie, offset, length).encode(out);
        return this;
    }

    ClientBytes read(long cookie, long offset, int length) {
        return request(NbdConstants.CMD_READ, 0, cookie, offset, length);
    }

    ClientBytes write(long cookie, long offset, byte... data) {
        return writeWith(0, cookie, offset, data);
    }

    ClientBytes writeWith(int flags, long cookie, long offset, byte... data) {
        request(NbdConstants.CMD_WRITE, flags, cookie, offset, data.length);
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
