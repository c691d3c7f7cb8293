package io.kelpie.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.embedded.EmbeddedChannel;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** Who gets a connection by its first bytes. */
class PortSplitterTest {
    private final StringBuilder heard = new StringBuilder();
    private final EmbeddedChannel channel =
            new EmbeddedChannel(new PortSplitter(recorder("client:"), recorder("peer:")));

    @Test
    void aNodeGetsWhatFollowsItsMagic() {
        write("KLP1abc");
        write("def");

        assertThat(heard).hasToString("peer:abcdef");
    }

    @Test
    void theMagicMayComeInPieces() {
        for (String piece : new String[] {"K", "L", "", "P", "1", "x"}) {
            write(piece);
        }

        assertThat(heard).hasToString("peer:x");
    }

    @Test
    void aClientGetsAllItsBytesFromTheFirstOn() {
        write("\u0002");
        write("abc");

        assertThat(heard).hasToString("client:\u0002abc");
    }

    @Test
    void whoOnlyBeginsLikeANodeIsAClient() {
        write("KLP");
        write("2abc");

        assertThat(heard).hasToString("client:KLP2abc");
    }

    @Test
    void whatCameBeforeADecisionIsReleasedWithTheConnection() {
        ByteBuf bytes = Unpooled.copiedBuffer("KL", StandardCharsets.ISO_8859_1);
        channel.writeInbound(bytes);

        channel.close();

        assertThat(bytes.refCnt()).isZero();
        assertThat(heard).isEmpty();
    }

    private void write(String text) {
        channel.writeInbound(Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1));
    }

    private Consumer<ChannelPipeline> recorder(String name) {
        return pipeline -> {
            heard.append(name);
            pipeline.addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                    ByteBuf bytes = (ByteBuf) message;
                    heard.append(bytes.toString(StandardCharsets.ISO_8859_1));
                    bytes.release();
                }
            });
        };
    }
}
