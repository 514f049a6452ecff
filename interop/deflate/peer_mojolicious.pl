#!/usr/bin/env perl
# Mojolicious as a peer, and so a sender of empty compressed messages without payload: `server OPTIONS` echoes,
# `client OPTIONS URL` checks an echo. It has no options.
use Mojo::Base -strict, -signatures;

use Mojo::Server::Daemon;
use Mojo::UserAgent;
use Mojo::Util qw(encode);

use constant LIMIT => 4 << 20;
STDOUT->autoflush(1);

# Text and binary of every form of length: repetitive, random, and multi-byte characters. Empty ones come several
# times, since the first has a payload.
sub payloads {
  srand 7;
  my @all;
  for my $size (0, 1, 0, 63, 64, 125, 126, 0, 1000, 65_535, 65_536, 300_000) {
    push @all, {text => encode('UTF-8', substr('{"text":"hello again, "}' x ($size / 20 + 1), 0, $size))};
    push @all, {text => encode('UTF-8', "\x{3ba}\x{f3}\x{3c3}\x{3bc}\x{3b5} \x{1f642} " x ($size / 16))};
    push @all, {binary => join '', map { chr int rand 256 } 1 .. $size};
    push @all, {binary => "\0" x $size};
  }
  return @all;
}

sub serve {
  my $daemon = Mojo::Server::Daemon->new(listen => ['http://127.0.0.1:0'], silent => 1);
  $daemon->unsubscribe('request')->on(
    request => sub ($daemon, $tx) {
      $tx->res->code(101);
      $tx->max_websocket_size(LIMIT)->with_compression;
      $tx->on(text   => sub ($tx, $bytes) { $tx->send({text   => $bytes}) });
      $tx->on(binary => sub ($tx, $bytes) { $tx->send({binary => $bytes}) });
      $tx->resume;
    }
  );
  say "listening on ", $daemon->start->ports->[0];
  $daemon->ioloop->start;
}

sub check ($url) {
  my ($ua, $at, @expected) = (Mojo::UserAgent->new(max_response_size => LIMIT), 0, payloads());
  $ua->websocket(
    $url => {'Sec-WebSocket-Extensions' => 'permessage-deflate'} => sub ($ua, $tx) {
      die "no connection\n" unless $tx->is_websocket;
      $tx->max_websocket_size(LIMIT);
      my $next = sub ($kind, $bytes) {
        my $payload = $expected[$at++];
        die "message $at came back changed\n" unless defined $payload->{$kind} && $payload->{$kind} eq $bytes;
        $at < @expected ? $tx->send($expected[$at]) : $tx->finish(1000);
      };
      $tx->on(text   => sub ($tx, $bytes) { $next->(text   => $bytes) });
      $tx->on(binary => sub ($tx, $bytes) { $next->(binary => $bytes) });
      $tx->on(
        finish => sub ($tx, $code, $reason = '') {
          say $at == @expected && $code == 1000 ? "$at messages" : "closed after $at messages: $code $reason";
          exit($at == @expected && $code == 1000 ? 0 : 1);
        }
      );
      $tx->send($expected[0]);
    }
  );
  Mojo::IOLoop->singleton->reactor->on(error => sub ($reactor, $error) { print $error; exit 1 });
  Mojo::IOLoop->start;
}

my ($role, undef, $url) = @ARGV;
$role eq 'server' ? serve() : check($url);
