import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshakerFactory;
import io.netty.handler.codec.http.websocketx.WebSocketClientProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrameAggregator;
import io.netty.handler.codec.http.websocketx.WebSocketServerProtocolHandler;
import io.netty.handler.codec.http.websocketx.WebSocketVersion;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketClientCompressionHandler;
import io.netty.handler.codec.http.websocketx.extensions.compression.WebSocketServerCompressionHandler;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Netty's handlers for both roles. */
class Netty extends Cases {
    static final int LIMIT = 2 << 20;

    private final NioEventLoopGroup group = new NioEventLoopGroup(1);

    static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
    }

    static void sendFragments(Channel channel, List<String> chunks) {
        for (int i = 0; i < chunks.size(); i++) {
            boolean last = i == chunks.size() - 1;
            channel.writeAndFlush(i == 0 ? new TextWebSocketFrame(false, 0, chunks.get(i))
                                         : new ContinuationWebSocketFrame(last, 0, chunks.get(i)));
        }
    }

    class Connection extends Cases.Socket {
        final CompletableFuture<Void> opened = new CompletableFuture<>();
        WebSocketClientHandshaker handshaker;
        Channel channel;

        class Handler extends SimpleChannelInboundHandler<WebSocketFrame> {
            @Override
            public void userEventTriggered(ChannelHandlerContext context, Object event) {
                if (event
                    == WebSocketClientProtocolHandler.ClientHandshakeStateEvent
                           .HANDSHAKE_COMPLETE) {
                    opened.complete(null);
                }
            }

            @Override
            protected void channelRead0(ChannelHandlerContext context, WebSocketFrame frame) {
                if (frame instanceof TextWebSocketFrame text) {
                    inbox.add(text.text());
                } else if (frame instanceof BinaryWebSocketFrame) {
                    byte[] copy = new byte[frame.content().readableBytes()];
                    frame.content().readBytes(copy);
                    inbox.add(copy);
                } else if (frame instanceof PongWebSocketFrame) {
                    inbox.add(new Pong());
                } else if (frame instanceof CloseWebSocketFrame close) {
                    inbox.add(new Closed(close.statusCode(), close.reasonText()));
                    context.writeAndFlush(close.retain());
                }
            }

            @Override
            public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
                opened.completeExceptionally(cause);
                inbox.add(cause);
                context.close();
            }
        }

        @Override
        void send(String text) {
            channel.writeAndFlush(new TextWebSocketFrame(text));
        }

        @Override
        void send(byte[] bytes) {
            channel.writeAndFlush(new BinaryWebSocketFrame(Unpooled.wrappedBuffer(bytes)));
        }

        @Override
        void ping() {
            channel.writeAndFlush(new PingWebSocketFrame(bytes("hello")));
        }

        @Override
        void fragments(List<String> chunks) {
            sendFragments(channel, chunks);
        }

        @Override
        void close(int code, String reason) {
            channel.writeAndFlush(new CloseWebSocketFrame(code, reason));
        }

        @Override
        String protocol() {
            return handshaker.actualSubprotocol();
        }
    }

    @Override
    Socket open(String url, String... protocols) throws Exception {
        URI uri = new URI(url);
        Connection connection = new Connection();
        String offer = protocols.length > 0 ? String.join(",", protocols) : null;
        connection.handshaker = WebSocketClientHandshakerFactory.newHandshaker(
            uri, WebSocketVersion.V13, offer, true, new DefaultHttpHeaders(), LIMIT);
        Bootstrap bootstrap = new Bootstrap().group(group).channel(NioSocketChannel.class);
        bootstrap.handler(new ChannelInitializer<SocketChannel>() {
            @Override
            protected void initChannel(SocketChannel channel) {
                channel.pipeline().addLast(new HttpClientCodec(), new HttpObjectAggregator(8192),
                    WebSocketClientCompressionHandler.INSTANCE,
                    // Neither close frames nor pongs are taken by the handler.
                    new WebSocketClientProtocolHandler(connection.handshaker, false, false),
                    new WebSocketFrameAggregator(LIMIT), connection.new Handler());
            }
        });
        connection.channel = bootstrap.connect(uri.getHost(), uri.getPort()).sync().channel();
        connection.opened.get();
        return connection;
    }

    /** Answers `/refuse`, and passes other requests on. */
    static class Refusals extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (message instanceof FullHttpRequest request && request.uri().equals("/refuse")) {
                context
                    .writeAndFlush(new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1, HttpResponseStatus.FORBIDDEN))
                    .addListener(ChannelFutureListener.CLOSE);
            } else {
                context.fireChannelRead(message);
            }
        }
    }

    static class Echo extends SimpleChannelInboundHandler<WebSocketFrame> {
        @Override
        protected void channelRead0(ChannelHandlerContext context, WebSocketFrame frame) {
            String text = frame instanceof TextWebSocketFrame message ? message.text() : "";
            if (frame instanceof CloseWebSocketFrame close) {
                System.out.println("closed " + close.statusCode() + " " + close.reasonText());
                context.writeAndFlush(close.retain()).addListener(ChannelFutureListener.CLOSE);
            } else if (frame instanceof PongWebSocketFrame) {
                context.writeAndFlush(new TextWebSocketFrame("pong"));
            } else if (text.equals("ping")) {
                context.writeAndFlush(new PingWebSocketFrame(bytes("hello")));
            } else if (text.equals("fragments")) {
                sendFragments(context.channel(), List.of("one ", "two ", "three"));
            } else if (text.equals("close")) {
                context.writeAndFlush(new CloseWebSocketFrame(3002, REASON));
            } else {
                context.writeAndFlush(frame.retain());
            }
        }
    }

    static void serve() throws Exception {
        ServerBootstrap bootstrap = new ServerBootstrap()
                                        .group(new NioEventLoopGroup(1))
                                        .channel(NioServerSocketChannel.class);
        bootstrap.childHandler(new ChannelInitializer<SocketChannel>() {
            @Override
            protected void initChannel(SocketChannel channel) {
                channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(8192),
                    new Refusals(), new WebSocketServerCompressionHandler(),
                    new WebSocketServerProtocolHandler(
                        "/", "chat.v2", true, LIMIT, false, true, false) {
                        @Override
                        protected void decode(ChannelHandlerContext context, WebSocketFrame frame,
                            List<Object> out) throws Exception {
                            // The handler takes pongs and close frames, which the next one is to
                            // see.
                            if (frame instanceof PongWebSocketFrame
                                || frame instanceof CloseWebSocketFrame) {
                                out.add(frame.retain());
                            } else {
                                super.decode(context, frame, out);
                            }
                        }
                    },
                    new WebSocketFrameAggregator(LIMIT), new Echo());
            }
        });
        Channel channel = bootstrap.bind("127.0.0.1", 0).sync().channel();
        System.out.println(
            "listening on " + ((InetSocketAddress) channel.localAddress()).getPort());
        channel.closeFuture().sync();
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("client")) {
            new Netty().runAll(arguments[1]);
        } else {
            serve();
        }
    }
}
