// libwebsockets: a client that runs the cases, and a server.
#include "lws_session.h"

static void print_close(const unsigned char *in, size_t length)
{
	if (length >= 2)
		printf("closed %d %.*s\n", in[0] << 8 | in[1], (int)length - 2, in + 2);
}

static int serve_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
	struct session *session = user;
	char path[64] = "";
	switch (reason) {
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		lws_hdr_copy(wsi, path, sizeof path, WSI_TOKEN_GET_URI);
		if (!strcmp(path, "/refuse")) {
			lws_return_http_status(wsi, 403, NULL);
			return -1;
		}
		break;
	case LWS_CALLBACK_RECEIVE:
		if (!receive(session, wsi, in, length))
			break;
		if (!session->binary && !strcmp((char *)session->received, "ping"))
			queue(session, wsi, "hello", 5, 0, 1);
		else if (!session->binary && !strcmp((char *)session->received, "fragments"))
			three(session, wsi, "one ", "two ", "three");
		else if (!session->binary && !strcmp((char *)session->received, "close"))
			return close_with(wsi, 3002, REASON);
		else
			queue(session, wsi, session->received, session->length,
				session->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT, 0);
		break;
	case LWS_CALLBACK_RECEIVE_PONG: text(session, wsi, "pong"); break;
	case LWS_CALLBACK_SERVER_WRITEABLE: return writable(session, wsi);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: print_close(in, length); break;
	case LWS_CALLBACK_CLOSED: free(session->received); break;
	default: break;
	}
	return 0;
}

static const char *names[] = {"text", "unicode", "empty text", "empty binary", "binary", "json",
	"burst", "client pings", "server pings", "client fragments", "server fragments",
	"client closes", "server closes", "refusal", "subprotocol"};
enum {
	TEXT,
	UNICODE,
	EMPTY_TEXT,
	EMPTY_BINARY,
	BYTES,
	JSON,
	BURST,
	CLIENT_PINGS,
	SERVER_PINGS,
	CLIENT_FRAGMENTS,
	SERVER_FRAGMENTS,
	CLIENT_CLOSES,
	SERVER_CLOSES,
	REFUSAL,
	SUBPROTOCOL,
	COUNT
};

static struct session session;
static int current, over, succeeded, count;
static char *json, *bytes, outcome[256], chosen[64];

static void finish(struct lws *wsi)
{
	succeeded = 1;
	session.close_with = 1000;
	lws_callback_on_writable(wsi);
}

static void opened(struct lws *wsi)
{
	char message[32];
	switch (current) {
	case TEXT: text(&session, wsi, "hello"); break;
	case UNICODE: text(&session, wsi, "κόσμε 🙂 操作完成"); break;
	case EMPTY_TEXT: text(&session, wsi, ""); break;
	case EMPTY_BINARY: queue(&session, wsi, "", 0, LWS_WRITE_BINARY, 0); break;
	case BYTES: queue(&session, wsi, bytes, BINARY, LWS_WRITE_BINARY, 0); break;
	case JSON: text(&session, wsi, json); break;
	case BURST:
		for (int i = 0; i < 1000; i++) {
			snprintf(message, sizeof message, "message %d", i);
			text(&session, wsi, message);
		}
		break;
	case CLIENT_PINGS: queue(&session, wsi, "hello", 5, 0, 1); break;
	case SERVER_PINGS: text(&session, wsi, "ping"); break;
	case CLIENT_FRAGMENTS: three(&session, wsi, "κόσ", "με ", REASON); break;
	case SERVER_FRAGMENTS: text(&session, wsi, "fragments"); break;
	case CLIENT_CLOSES:
		finish(wsi);
		session.close_with = 3001;
		break;
	case SERVER_CLOSES: text(&session, wsi, "close"); break;
	case SUBPROTOCOL:
		snprintf(outcome, sizeof outcome, "negotiated %s", chosen);
		finish(wsi);
		succeeded = !strcmp(chosen, "chat.v2");
		break;
	default: break;
	}
}

