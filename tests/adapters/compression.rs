//! Compression through the adapters: they tell what was agreed on, compress as they are told, and
//! give its memory back.
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
    over_async_streams
}

fn server() -> Connection {
    compressing(Role::Server, Config::new(), Deflate::speed())
}

/// The story of all adapters, in one piece and in halves.
macro_rules! story {
    ($open:expr, [$($split:tt)*] $(, $wait:tt)?) => {
        assert_eq!($open(server()).1.deflate(), Some(&agreed(&Deflate::speed())));
        assert_eq!($open(connection(Role::Server, Config::new())).1.deflate(), None);

        // The window that was compressed with is kept, until it is given back.
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

async fn over_async_streams(adapter: &impl Adapter) {
    let open = |connection| {
        let (peer, end) = pair(Chunking::Whole);
        (peer, adapter.open(end, connection, Timeouts::default()))
    };
    story!(open, [.split()], await);
}

#[test]
fn over_a_blocking_stream() {
    let open = |connection| {
        let (peer, end) = pair(Chunking::Whole);
        (peer, blocking::WebSocket::from_parts(end, connection, Timeouts::default()).unwrap())
    };
    story!(open, [.split().unwrap()]);
}
