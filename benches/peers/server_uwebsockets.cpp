// An echo server on uWebSockets, which validates text itself; with `--broadcast`, it publishes each
// message to all clients.

#include <App.h>

#include <iostream>
#include <string_view>

namespace {

constexpr unsigned LIMIT = 16 << 20;
constexpr const char *TOPIC = "all";

struct PerSocketData {};

using Socket = uWS::WebSocket<false, true, PerSocketData>;

}

int main(int count, char **arguments) {
	bool broadcasts = count > 1 && std::string_view(arguments[1]) == "--broadcast";
	uWS::App app;
	app.ws<PerSocketData>("/*", {
		.compression = uWS::DISABLED,
		.maxPayloadLength = LIMIT,
		// Neither a message nor a connection is dropped.
		.idleTimeout = 0,
		.maxBackpressure = 0,
		.open = [broadcasts](Socket *socket) {
			if (broadcasts) {
				socket->subscribe(TOPIC);
			}
		},
		.message = [broadcasts, &app](Socket *socket, std::string_view message, uWS::OpCode code) {
			if (broadcasts) {
				app.publish(TOPIC, message, code);
			} else {
				socket->send(message, code);
			}
		},
	});
	app.listen("127.0.0.1", 0, [](us_listen_socket_t *listening) {
		if (listening) {
			int port = us_socket_local_port(false, reinterpret_cast<us_socket_t *>(listening));
			std::cout << "listening on 127.0.0.1:" << port << std::endl;
		}
	});
	app.run();
}
