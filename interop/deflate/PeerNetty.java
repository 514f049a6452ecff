// Netty as a peer: `java -cp NETTY PeerNetty.java client OPTIONS URL` checks an echo. OPTIONS is `default`,
// `client no takeover`, or `server 10`: a window of 10 bits, without takeover.

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshakerFactory;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketVersion;
import io.netty.handler.codec.http.websocketx.extensions.WebSocketClientExtensionHandler;
import io.netty.handler.codec.http.websocketx.extensions.compression.PerMessageDeflateClientExtensionHandshaker;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

public class PeerNetty {
    static final int LIMIT = 4 << 20;

    record Payload(boolean text, byte[] bytes) {
        WebSocketFrame frame() {
            ByteBuf content = Unpooled.wrappedBuffer(bytes);
            return text ? new TextWebSocketFrame(content) : new BinaryWebSocketFrame(content);
        }
    }

    /** Text and binary of every form of length: repetitive, random, and multi-byte characters. */
    static List<Payload> payloads() {
        List<Payload> all = new ArrayList<>();
        for (int size : new int[] {0, 1, 63, 64, 125, 126, 1000, 65535, 65536, 300_000}) {
            String json = "{\"text\":\"hello again, \"}".repeat(size / 20 + 1).substring(0, size);
            all.add(new Payload(true, json.getBytes(StandardCharsets.UTF_8)));
            all.add(new Payload(true, "κόσμε 🙂 ".repeat(size / 16).getBytes(StandardCharsets.UTF_8)));
            byte[] noise = new byte[size];
            new Random(size).nextBytes(noise);
            all.add(new Payload(false, noise));
            all.add(new Payload(false, new byte[size]));
        }
        return all;
    }

    /** Level, whether client_max_window_bits is offered, the server's window, and the takeover of client and server. */
    static PerMessageDeflateClientExtensionHandshaker offer(String options) {
        return switch (options) {
            case "default" -> new PerMessageDeflateClientExtensionHandshaker();
            case "client no takeover" -> new PerMessageDeflateClientExtensionHandshaker(6, true, 15, true, false);
            // 4.1.48 offers server_no_context_takeover with every smaller window, and then requires it.
            case "server 10" -> new PerMessageDeflateClientExtensionHandshaker(6, true, 10, false, true);
            default -> throw new IllegalArgumentException(options);
        };
    }

    /** Sends a message after the echo of the last one, and closes after all. */
    static class Client extends SimpleChannelInboundHandler<WebSocketFrame> {
        final List<Payload> expected = payloads();
        int at = 0;

        @Override
        public void userEventTriggered(ChannelHandlerContext context, Object event) {
            if (event == WebSocketClientProtocolHandler.ClientHandshakeStateEvent.HANDSHAKE_COMPLETE) {
                context.writeAndFlush(expected.get(0).frame());
            }
        }

        @Override
        protected void channelRead0(ChannelHandlerContext context, WebSocketFrame frame) {
            Payload payload = expected.get(at++);
            boolean same = payload.text() == frame instanceof TextWebSocketFrame
                && frame.content().equals(Unpooled.wrappedBuffer(payload.bytes()));
            if (!same) {
                fail("message " + at + " came back changed");
            }
            context.writeAndFlush(at < expected.size() ? expected.get(at).frame() : new CloseWebSocketFrame(1000, ""));
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            fail(cause.toString());
        }
    }

    static void fail(String why) {
        System.out.println(why);
        System.exit(1);
    }

    public static void main(String[] arguments) throws Exception {
        URI url = new URI(arguments[2]);
        Client client = new Client();
        ChannelHandler deflate = new WebSocketClientExtensionHandler(offer(arguments[1]));
        NioEventLoopGroup group = new NioEventLoopGroup(1);
        Bootstrap bootstrap = new Bootstrap().group(group).channel(NioSocketChannel.class);
        bootstrap.handler(new ChannelInitializer<SocketChannel>() {
            @Override
            protected void initChannel(SocketChannel channel) {
                channel.pipeline().addLast(
                    new HttpClientCodec(),
                    new HttpObjectAggregator(8192),
                    deflate,
                    new WebSocketClientProtocolHandler(WebSocketClientHandshakerFactory.newHandshaker(
                        url, WebSocketVersion.V13, null, true, new DefaultHttpHeaders(), LIMIT)),
                    new WebSocketFrameAggregator(LIMIT),
                    client);
            }
        });
        bootstrap.connect(url.getHost(), url.getPort()).sync().channel().closeFuture().sync();
        if (client.at != client.expected.size()) {
            fail("closed after " + client.at + " messages");
        }
        System.out.println(client.at + " messages");
        System.exit(0);
    }
}
