import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;

/** The WebSocket of the JDK's HttpClient. */
class Jdk extends Cases {
    private final HttpClient http = HttpClient.newHttpClient();

    static class Connection extends Cases.Socket implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        WebSocket socket;

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean last) {
            text.append(part);
            if (last) {
                inbox.add(text.toString());
                text.setLength(0);
            }
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer part, boolean last) {
            byte[] copy = new byte[part.remaining()];
            part.get(copy);
            bytes.writeBytes(copy);
            if (last) {
                inbox.add(bytes.toByteArray());
                bytes.reset();
            }
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onPong(WebSocket socket, ByteBuffer payload) {
            inbox.add(new Pong());
            socket.request(1);
            return null;
        }

        @Override
        public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            inbox.add(new Closed(code, reason));
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            inbox.add(error);
        }

        @Override
        void send(String text) {
            socket.sendText(text, true).join();
        }

        @Override
        void send(byte[] bytes) {
            socket.sendBinary(ByteBuffer.wrap(bytes), true).join();
        }

        @Override
        void ping() {
            socket.sendPing(ByteBuffer.wrap("hello".getBytes())).join();
        }

        @Override
        void fragments(List<String> chunks) {
            for (int i = 0; i < chunks.size(); i++) {
                socket.sendText(chunks.get(i), i == chunks.size() - 1).join();
            }
        }

        @Override
        void close(int code, String reason) {
            socket.sendClose(code, reason).join();
        }

        @Override
        String protocol() {
            return socket.getSubprotocol();
        }
    }

    @Override
    Socket open(String url, String... protocols) throws Exception {
        Connection connection = new Connection();
        WebSocket.Builder builder = http.newWebSocketBuilder();
        if (protocols.length > 0) {
            builder.subprotocols(protocols[0], Arrays.copyOfRange(protocols, 1, protocols.length));
        }
        connection.socket = builder.buildAsync(URI.create(url), connection).join();
        return connection;
    }

    @Override
    boolean refused(Exception why) {
        return why instanceof CompletionException
            && why.getCause() instanceof WebSocketHandshakeException refusal
            && refusal.getResponse().statusCode() == 403;
    }

    public static void main(String[] arguments) {
        new Jdk().runAll(arguments[1]);
    }
}
