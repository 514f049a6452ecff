//! Compression through the adapters: negotiated parameters, `Compress` modes and `release_memory`.
#![cfg(all(feature = "deflate", feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::io::Read;

use sansocket::blocking;
use sansocket::deflate::Deflate;
use sansocket::testing::TestStream;
use sansocket::{Compress, Config, Connection, Kind, Role, Timeouts};
use support::Chunking;
use support::adapters::{Adapter, in_every_adapter};
use support::connection;
use support::deflate::{agreed, compressing, json};
use support::stream_pair as pair;

in_every_adapter! {
    async_adapters_negotiate_compress_and_release_memory
}

fn server() -> Connection {
    compressing(Role::Server, Config::new(), Deflate::speed())
}

/// The same assertions for every adapter, for sockets and halves.
macro_rules! assert_compression {
    ($open:expr, [$($split:tt)*] $(, $wait:tt)?) => {
        assert_eq!($open(server()).1.deflate(), Some(&agreed(&Deflate::speed())));
        assert_eq!($open(connection(Role::Server, Config::new())).1.deflate(), None);

        // The compressor's window is kept until release_memory.
        for release in [true, false] {
            let (_peer, mut socket) = $open(server());
            socket.try_send(json(1000)).unwrap();
            if release {
                socket.release_memory();
            }
            assert_eq!(socket.into_parts().1.bytes_held() == 0, release);
            let (_peer, socket) = $open(server());
            let (mut sender, receiver) = socket$($split)*;
            let mut writer = sender.writer(Kind::Text)$(.$wait)?.unwrap();
            writer.write_chunk(json(1000))$(.$wait)?.unwrap();
            writer.finish()$(.$wait)?.unwrap();
            if release {
                sender.release_memory();
            }
            assert_eq!(receiver.reunite(sender).map_err(drop).unwrap().into_parts().1.bytes_held() == 0, release);
        }

        for (compress, first) in [(Compress::Always, 0x41), (Compress::Never, 0x01)] {
            let (mut peer, mut socket) = $open(server());
            let mut writer = socket.writer(Kind::Text)$(.$wait)?.unwrap().compress(compress);
            writer.write_chunk(json(1000))$(.$wait)?.unwrap();
            assert_eq!(first_byte(&mut peer), first);
            drop(writer);
            let (mut peer, socket) = $open(server());
            let (mut sender, _receiver) = socket$($split)*;
            let mut writer = sender.writer(Kind::Text)$(.$wait)?.unwrap().compress(compress);
            writer.write_chunk(json(1000))$(.$wait)?.unwrap();
            assert_eq!(first_byte(&mut peer), first);
            drop(writer);
        }
    };
}

fn first_byte(peer: &mut TestStream) -> u8 {
    let mut first = [0];
    peer.read_exact(&mut first).unwrap();
    first[0]
}

async fn async_adapters_negotiate_compress_and_release_memory(adapter: &impl Adapter) {
    let open = |connection| {
        let (peer, end) = pair(Chunking::Whole);
        (peer, adapter.open(end, connection, Timeouts::default()))
    };
    assert_compression!(open, [.split()], await);
}

#[test]
fn blocking_adapter_negotiates_compresses_and_releases_memory() {
    let open = |connection| {
        let (peer, end) = pair(Chunking::Whole);
        (peer, blocking::WebSocket::from_parts(end, connection, Timeouts::default()).unwrap())
    };
    assert_compression!(open, [.split().unwrap()]);
}
