# Ruby's em-websocket, a server.
require 'em-websocket'

$stdout.sync = true
REASON = '操作完成'
port = TCPServer.open('127.0.0.1', 0) { |free| free.addr[1] }

EM.run do
  EM::WebSocket.start(host: '127.0.0.1', port: port) do |socket|
    socket.onmessage do |text|
      case text
      when 'ping' then socket.ping('hello')
      when 'close' then socket.close(3002, REASON.b)
      else socket.send_text(text)
      end
    end
    socket.onbinary { |bytes| socket.send_binary(bytes) }
    socket.onpong { socket.send_text('pong') }
    socket.onclose { |event| puts "closed #{event[:code]} #{event[:reason]}" }
  end
  puts "listening on #{port}"
end
