package io.kelpie.jmh.part;

import io.kelpie.nbd.wire.NbdConstants;
import io.kelpie.nbd.wire.RequestHeader;
import io.kelpie.nbd.wire.SimpleReply;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

import java.util.concurrent.TimeUnit;

/** The NBD codec: what each request and each reply costs before any byte of payload is moved. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class NbdCodecBenchmark {
    /** A request as it comes from the socket, and room for replies. */
    @State(Scope.Thread)
    public static class Buffers {
        private final ByteBuf request = PooledByteBufAllocator.DEFAULT.directBuffer();
        private final ByteBuf reply = PooledByteBufAllocator.DEFAULT.directBuffer();

        /** Encodes the request once. */
        public Buffers() {
            new RequestHeader(0, NbdConstants.CMD_READ, 7, 1 << 20, 4096).encode(request);
        }

        /** Gives the memory back. */
        @TearDown
        public void release() {
            request.release();
            reply.release();
        }
    }

    /** Check of the magic number and decoding of a request's 28 bytes. */
    @Benchmark
    public RequestHeader decodeRequest(Buffers buffers) {
        ByteBuf bytes = buffers.request.readerIndex(0);
        if (!RequestHeader.hasMagic(bytes)) {
            throw new IllegalStateException("the request lost its magic number");
        }
        return RequestHeader.decode(bytes);
    }

    /** Encoding of a reply's 16 bytes. */
    @Benchmark
    public ByteBuf encodeReply(Buffers buffers) {
        ByteBuf out = buffers.reply.clear();
        SimpleReply.encode(out, 0, 7);
        return out;
    }

    /** Both, with a pooled buffer for each reply as the server takes one. */
    @Benchmark
    public long requestAndReply(Buffers buffers) {
        RequestHeader request = decodeRequest(buffers);
        ByteBuf out = PooledByteBufAllocator.DEFAULT.directBuffer(
                SimpleReply.LENGTH_BYTES, SimpleReply.LENGTH_BYTES);
        SimpleReply.encode(out, 0, request.cookie());
        long seen = out.getLong(8);
        out.release();
        return seen;
    }
}