static void received(struct lws *wsi)
{
	char expected[32];
	const char *got = (char *)session.received;
	switch (current) {
	case TEXT:
		if (!strcmp(got, "hello"))
			finish(wsi);
		break;
	case UNICODE:
		if (!strcmp(got, "κόσμε 🙂 操作完成"))
			finish(wsi);
		break;
	case EMPTY_TEXT:
		if (!session.length && !session.binary)
			finish(wsi);
		break;
	case EMPTY_BINARY:
		if (!session.length && session.binary)
			finish(wsi);
		break;
	case BYTES:
		if (session.length == BINARY && !memcmp(got, bytes, BINARY))
			finish(wsi);
		break;
	case JSON:
		if (!strcmp(got, json))
			finish(wsi);
		break;
	case BURST:
		snprintf(expected, sizeof expected, "message %d", count);
		if (!strcmp(got, expected) && ++count == 1000)
			finish(wsi);
		break;
	case SERVER_PINGS:
		if (!strcmp(got, "pong"))
			finish(wsi);
		break;
	case CLIENT_FRAGMENTS:
		if (!strcmp(got, "κόσμε " REASON))
			finish(wsi);
		break;
	case SERVER_FRAGMENTS:
		if (!strcmp(got, "one two three"))
			finish(wsi);
		break;
	default: break;
	}
}

static int client_callback(
	struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length)
{
	(void)user;
	switch (reason) {
	case LWS_CALLBACK_CLIENT_FILTER_PRE_ESTABLISH:
		lws_hdr_copy(wsi, chosen, sizeof chosen, WSI_TOKEN_PROTOCOL);
		break;
	case LWS_CALLBACK_CLIENT_ESTABLISHED: opened(wsi); break;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		if (receive(&session, wsi, in, length))
			received(wsi);
		break;
	case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
		if (current == CLIENT_PINGS)
			finish(wsi);
		break;
	case LWS_CALLBACK_CLIENT_WRITEABLE: return writable(&session, wsi);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		succeeded |= current == SERVER_CLOSES && length == 2 + strlen(REASON) &&
					 !memcmp(in, "\x0b\xba" REASON, length);
		break;
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		snprintf(outcome, sizeof outcome, "%.*s", in ? (int)length : 0, in ? (char *)in : "");
		succeeded |= current == REFUSAL && strstr(outcome, "403");
		over = 1;
		break;
	case LWS_CALLBACK_CLIENT_CLOSED: over = 1; break;
	default: break;
	}
	return 0;
}

static void run_cases(struct lws_context *context, int port)
{
	json = calloc(200, 64);
	for (int i = 0; i < 200; i++)
		strcat(json, "{\"type\":\"chat\",\"text\":\"hello again\"}");
	bytes = malloc(BINARY);
	for (int i = 0; i < BINARY; i++)
		bytes[i] = (char)(i % 251);
	for (current = 0; current < COUNT; current++) {
		struct lws_client_connect_info info = {0};
		info.context = context;
		info.address = info.host = "127.0.0.1";
		info.port = port;
		info.path = current == REFUSAL ? "/refuse" : "/";
		info.protocol = current == SUBPROTOCOL ? "chat.v1,chat.v2" : NULL;
		memset(&session, 0, sizeof session);
		over = succeeded = count = 0;
		outcome[0] = 0;
		lws_client_connect_via_info(&info);
		time_t deadline = time(NULL) + 10;
		while (!over && time(NULL) < deadline && lws_service(context, 0) >= 0)
			;
		printf(succeeded ? "ok %s\n" : "no %s: %s\n", names[current], outcome);
	}
}

int main(int argc, char **argv)
{
	int server = !strcmp(argv[1], "server");
	lws_callback_function *callback = server ? serve_callback : client_callback;
	struct lws_protocols protocols[] = {
		{"default", callback, sizeof(struct session), 65536, 0, NULL, 0},
		{"chat.v2", callback, sizeof(struct session), 65536, 0, NULL, 0},
		{NULL, NULL, 0, 0, 0, NULL, 0},
	};
	struct lws_context_creation_info info = {0};
	setvbuf(stdout, NULL, _IOLBF, 0);
	lws_set_log_level(LLL_ERR, NULL);
	info.port = server ? 0 : CONTEXT_PORT_NO_LISTEN;
	info.iface = "127.0.0.1";
	info.protocols = protocols;
	// Its client loops for ever on a frame that is not compressed, if compression was negotiated.
	info.extensions = server ? extensions : NULL;
	info.gid = info.uid = (unsigned)-1;
	struct lws_context *context = lws_create_context(&info);
	if (!context)
		return 1;
	if (server) {
		printf("listening on %d\n",
			lws_get_vhost_listen_port(lws_get_vhost_by_name(context, "default")));
		while (lws_service(context, 0) >= 0)
			;
	} else {
		char *colon = argc > 2 ? strrchr(argv[2], ':') : NULL;
		run_cases(context, colon ? atoi(colon + 1) : 0);
	}
	lws_context_destroy(context);
	return 0;
}
