//! Applications that work for long between two calls, and those that only receive: what keep-alive
//! does with the default timeouts.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::future::pending;
use std::io::Write;

use sansocket::blocking::TryClone;
use sansocket::runtime::Clock;
use sansocket::{Error, TimedOut, Timeouts};
use support::adapters::{Adapter, during, in_every_adapter, read, s, timed, until};
use support::{masked, unmasked};

in_every_adapter! {
    work_of_100_s_between_recv_and_send_passes_on_either_side
    dead_peer_is_noticed_within_150_s_and_the_error_names_the_causes
    side_that_only_receives_sends_a_ping_after_20_s
}

async fn delay(adapter: &impl Adapter, seconds: u64) {
    let mut clock = adapter.clock();
    let deadline = clock.now() + s(seconds);
    until(&mut clock, deadline).await;
}

/// Neither side calls `recv` while it works, and so it answers no ping. The other side waits in
/// `recv` meanwhile.
async fn work_of_100_s_between_recv_and_send_passes_on_either_side(adapter: &impl Adapter) {
    let clock = adapter.clock();
    let [mut server, mut client] = adapter.both(Timeouts::default());
    let answering = async {
        loop {
            let request = client.recv().await.unwrap().unwrap();
            delay(adapter, 100).await;
            client.send(request).await.unwrap();
        }
    };
    let asking = timed(&clock, async {
        for _ in 0..5 {
            server.send("request").await?;
            assert_eq!(server.recv().await?, Some("request".into()));
            delay(adapter, 100).await;
        }
        Ok::<_, Error>(())
    });
    let (asked, after) = during(answering, asking).await;
    asked.unwrap();
    assert!(after >= s(1000), "{after:?}");
}

async fn dead_peer_is_noticed_within_150_s_and_the_error_names_the_causes(adapter: &impl Adapter) {
    for split in [false, true] {
        let clock = adapter.clock();
        let (mut peer, mut socket) = adapter.server(Timeouts::default());
        delay(adapter, 7).await;
        peer.write_all(&masked(0x81, b"last message")).unwrap();
        assert_eq!(socket.recv().await.unwrap(), Some("last message".into()));
        socket.send("last answer").await.unwrap();
        peer.wire().blackhole();
        let (received, after) = timed(&clock, async {
            if !split {
                return socket.recv().await;
            }
            let (_sender, mut receiver) = socket.split();
            receiver.recv().await
        })
        .await;
        let error = received.unwrap_err();
        assert!(matches!(error, Error::TimedOut(TimedOut::KeepAlive)), "{error}");
        assert_eq!(after, s(140), "split: {split}");
        let text = error.to_string();
        for cause in ["it is gone", "its application did not receive", "Timeouts::pong"] {
            assert!(text.contains(cause), "{text}");
        }
    }
}

/// A proxy cuts a connection on which one side is silent for a minute, however much the other side
/// sends.
async fn side_that_only_receives_sends_a_ping_after_20_s(adapter: &impl Adapter) {
    for split in [false, true] {
        let clock = adapter.clock();
        let (mut peer, mut socket) = adapter.server(Timeouts::default());
        let mut writer = peer.try_clone().unwrap();
        let sending = async {
            loop {
                writer.write_all(&masked(0x81, b"news")).unwrap();
                delay(adapter, 1).await;
            }
        };
        let receiving = async {
            if split {
                let (_sender, mut receiver) = socket.split();
                while receiver.recv().await.unwrap().is_some() {}
            } else {
                while socket.recv().await.unwrap().is_some() {}
            }
            pending().await
        };
        let pings = async {
            for number in 1..=3_u64 {
                let (ping, after) = timed(&clock, read(&mut peer, 10)).await;
                assert_eq!(ping, unmasked(0x89, &number.to_be_bytes()), "split: {split}");
                assert_eq!(after, s(20), "split: {split}");
            }
        };
        during(sending, during(receiving, pings)).await;
    }
}
