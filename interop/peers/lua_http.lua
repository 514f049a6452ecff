-- lua-http, on cqueues: its client and its server.
local cqueues = require "cqueues"
local http_server = require "http.server"
local http_headers = require "http.headers"
local websocket = require "http.websocket"

local REASON = "操作完成"
io.stdout:setvbuf("no")

local function refuse(stream)
	local headers = http_headers.new()
	headers:append(":status", "403")
	stream:write_headers(headers, true)
end

local function onstream(_, stream)
	local headers = stream:get_headers()
	if headers:get(":path") == "/refuse" then
		return refuse(stream)
	end
	local ws = websocket.new_from_stream(stream, headers)
	assert(ws:accept({ protocols = { "chat.v2" } }))
	while true do
		local data, opcode = ws:receive()
		if not data then
			break
		elseif data == "close" then
			ws:close(3002, REASON)
			break
		else
			ws:send(data, opcode)
		end
	end
	print(("closed %s %s"):format(ws.got_close_code, ws.got_close_message))
end

local function serve()
	local server = assert(http_server.listen({ host = "127.0.0.1", port = 0, onstream = onstream }))
	assert(server:listen())
	print("listening on " .. select(3, server:localname()))
	assert(server:loop())
end

local function open(url, protocols)
	local ws = websocket.new_from_uri(url, protocols)
	assert(ws:connect(10))
	return ws
end

local function ask(message, answer, kind)
	return function(url)
		local ws = open(url)
		assert(ws:send(message, kind))
		local data, opcode = ws:receive(10)
		assert(data == answer and opcode == (kind or "text"), "received something else")
		ws:close(1000, "", 10)
	end
end

local JSON = ('{"type":"chat","text":"hello again"}'):rep(200)
local BINARY = ("0123456789abcdef"):rep(65536)
local CASES = {
	{ "text", ask("hello", "hello") },
	{ "unicode", ask("κόσμε 🙂 操作完成", "κόσμε 🙂 操作完成") },
	{ "empty text", ask("", "") },
	{ "empty binary", ask("", "", "binary") },
	{ "binary", ask(BINARY, BINARY, "binary") },
	{ "json", ask(JSON, JSON) },
	{ "burst", function(url)
		local ws = open(url)
		for i = 0, 999 do
			assert(ws:send("message " .. i))
		end
		for i = 0, 999 do
			assert(ws:receive(10) == "message " .. i, "received something else")
		end
		ws:close(1000, "", 10)
	end },
	{ "client pings" },
	{ "server pings", ask("ping", "pong") },
	{ "client fragments" },
	{ "server fragments", ask("fragments", "one two three") },
	{ "client closes", function(url)
		open(url):close(3001, REASON, 10)
	end },
	{ "server closes", function(url)
		local ws = open(url)
		assert(ws:send("close"))
		local data, why, code = ws:receive(10)
		local expected = data == nil and code == 3002 and why == REASON
		assert(expected, "closed with " .. tostring(code) .. " " .. tostring(why))
	end },
	{ "refusal", function(url)
		local ws = websocket.new_from_uri(url .. "refuse")
		local connected, why = ws:connect(10)
		assert(not connected and tostring(why):find("403"), "it says " .. tostring(why))
	end },
	{ "subprotocol", function(url)
		local ws = open(url, { "chat.v1", "chat.v2" })
		assert(ws.protocol == "chat.v2", "negotiated " .. tostring(ws.protocol))
		ws:close(1000, "", 10)
	end },
}

local function client(url)
	for _, case in ipairs(CASES) do
		local ok, why = false, "not in its API"
		if case[2] then
			ok, why = pcall(case[2], url)
		end
		print(ok and "ok " .. case[1] or "no " .. case[1] .. ": " .. tostring(why))
	end
end

if arg[1] == "server" then
	serve()
else
	client(arg[2])
end
