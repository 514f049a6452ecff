import java.util.Arrays;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** The cases of a client, for peers in Java. */
abstract class Cases {
    static final String REASON = "操作完成";

    record Closed(int code, String reason) {}

    record Pong() {}

    /** A connection of the library. Callbacks put a String, byte[], Closed or Pong into `inbox`. */
    abstract static class Socket {
        final LinkedBlockingQueue<Object> inbox = new LinkedBlockingQueue<>();

        abstract void send(String text) throws Exception;

        abstract void send(byte[] bytes) throws Exception;

        abstract void close(int code, String reason) throws Exception;

        abstract String protocol();

        void ping() throws Exception {
            throw new UnsupportedOperationException();
        }

        void fragments(List<String> chunks) throws Exception {
            throw new UnsupportedOperationException();
        }

        Object next() throws Exception {
            Object next = inbox.poll(20, TimeUnit.SECONDS);
            check(next != null, "nothing within 20 s");
            return next;
        }

        void end() throws Exception {
            close(1000, "");
            Object next = next();
            check(next instanceof Closed closed && closed.code() == 1000, "received " + next);
        }
    }

    interface Case {
        void run(String url) throws Exception;
    }

    abstract Socket open(String url, String... protocols) throws Exception;

    static void check(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }

    void echo(String url, String text) throws Exception {
        ask(url, text, text);
    }

    void echo(String url, byte[] bytes) throws Exception {
        Socket socket = open(url);
        socket.send(bytes);
        check(socket.next() instanceof byte[] answer && Arrays.equals(answer, bytes),
            "received something else");
        socket.end();
    }

    void ask(String url, String word, String answer) throws Exception {
        Socket socket = open(url);
        socket.send(word);
        expect(socket, answer);
        socket.end();
    }

    void expect(Socket socket, Object expected) throws Exception {
        Object next = socket.next();
        check(next.equals(expected), "received " + next);
    }

    void burst(String url) throws Exception {
        Socket socket = open(url);
        for (int i = 0; i < 1000; i++) {
            socket.send("message " + i);
        }
        for (int i = 0; i < 1000; i++) {
            expect(socket, "message " + i);
        }
        socket.end();
    }

    void ping(String url) throws Exception {
        Socket socket = open(url);
        socket.ping();
        expect(socket, new Pong());
        socket.end();
    }

    void fragments(String url) throws Exception {
        Socket socket = open(url);
        socket.fragments(List.of("κόσ", "με ", REASON));
        expect(socket, "κόσμε " + REASON);
        socket.end();
    }

    void closes(String url) throws Exception {
        Socket socket = open(url);
        socket.close(3001, REASON);
        check(socket.next() instanceof Closed, "not closed");
    }

    void closed(String url) throws Exception {
        Socket socket = open(url);
        socket.send("close");
        expect(socket, new Closed(3002, REASON));
    }

    void refusal(String url) throws Exception {
        try {
            open(url + "refuse");
        } catch (Exception why) {
            String said = "";
            for (Throwable cause = why; cause != null; cause = cause.getCause()) {
                said += cause;
            }
            check(said.contains("403") || refused(why), "it says " + said);
            return;
        }
        throw new AssertionError("accepted");
    }

    /** Whether an exception without the status in its text has it. */
    boolean refused(Exception why) {
        return false;
    }

    void protocol(String url) throws Exception {
        Socket socket = open(url, "chat.v1", "chat.v2");
        check("chat.v2".equals(socket.protocol()), "negotiated " + socket.protocol());
        socket.end();
    }

    void run(String name, String url, Case test) {
        try {
            test.run(url);
            System.out.println("ok " + name);
        } catch (UnsupportedOperationException unsupported) {
            System.out.println("no " + name + ": not in its API");
        } catch (Throwable why) {
            System.out.println("no " + name + ": " + why);
        }
    }

    void runAll(String url) {
        byte[] binary = new byte[1 << 20];
        for (int i = 0; i < binary.length; i++) {
            binary[i] = (byte) (i % 251);
        }
        run("text", url, to -> echo(to, "hello"));
        run("unicode", url, to -> echo(to, "κόσμε 🙂 操作完成"));
        run("empty text", url, to -> echo(to, ""));
        run("empty binary", url, to -> echo(to, new byte[0]));
        run("binary", url, to -> echo(to, binary));
        run("json", url,
            to -> echo(to, "{\"type\":\"chat\",\"text\":\"hello again\"}".repeat(200)));
        run("burst", url, this::burst);
        run("client pings", url, this::ping);
        run("server pings", url, to -> ask(to, "ping", "pong"));
        run("client fragments", url, this::fragments);
        run("server fragments", url, to -> ask(to, "fragments", "one two three"));
        run("client closes", url, this::closes);
        run("server closes", url, this::closed);
        run("refusal", url, this::refusal);
        run("subprotocol", url, this::protocol);
        System.exit(0);
    }
}
