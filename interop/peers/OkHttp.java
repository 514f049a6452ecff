import java.util.List;
import java.util.concurrent.CompletableFuture;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.ByteString;

/** OkHttp, the client of Android. */
class OkHttp extends Cases {
    private final OkHttpClient http = new OkHttpClient();

    static class Connection extends Cases.Socket {
        final CompletableFuture<Response> opened = new CompletableFuture<>();
        WebSocket socket;

        final WebSocketListener listener = new WebSocketListener() {
            @Override
            public void onOpen(WebSocket socket, Response response) {
                opened.complete(response);
            }

            @Override
            public void onMessage(WebSocket socket, String text) {
                inbox.add(text);
            }

            @Override
            public void onMessage(WebSocket socket, ByteString bytes) {
                inbox.add(bytes.toByteArray());
            }

            @Override
            public void onClosing(WebSocket socket, int code, String reason) {
                socket.close(code, null);
            }

            @Override
            public void onClosed(WebSocket socket, int code, String reason) {
                inbox.add(new Closed(code, reason));
            }

            @Override
            public void onFailure(WebSocket socket, Throwable error, Response response) {
                opened.completeExceptionally(error);
                inbox.add(error);
            }
        };

        @Override
        void send(String text) {
            socket.send(text);
        }

        @Override
        void send(byte[] bytes) {
            socket.send(ByteString.of(bytes));
        }

        @Override
        void close(int code, String reason) {
            socket.close(code, reason);
        }

        @Override
        String protocol() {
            return opened.join().header("Sec-WebSocket-Protocol");
        }
    }

    @Override
    Socket open(String url, String... protocols) throws Exception {
        Connection connection = new Connection();
        Request.Builder request = new Request.Builder().url(url);
        if (protocols.length > 0) {
            request.header("Sec-WebSocket-Protocol", String.join(", ", protocols));
        }
        connection.socket = http.newWebSocket(request.build(), connection.listener);
        connection.opened.get();
        return connection;
    }

    public static void main(String[] arguments) {
        new OkHttp().runAll(arguments[1]);
    }
}
