//! A guard before `accept`, in every adapter.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::io::{Read, Write};
use std::net::Shutdown;

use sansocket::blocking::Stream as _;
use sansocket::runtime::{self, Clock, Stream};
use sansocket::testing::{ManualClock, TestStream};
use sansocket::{Guard, blocking};
use support::{Chunking, adapters, stream_pair};

use super::openings::REQUEST;

/// Rejects what the guard refuses; accepts the rest.
async fn answer<S: Stream, C: Clock>(incoming: runtime::Incoming<S, C>) {
    let runtime::Incoming::Upgrade(upgrade) = incoming else { panic!("an opening handshake") };
    match guard().check(upgrade.request()) {
        Ok(()) => drop(upgrade.accept().await.unwrap()),
        Err(error) => upgrade.reject(&error.response()).await.unwrap(),
    }
}

fn guard() -> Guard {
    Guard::hosts(["a"]).unwrap()
}

fn answer_blocking(stream: TestStream) {
    let incoming = blocking::Options::new().receive_request(stream).unwrap();
    let blocking::Incoming::Upgrade(upgrade) = incoming else { panic!("an opening handshake") };
    match guard().check(upgrade.request()) {
        Ok(()) => drop(upgrade.accept().unwrap()),
        Err(error) => upgrade.reject(&error.response()).unwrap(),
    }
}

async fn answer_tokio(stream: TestStream) {
    answer(sansocket::tokio::Options::new().receive_request(stream).await.unwrap()).await;
}

async fn answer_futures(stream: TestStream) {
    let options = sansocket::futures::Options::new();
    answer(options.receive_request(stream, ManualClock::new()).await.unwrap()).await;
}

#[test]
fn guard_rejects_before_accept_in_every_adapter() {
    for (line, status) in [
        ("Host: a", "101"),
        ("Host: evil.example", "421"),
        ("Host: a\r\nOrigin: https://evil.example", "403"),
        ("Host: a\r\nOrigin: https://a", "101"),
    ] {
        let answers: [fn(TestStream); 3] = [
            answer_blocking,
            |stream| adapters::on_paused_tokio(|| adapters::ready(answer_tokio(stream))),
            |stream| adapters::ready(answer_futures(stream)),
        ];
        for answer in answers {
            let (mut client, server) = stream_pair(Chunking::Whole);
            client.write_all(REQUEST.replace("Host: a", line).as_bytes()).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            answer(server);
            let mut response = String::new();
            client.read_to_string(&mut response).unwrap();
            assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {response}");
        }
    }
}
