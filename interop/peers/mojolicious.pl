# Perl's Mojolicious.
use Mojolicious::Lite -signatures;
use Mojo::IOLoop;
use Mojo::Server::Daemon;
use Mojo::UserAgent;
use Mojo::Promise;
use Mojo::Util qw(decode encode);
use utf8;

$| = 1;
binmode STDOUT, ':utf8';
my $REASON = '操作完成';
my $LIMIT = 2 << 20;
app->log->level('fatal');

sub serve {
    get '/refuse' => sub ($c) { $c->render(text => 'not for you', status => 403) };
    websocket '/' => sub ($c) {
        my $tx = $c->tx;
        $tx->max_websocket_size($LIMIT);
        $tx->with_compression;
        $tx->with_protocols('chat.v2');
        $c->on(text => sub ($c, $bytes) {
            my $text = decode 'UTF-8', $bytes;
            if ($text eq 'ping') { $tx->send([1, 0, 0, 0, 9, 'hello']) }
            elsif ($text eq 'close') { $tx->finish(3002, $REASON) }
            elsif ($text eq 'fragments') {
                $tx->send([0, 0, 0, 0, 1, 'one ']);
                $tx->send([0, 0, 0, 0, 0, 'two ']);
                $tx->send([1, 0, 0, 0, 0, 'three']);
            }
            else { $tx->send($text) }
        });
        $c->on(binary => sub ($c, $bytes) { $tx->send({binary => $bytes}) });
        $c->on(frame => sub ($c, $frame) { $tx->send('pong') if $frame->[4] == 10 });
        $c->on(finish => sub ($c, $code, $reason) { print "closed $code ", $reason // '', "\n" });
    };
    my $daemon = Mojo::Server::Daemon->new(app => app, listen => ['http://127.0.0.1'], silent => 1);
    $daemon->start;
    print 'listening on ', $daemon->ports->[0], "\n";
    Mojo::IOLoop->start;
}

# Opens a connection and runs the case, which calls its last argument with "" or with what is wrong.
sub attempt ($name, $url, $protocols, $run) {
    my $ua = Mojo::UserAgent->new(inactivity_timeout => 20);
    my $outcome = 'no end within 20 s';
    my $timer = Mojo::IOLoop->timer(20 => sub { Mojo::IOLoop->stop });
    my $done = sub ($what) { $outcome = $what; Mojo::IOLoop->stop };
    my $headers = {'Sec-WebSocket-Extensions' => 'permessage-deflate'};
    $ua->websocket($url => $headers => $protocols => sub ($ua, $tx) {
        $tx->max_websocket_size($LIMIT) if $tx->is_websocket;
        $run->($tx, $done);
    });
    Mojo::IOLoop->start;
    Mojo::IOLoop->remove($timer);
    print $outcome eq '' ? "ok $name\n" : "no $name: $outcome\n";
}

sub end ($tx, $done, $what) {
    return $done->($what) if $what ne '';
    $tx->on(finish => sub ($tx, $code, $reason) {
        $done->($code == 1000 ? '' : "closed with $code");
    });
    $tx->finish(1000);
}

sub compare ($tx, $done, $received, $expected) {
    end($tx, $done, $received eq $expected ? '' : 'received something else');
}

sub ask ($message, $answer, $kind = 'text') {
    return sub ($tx, $done) {
        return $done->('no WebSocket') unless $tx->is_websocket;
        my $expected = $kind eq 'text' ? encode('UTF-8', $answer) : $answer;
        $tx->on($kind => sub ($tx, $bytes) { compare($tx, $done, $bytes, $expected) });
        $tx->send($message);
    };
}

sub client ($url) {
    my $json = '{"type":"chat","text":"hello again"}' x 200;
    my $bytes = join('', map { chr } 0 .. 255) x 4096;
    my $unicode = 'κόσμε 🙂 操作完成';
    attempt('text', $url, [], ask('hello', 'hello'));
    attempt('unicode', $url, [], ask($unicode, $unicode));
    attempt('empty text', $url, [], ask('', ''));
    attempt('empty binary', $url, [], ask({binary => ''}, '', 'binary'));
    attempt('binary', $url, [], ask({binary => $bytes}, $bytes, 'binary'));
    attempt('json', $url, [], ask($json, $json));
    attempt('burst', $url, [], sub ($tx, $done) {
        my $count = 0;
        $tx->on(text => sub ($tx, $bytes) {
            return $done->("received $bytes") unless $bytes eq "message $count";
            end($tx, $done, '') if ++$count == 1000;
        });
        $tx->send("message $_") for 0 .. 999;
    });
    attempt('client pings', $url, [], sub ($tx, $done) {
        $tx->on(frame => sub ($tx, $frame) { end($tx, $done, '') if $frame->[4] == 10 });
        $tx->send([1, 0, 0, 0, 9, 'hello']);
    });
    attempt('server pings', $url, [], ask('ping', 'pong'));
    attempt('client fragments', $url, [], sub ($tx, $done) {
        my $expected = encode 'UTF-8', "κόσμε $REASON";
        $tx->on(text => sub ($tx, $bytes) { compare($tx, $done, $bytes, $expected) });
        $tx->send([0, 0, 0, 0, 1, encode('UTF-8', 'κόσ')]);
        $tx->send([0, 0, 0, 0, 0, encode('UTF-8', 'με ')]);
        $tx->send([1, 0, 0, 0, 0, encode('UTF-8', $REASON)]);
    });
    attempt('server fragments', $url, [], ask('fragments', 'one two three'));
    attempt('client closes', $url, [], sub ($tx, $done) {
        $tx->on(finish => sub ($tx, $code, $reason) { $done->('') });
        $tx->finish(3001, $REASON);
    });
    attempt('server closes', $url, [], sub ($tx, $done) {
        $tx->on(finish => sub ($tx, $code, $reason) {
            $done->($code == 3002 && $reason eq $REASON ? '' : "closed with $code $reason");
        });
        $tx->send('close');
    });
    attempt('refusal', "${url}refuse", [], sub ($tx, $done) {
        $done->(!$tx->is_websocket && $tx->res->code == 403 ? '' : 'accepted');
    });
    attempt('subprotocol', $url, ['chat.v1', 'chat.v2'], sub ($tx, $done) {
        my $protocol = $tx->protocol // 'none';
        end($tx, $done, $protocol eq 'chat.v2' ? '' : "negotiated $protocol");
    });
}

my ($role, $url) = @ARGV;
$role eq 'server' ? serve() : client($url);
