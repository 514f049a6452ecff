import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.websocket.ClientEndpointConfig;
import jakarta.websocket.CloseReason;
import jakarta.websocket.ContainerProvider;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.Extension;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.PongMessage;
import jakarta.websocket.Session;
import jakarta.websocket.WebSocketContainer;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.catalina.Context;
import org.apache.tomcat.websocket.server.WsSci;

/** Tomcat's implementation of Jakarta WebSocket. */
class Tomcat extends Cases {
    static final int LIMIT = 2 << 20;

    static class Connection extends Cases.Socket {
        Session session;

        final Endpoint endpoint = new Endpoint() {
            @Override
            public void onOpen(Session session, EndpointConfig config) {
                session.addMessageHandler(String.class, inbox::add);
                session.addMessageHandler(byte[].class, inbox::add);
                session.addMessageHandler(PongMessage.class, pong -> inbox.add(new Pong()));
            }

            @Override
            public void onClose(Session session, CloseReason reason) {
                inbox.add(new Closed(reason.getCloseCode().getCode(), reason.getReasonPhrase()));
            }
        };

        @Override
        void send(String text) throws IOException {
            session.getBasicRemote().sendText(text);
        }

        @Override
        void send(byte[] bytes) throws IOException {
            session.getBasicRemote().sendBinary(ByteBuffer.wrap(bytes));
        }

        @Override
        void ping() throws IOException {
            sendPing(session);
        }

        @Override
        void fragments(List<String> chunks) throws IOException {
            sendFragments(session, chunks);
        }

        @Override
        void close(int code, String reason) throws IOException {
            session.close(reason(code, reason));
        }

        @Override
        String protocol() {
            return session.getNegotiatedSubprotocol();
        }
    }

    static void sendFragments(Session session, List<String> chunks) throws IOException {
        for (int i = 0; i < chunks.size(); i++) {
            session.getBasicRemote().sendText(chunks.get(i), i == chunks.size() - 1);
        }
    }

    static void sendPing(Session session) throws IOException {
        session.getBasicRemote().sendPing(ByteBuffer.wrap("hello".getBytes()));
    }

    static CloseReason reason(int code, String reason) {
        return new CloseReason(CloseReason.CloseCodes.getCloseCode(code), reason);
    }

    @Override
    Socket open(String url, String... protocols) throws Exception {
        WebSocketContainer container = ContainerProvider.getWebSocketContainer();
        container.setDefaultMaxTextMessageBufferSize(LIMIT);
        container.setDefaultMaxBinaryMessageBufferSize(LIMIT);
        ClientEndpointConfig config =
            ClientEndpointConfig.Builder.create()
                .preferredSubprotocols(List.of(protocols))
                .extensions(List.copyOf(container.getInstalledExtensions()))
                .build();
        Connection connection = new Connection();
        connection.session =
            container.connectToServer(connection.endpoint, config, URI.create(url));
        return connection;
    }

    /** The server's endpoint. */
    public static class Echo extends Endpoint {
        @Override
        public void onOpen(Session session, EndpointConfig config) {
            session.setMaxBinaryMessageBufferSize(LIMIT);
            session.setMaxTextMessageBufferSize(LIMIT);
            session.addMessageHandler(String.class, text -> answer(session, text));
            session.addMessageHandler(byte[].class,
                bytes
                -> quietly(() -> session.getBasicRemote().sendBinary(ByteBuffer.wrap(bytes))));
            session.addMessageHandler(PongMessage.class,
                pong -> quietly(() -> session.getBasicRemote().sendText("pong")));
        }

        private void answer(Session session, String text) {
            quietly(() -> {
                switch (text) {
                    case "ping" -> sendPing(session);
                    case "fragments" -> sendFragments(session, List.of("one ", "two ", "three"));
                    case "close" -> session.close(reason(3002, REASON));
                    default -> session.getBasicRemote().sendText(text);
                }
            });
        }

        @Override
        public void onClose(Session session, CloseReason reason) {
            int code = reason.getCloseCode().getCode();
            System.out.println("closed " + code + " " + reason.getReasonPhrase());
        }
    }

    interface Sending {
        void run() throws IOException;
    }

    static void quietly(Sending sending) {
        try {
            sending.run();
        } catch (IOException error) {
            System.out.println(error);
        }
    }

    static void serve(String folder) throws Exception {
        org.apache.catalina.startup.Tomcat tomcat = new org.apache.catalina.startup.Tomcat();
        tomcat.setBaseDir(folder);
        tomcat.setHostname("127.0.0.1");
        tomcat.setPort(0);
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        new File(folder, "root").mkdirs();
        Context context = tomcat.addContext("", new File(folder, "root").getAbsolutePath());
        org.apache.catalina.startup.Tomcat.addServlet(context, "refuse", new HttpServlet() {
            @Override
            protected void doGet(HttpServletRequest request, HttpServletResponse response)
                throws IOException {
                response.sendError(403);
            }
        });
        context.addServletMappingDecoded("/", "refuse");
        context.addServletContainerInitializer(new WsSci(), null);
        context.addServletContainerInitializer((classes, servlets) -> {
            Object attribute = servlets.getAttribute(ServerContainer.class.getName());
            ServerContainer container = (ServerContainer) attribute;
            List<Extension> extensions = List.copyOf(container.getInstalledExtensions());
            try {
                container.addEndpoint(ServerEndpointConfig.Builder.create(Echo.class, "/")
                    .subprotocols(List.of("chat.v2")).extensions(extensions).build());
            } catch (DeploymentException error) {
                throw new IllegalStateException(error);
            }
        }, null);
        tomcat.start();
        System.out.println("listening on " + tomcat.getConnector().getLocalPort());
        tomcat.getServer().await();
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("client")) {
            new Tomcat().runAll(arguments[1]);
        } else {
            long pid = ProcessHandle.current().pid();
            serve(System.getProperty("java.io.tmpdir") + "/tomcat-" + pid);
        }
    }
}
