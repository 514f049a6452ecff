// POCO's WebSocket, which sends and receives frames: its client, and its HTTPServer.
#include "cases.hpp"

#include <Poco/Buffer.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPMessage.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/WebSocket.h>
#include <Poco/Thread.h>

using namespace Poco::Net;

static void sendFrame(WebSocket &socket, const std::string &data, int flags)
{
	socket.sendFrame(data.data(), int(data.size()), flags);
}

static void send(WebSocket &socket, const Message &message)
{
	sendFrame(socket, message.data, message.text ? WebSocket::FRAME_TEXT : WebSocket::FRAME_BINARY);
}

static void sendFragments(WebSocket &socket, const std::vector<std::string> &chunks)
{
	for (const auto &chunk : chunks) {
		int first = &chunk == &chunks.front() ? WebSocket::FRAME_OP_TEXT : WebSocket::FRAME_OP_CONT;
		int last = &chunk == &chunks.back() ? WebSocket::FRAME_FLAG_FIN : 0;
		sendFrame(socket, chunk, first | last);
	}
}

// Receives frames up to the end of a message, answers pings, and reports a pong. Throws `Closed`.
static Message receive(WebSocket &socket, bool &ponged)
{
	Message message;
	while (true) {
		Poco::Buffer<char> buffer(0);
		int flags = 0;
		int length = socket.receiveFrame(buffer, flags);
		std::string payload(buffer.begin(), buffer.begin() + length);
		switch (flags & WebSocket::FRAME_OP_BITMASK) {
		case WebSocket::FRAME_OP_PING:
			sendFrame(socket, payload, WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_PONG);
			continue;
		case WebSocket::FRAME_OP_PONG: ponged = true; return {};
		case WebSocket::FRAME_OP_CLOSE:
			sendFrame(socket, payload, WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_CLOSE);
			throw Closed{
				(unsigned char)payload[0] << 8 | (unsigned char)payload[1], payload.substr(2)};
		case WebSocket::FRAME_OP_TEXT: message.text = true; break;
		case WebSocket::FRAME_OP_BINARY: message.text = false; break;
		default: break;
		}
		if (flags == 0 && length == 0)
			throw Closed{1006, ""};
		message.data += payload;
		if (flags & WebSocket::FRAME_FLAG_FIN)
			return message;
	}
}

struct Client : Connection {
	HTTPClientSession session;
	HTTPResponse response;
	std::unique_ptr<WebSocket> socket;
	bool ponged = false;

	Client(unsigned short port, const std::string &path, const std::string &protocols)
		: session("127.0.0.1", port)
	{
		HTTPRequest request(HTTPRequest::HTTP_GET, path, HTTPMessage::HTTP_1_1);
		if (!protocols.empty())
			request.set("Sec-WebSocket-Protocol", protocols);
		try {
			socket = std::make_unique<WebSocket>(session, request, response);
		} catch (const WebSocketException &why) {
			throw std::runtime_error(
				why.displayText() + " " + std::to_string(response.getStatus()));
		}
		socket->setNoDelay(true);
		socket->setMaxPayloadSize(2 << 20);
	}

	void send(const Message &message) override { ::send(*socket, message); }
	Message receive() override { return ::receive(*socket, ponged); }
	void fragments(const std::vector<std::string> &chunks) override
	{
		sendFragments(*socket, chunks);
	}
	std::string protocol() override { return response.get("Sec-WebSocket-Protocol", ""); }

	void ping() override
	{
		sendFrame(*socket, "hello", WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_PING);
		receive();
		check(ponged, "no pong");
	}

	void close(int code, const std::string &reason) override
	{
		socket->shutdown(Poco::UInt16(code), reason);
		Poco::Buffer<char> buffer(0);
		int flags = 0;
		socket->receiveFrame(buffer, flags);
		check((flags & WebSocket::FRAME_OP_BITMASK) == WebSocket::FRAME_OP_CLOSE, "not closed");
	}
};

struct Handler : HTTPRequestHandler {
	void handleRequest(HTTPServerRequest &request, HTTPServerResponse &response) override
	{
		if (request.getURI() == "/refuse") {
			response.setStatusAndReason(HTTPResponse::HTTP_FORBIDDEN);
			response.setContentLength(0);
			response.send();
			return;
		}
		if (request.get("Sec-WebSocket-Protocol", "").find("chat.v2") != std::string::npos)
			response.set("Sec-WebSocket-Protocol", "chat.v2");
		WebSocket socket(request, response);
		socket.setNoDelay(true);
		socket.setMaxPayloadSize(2 << 20);
		try {
			while (true)
				answer(socket);
		} catch (const Closed &closed) {
			std::cout << "closed " + std::to_string(closed.code) + " " + closed.reason + "\n"
					  << std::flush;
		}
	}

	static void answer(WebSocket &socket)
	{
		bool ponged = false;
		Message message = receive(socket, ponged);
		if (ponged)
			send(socket, {"pong"});
		else if (message.text && message.data == "ping")
			sendFrame(socket, "hello", WebSocket::FRAME_FLAG_FIN | WebSocket::FRAME_OP_PING);
		else if (message.text && message.data == "fragments")
			sendFragments(socket, {"one ", "two ", "three"});
		else if (message.text && message.data == "close")
			socket.shutdown(3002, REASON);
		else
			send(socket, message);
	}
};

struct Factory : HTTPRequestHandlerFactory {
	HTTPRequestHandler *createRequestHandler(const HTTPServerRequest &) override
	{
		return new Handler;
	}
};

int main(int, char **argv)
{
	if (std::string(argv[1]) == "client") {
		std::string url = argv[2];
		auto port = static_cast<unsigned short>(std::stoi(url.substr(url.rfind(':') + 1)));
		runCases([&](const std::string &path, const std::string &protocols) {
			return std::make_unique<Client>(port, path, protocols);
		});
		return 0;
	}
	ServerSocket listening(SocketAddress("127.0.0.1", 0));
	HTTPServer server(new Factory, listening, new HTTPServerParams);
	server.start();
	std::cout << "listening on " << server.port() << std::endl;
	Poco::Thread::sleep(24 * 3600 * 1000);
}
