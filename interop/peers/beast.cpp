// Boost.Beast, synchronous: its client, and its server with a thread for each connection.
#include "cases.hpp"

#include <boost/asio.hpp>
#include <boost/beast.hpp>
#include <thread>

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using tcp = asio::ip::tcp;
using Stream = websocket::stream<tcp::socket>;

static void configure(Stream &stream)
{
	websocket::permessage_deflate deflate;
	deflate.client_enable = deflate.server_enable = true;
	stream.set_option(deflate);
}

static void write(Stream &stream, const Message &message)
{
	stream.text(message.text);
	stream.write(asio::buffer(message.data));
}

static void writeFragments(Stream &stream, const std::vector<std::string> &chunks)
{
	stream.text(true);
	for (const auto &chunk : chunks)
		stream.write_some(&chunk == &chunks.back(), asio::buffer(chunk));
}

static Message read(Stream &stream)
{
	beast::flat_buffer buffer;
	beast::error_code error;
	stream.read(buffer, error);
	if (error == websocket::error::closed)
		throw Closed{stream.reason().code, stream.reason().reason.c_str()};
	if (error)
		throw beast::system_error(error);
	return {beast::buffers_to_string(buffer.data()), stream.got_text()};
}

struct Client : Connection {
	static asio::io_context context;
	Stream stream{context};
	std::string chosen;
	bool ponged = false;

	Client(unsigned short port, const std::string &path, const std::string &protocols)
	{
		stream.next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
		stream.next_layer().set_option(tcp::no_delay(true));
		configure(stream);
		stream.set_option(websocket::stream_base::decorator([&](websocket::request_type &request) {
			if (!protocols.empty())
				request.set(http::field::sec_websocket_protocol, protocols);
		}));
		stream.control_callback([this](websocket::frame_type kind, beast::string_view) {
			ponged |= kind == websocket::frame_type::pong;
		});
		websocket::response_type response;
		beast::error_code error;
		stream.handshake(response, "127.0.0.1", path, error);
		if (error)
			throw std::runtime_error(error.message() + " " + std::to_string(response.result_int()));
		chosen = std::string(response[http::field::sec_websocket_protocol]);
	}

	void send(const Message &message) override { write(stream, message); }
	Message receive() override { return read(stream); }
	void fragments(const std::vector<std::string> &chunks) override
	{
		writeFragments(stream, chunks);
	}
	std::string protocol() override { return chosen; }

	void ping() override
	{
		stream.ping("hello");
		// The pong is handled by the next read.
		send({"after"});
		receive();
		check(ponged, "no pong");
	}

	void close(int code, const std::string &reason) override
	{
		stream.close({static_cast<websocket::close_code>(code), reason});
	}
};

asio::io_context Client::context;

static void answer(Stream &stream, const Message &message)
{
	if (message.text && message.data == "ping")
		stream.ping("hello");
	else if (message.text && message.data == "fragments")
		writeFragments(stream, {"one ", "two ", "three"});
	else if (message.text && message.data == "close")
		stream.close({static_cast<websocket::close_code>(3002), REASON});
	else
		write(stream, message);
}

static void serve(tcp::socket socket)
{
	socket.set_option(tcp::no_delay(true));
	beast::flat_buffer buffer;
	http::request<http::string_body> request;
	http::read(socket, buffer, request);
	if (request.target() == "/refuse") {
		http::response<http::empty_body> response{http::status::forbidden, request.version()};
		response.prepare_payload();
		http::write(socket, response);
		return;
	}
	Stream stream{std::move(socket)};
	configure(stream);
	bool offered = std::string(request[http::field::sec_websocket_protocol]).find("chat.v2") !=
				   std::string::npos;
	stream.set_option(websocket::stream_base::decorator([&](websocket::response_type &response) {
		if (offered)
			response.set(http::field::sec_websocket_protocol, "chat.v2");
	}));
	bool ponged = false;
	stream.control_callback([&](websocket::frame_type kind, beast::string_view) {
		if (kind == websocket::frame_type::pong) {
			ponged = true;
			write(stream, {"pong"});
		}
	});
	stream.accept(request);
	try {
		while (true)
			answer(stream, read(stream));
	} catch (const Closed &closed) {
		std::cout << "closed " + std::to_string(closed.code) + " " + closed.reason + "\n"
				  << std::flush;
	}
}

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
	asio::io_context context;
	tcp::acceptor acceptor{context, {asio::ip::make_address("127.0.0.1"), 0}};
	std::cout << "listening on " << acceptor.local_endpoint().port() << std::endl;
	while (true) {
		std::thread([socket = acceptor.accept()]() mutable {
			try {
				serve(std::move(socket));
			} catch (const std::exception &why) {
				std::cerr << why.what() << std::endl;
			}
		}).detach();
	}
}
