// The cases of a client, for peers in C++.
#pragma once

#include <functional>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

inline const std::string REASON = "操作完成";

struct Message {
	std::string data;
	bool text = true;
};

/** Thrown by `receive` at the end. */
struct Closed {
	int code;
	std::string reason;
};

/** A connection of the library. */
struct Connection {
	virtual ~Connection() = default;
	virtual void send(const Message &message) = 0;
	virtual Message receive() = 0;
	virtual void ping() = 0;
	virtual void fragments(const std::vector<std::string> &chunks) = 0;
	virtual void close(int code, const std::string &reason) = 0;
	virtual std::string protocol() = 0;
};

/** Opens a connection to a path of the server; throws an exception that names the status of a
 * refusal. */
using Open = std::function<std::unique_ptr<Connection>(
	const std::string &path, const std::string &protocols)>;

inline void check(bool condition, const std::string &what)
{
	if (!condition)
		throw std::runtime_error(what);
}

inline void expect(Connection &socket, const Message &expected)
{
	Message message = socket.receive();
	check(
		message.data == expected.data && message.text == expected.text, "received something else");
	socket.close(1000, "");
}

inline void ask(const Open &open, const Message &message, const Message &answer)
{
	auto socket = open("/", "");
	socket->send(message);
	expect(*socket, answer);
}

inline void burst(const Open &open)
{
	auto socket = open("/", "");
	for (int i = 0; i < 1000; i++)
		socket->send({"message " + std::to_string(i)});
	for (int i = 0; i < 1000; i++)
		check(socket->receive().data == "message " + std::to_string(i), "received something else");
	socket->close(1000, "");
}

inline void closed(const Open &open)
{
	auto socket = open("/", "");
	socket->send({"close"});
	try {
		socket->receive();
	} catch (const Closed &closed) {
		check(closed.code == 3002 && closed.reason == REASON,
			"closed with " + std::to_string(closed.code));
		return;
	}
	throw std::runtime_error("received a message");
}

inline void refusal(const Open &open)
{
	try {
		open("/refuse", "");
	} catch (const std::exception &why) {
		check(std::string(why.what()).find("403") != std::string::npos, why.what());
		return;
	}
	throw std::runtime_error("accepted");
}

inline void subprotocol(const Open &open)
{
	auto socket = open("/", "chat.v1, chat.v2");
	check(socket->protocol() == "chat.v2", "negotiated " + socket->protocol());
	socket->close(1000, "");
}

inline void runCases(const Open &open)
{
	std::string json, bytes;
	for (int i = 0; i < 200; i++)
		json += "{\"type\":\"chat\",\"text\":\"hello again\"}";
	for (int i = 0; i < 1 << 20; i++)
		bytes += char(i % 251);
	auto echo = [&](const Message &message) {
		return [&open, message] { ask(open, message, message); };
	};
	const std::pair<std::string, std::function<void()>> cases[] = {
		{"text", echo({"hello"})},
		{"unicode", echo({"κόσμε 🙂 操作完成"})},
		{"empty text", echo({""})},
		{"empty binary", echo({"", false})},
		{"binary", echo({bytes, false})},
		{"json", echo({json})},
		{"burst", [&] { burst(open); }},
		{"client pings",
			[&] {
				auto socket = open("/", "");
				socket->ping();
				socket->close(1000, "");
			}},
		{"server pings", [&] { ask(open, {"ping"}, {"pong"}); }},
		{"client fragments",
			[&] {
				auto socket = open("/", "");
				socket->fragments({"κόσ", "με ", REASON});
				expect(*socket, {"κόσμε " + REASON});
			}},
		{"server fragments", [&] { ask(open, {"fragments"}, {"one two three"}); }},
		{"client closes", [&] { open("/", "")->close(3001, REASON); }},
		{"server closes", [&] { closed(open); }},
		{"refusal", [&] { refusal(open); }},
		{"subprotocol", [&] { subprotocol(open); }},
	};
	for (const auto &[name, test] : cases) {
		try {
			test();
			std::cout << "ok " << name << std::endl;
		} catch (const std::exception &why) {
			std::cout << "no " << name << ": " << why.what() << std::endl;
		} catch (const Closed &closed) {
			std::cout << "no " << name << ": closed with " << closed.code << std::endl;
		}
	}
}
