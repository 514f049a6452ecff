// A connection of libwebsockets with a queue of messages to write, for both roles.
#pragma once

#include <libwebsockets.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REASON "操作完成"
#define BINARY (1 << 20)

static const struct lws_extension extensions[] = {
	{"permessage-deflate", lws_extension_callback_pm_deflate,
		"permessage-deflate; client_max_window_bits"},
	{NULL, NULL, NULL},
};

// A message that waits to be written, or that is being received.
struct message {
	struct message *next;
	int flags, ping;
	size_t length;
	unsigned char *data; // behind LWS_PRE bytes
};

// A connection. The client has one at a time.
struct session {
	struct message *first, **last;
	unsigned char *received;
	size_t length;
	int binary, close_with;
};

static void queue(
	struct session *session, struct lws *wsi, const void *data, size_t length, int flags, int ping)
{
	struct message *message = calloc(1, sizeof *message);
	message->flags = flags;
	message->ping = ping;
	message->length = length;
	message->data = malloc(LWS_PRE + length);
	memcpy(message->data + LWS_PRE, data, length);
	if (!session->first)
		session->last = &session->first;
	*session->last = message;
	session->last = &message->next;
	lws_callback_on_writable(wsi);
}

static void text(struct session *session, struct lws *wsi, const char *text)
{
	queue(session, wsi, text, strlen(text), LWS_WRITE_TEXT, 0);
}

static int close_with(struct lws *wsi, int code, const char *reason)
{
	lws_close_reason(wsi, (enum lws_close_status)code, (unsigned char *)reason, strlen(reason));
	return -1;
}

// Writes one message; returns -1 to close.
static int writable(struct session *session, struct lws *wsi)
{
	struct message *message = session->first;
	if (message) {
		int flags = message->ping ? LWS_WRITE_PING : message->flags;
		if (lws_write(
				wsi, message->data + LWS_PRE, message->length, (enum lws_write_protocol)flags) < 0)
			return -1;
		session->first = message->next;
		free(message->data);
		free(message);
		lws_callback_on_writable(wsi);
	} else if (session->close_with) {
		return close_with(wsi, session->close_with, session->close_with == 1000 ? "" : REASON);
	}
	return 0;
}

static void three(struct session *session, struct lws *wsi, const char *first, const char *second,
	const char *third)
{
	queue(session, wsi, first, strlen(first), LWS_WRITE_TEXT | LWS_WRITE_NO_FIN, 0);
	queue(session, wsi, second, strlen(second), LWS_WRITE_CONTINUATION | LWS_WRITE_NO_FIN, 0);
	queue(session, wsi, third, strlen(third), LWS_WRITE_CONTINUATION, 0);
}

// Collects fragments; returns whether the message is complete.
static int receive(struct session *session, struct lws *wsi, const void *in, size_t length)
{
	if (lws_is_first_fragment(wsi)) {
		session->length = 0;
		session->binary = lws_frame_is_binary(wsi);
	}
	session->received = realloc(session->received, session->length + length + 1);
	if (length)
		memcpy(session->received + session->length, in, length);
	session->length += length;
	session->received[session->length] = 0;
	return lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi);
}
