//! Connections on streams whose opening handshake another HTTP stack has done.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use sansocket::testing::{Chunking, ManualClock, pair};
use sansocket::{Config, blocking, futures, tokio};

#[test]
fn server_and_client_on_open_streams_exchange_messages() {
    let config = || Config::new().max_message_size(10);
    let (client, server) = pair(Chunking::Whole);
    let mut server = blocking::WebSocket::server(server, config()).unwrap();
    let mut client = blocking::WebSocket::client(client, config()).unwrap();
    client.send("hello").unwrap();
    assert_eq!(server.recv().unwrap(), Some("hello".into()));

    smol::block_on(async {
        let (client, server) = pair(Chunking::Whole);
        let mut server = tokio::WebSocket::server(server, config());
        let mut client = futures::WebSocket::client(client, ManualClock::new(), config()).unwrap();
        client.send("hello").await.unwrap();
        assert_eq!(server.recv().await.unwrap(), Some("hello".into()));
    });
}
