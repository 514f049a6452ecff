# Ruby's faye-websocket, on websocket-driver: its client, and its server on thin.
require 'eventmachine'
require 'faye/websocket'
require 'fiber'

$stdout.sync = true
Encoding.default_external = 'UTF-8'
REASON = '操作完成'
LIMIT = 2 << 20

def serve
  require 'thin'
  require 'rack'
  Faye::WebSocket.load_adapter('thin')
  Thin::Logging.silent = true
  app = lambda do |env|
    next [403, {}, ['not for you']] if env['PATH_INFO'] == '/refuse'

    socket = Faye::WebSocket.new(env, ['chat.v2'], max_length: LIMIT)
    socket.on(:message) do |event|
      case event.data
      when 'ping' then socket.ping('hello') { socket.send('pong') }
      when 'close' then socket.close(3002, REASON)
      else socket.send(event.data)
      end
    end
    socket.on(:close) { |event| puts "closed #{event.code} #{event.reason}" }
    socket.rack_response
  end
  port = TCPServer.open('127.0.0.1', 0) { |free| free.addr[1] }
  EM.run do
    Thin::Server.start('127.0.0.1', port, app, signals: false)
    puts "listening on #{port}"
  end
end

# A connection whose events are waited for, in a fiber.
class Socket
  attr_reader :socket

  def initialize(url, protocols = [])
    @inbox = []
    @fiber = Fiber.current
    @socket = Faye::WebSocket::Client.new(url, protocols, max_length: LIMIT)
    @socket.on(:open) { put(:open) }
    @socket.on(:message) { |event| put(event.data) }
    @socket.on(:error) { |event| put(RuntimeError.new(event.message)) }
    @socket.on(:close) { |event| put([event.code, event.reason]) }
    expect(:open)
  end

  def put(event)
    @inbox << event
    @fiber.resume if @waiting
  end

  def next
    while @inbox.empty?
      @waiting = true
      Fiber.yield
      @waiting = false
    end
    event = @inbox.shift
    event.is_a?(RuntimeError) ? raise(event) : event
  end

  def expect(expected)
    received = self.next
    raise "received #{received.inspect[0, 60]}" unless received == expected
  end

  def close(code = 1000, reason = '')
    @socket.close(code, reason)
    self.next
  end
end

def ask(url, message, answer = message)
  socket = Socket.new(url)
  socket.socket.send(message)
  socket.expect(answer)
  socket.close
end

def burst(url)
  socket = Socket.new(url)
  1000.times { |i| socket.socket.send("message #{i}") }
  1000.times { |i| socket.expect("message #{i}") }
  socket.close
end

def ping(url)
  socket = Socket.new(url)
  socket.socket.ping('hello') { socket.put(:pong) }
  socket.expect(:pong)
  socket.close
end

def closed(url)
  socket = Socket.new(url)
  socket.socket.send('close')
  socket.expect([3002, REASON])
end

def refusal(url)
  Socket.new("#{url}refuse")
  raise 'accepted'
rescue RuntimeError => e
  raise e unless e.message.include?('403')
end

def subprotocol(url)
  socket = Socket.new(url, %w[chat.v1 chat.v2])
  raise "negotiated #{socket.socket.protocol.inspect}" unless socket.socket.protocol == 'chat.v2'

  socket.close
end

CASES = {
  'text' => ->(url) { ask(url, 'hello') },
  'unicode' => ->(url) { ask(url, 'κόσμε 🙂 操作完成') },
  'empty text' => ->(url) { ask(url, '') },
  'empty binary' => ->(url) { ask(url, []) },
  'binary' => ->(url) { ask(url, (0..255).to_a * 4096) },
  'json' => ->(url) { ask(url, '{"type":"chat","text":"hello again"}' * 200) },
  'burst' => method(:burst),
  'client pings' => method(:ping),
  'server pings' => ->(url) { ask(url, 'ping', 'pong') },
  'client fragments' => ->(_) { raise 'not in its API' },
  'server fragments' => ->(url) { ask(url, 'fragments', 'one two three') },
  'client closes' => ->(url) { Socket.new(url).close(3001, REASON) },
  'server closes' => method(:closed),
  'refusal' => method(:refusal),
  'subprotocol' => method(:subprotocol)
}.freeze

def client(url)
  EM.run do
    Fiber.new do
      CASES.each do |name, test|
        test.call(url)
        puts "ok #{name}"
      rescue StandardError => e
        puts "no #{name}: #{e.message}"
      end
      EM.stop
    end.resume
  end
end

ARGV[0] == 'server' ? serve : client(ARGV[1])
