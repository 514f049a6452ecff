//! `Options::guard`, in every adapter.
#![cfg(all(feature = "tokio", feature = "futures-io", feature = "testing"))]

use std::io::{Read, Write};
use std::net::Shutdown;

use sansocket::blocking::Stream as _;
use sansocket::runtime::{self, Clock, Stream};
use sansocket::testing::{ManualClock, TestStream};
use sansocket::{Error, Guard, GuardError, HandshakeError, RequestError, blocking, futures, tokio};
use support::{Chunking, adapters, stream_pair};

use super::openings::REQUEST;

type Answered = Result<(), Error>;

fn guard() -> Guard {
    Guard::hosts(["a"]).unwrap()
}

async fn answer<S: Stream, C: Clock>(incoming: Result<runtime::Incoming<S, C>, Error>) -> Answered {
    match incoming? {
        runtime::Incoming::Upgrade(upgrade) => upgrade.accept().await.map(drop),
        runtime::Incoming::Http(plain) => plain.reject().await,
    }
}

/// By `receive_request` and by `accept`, in each adapter.
const ANSWERS: [fn(TestStream) -> Answered; 6] = [
    |stream| match blocking::Options::new().guard(guard()).receive_request(stream)? {
        blocking::Incoming::Upgrade(upgrade) => upgrade.accept().map(drop),
        blocking::Incoming::Http(plain) => plain.reject(),
    },
    |stream| blocking::Options::new().guard(guard()).accept(stream).map(drop),
    |stream| {
        adapters::on_paused_tokio(|| {
            adapters::ready(async {
                let options = tokio::Options::new().guard(guard());
                answer(options.receive_request(stream).await).await
            })
        })
    },
    |stream| {
        adapters::on_paused_tokio(|| {
            adapters::ready(async {
                tokio::Options::new().guard(guard()).accept(stream).await.map(drop)
            })
        })
    },
    |stream| {
        adapters::ready(async {
            let options = futures::Options::new().guard(guard());
            answer(options.receive_request(stream, ManualClock::new()).await).await
        })
    },
    |stream| {
        adapters::ready(async {
            let options = futures::Options::new().guard(guard());
            options.accept(stream, ManualClock::new()).await.map(drop)
        })
    },
];

/// What the server answers to a request with these lines, and what its application sees.
fn serve(request: &str, answer: fn(TestStream) -> Answered) -> (Answered, String) {
    let (mut client, server) = stream_pair(Chunking::Whole);
    client.write_all(request.as_bytes()).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let answered = answer(server);
    let mut response = String::new();
    client.read_to_string(&mut response).unwrap();
    (answered, response)
}

#[test]
fn guard_of_the_options_rejects_in_every_adapter() {
    for (lines, status, refused) in [
        ("Host: a", 101, None),
        ("Host: a\r\nOrigin: https://a", 101, None),
        ("Host: evil.example", 421, Some(GuardError::Host)),
        ("Host: a\r\nOrigin: https://evil.example", 403, Some(GuardError::Origin)),
        ("Host: a\r\nOrigin: http://a", 403, Some(GuardError::Origin)),
    ] {
        for answer in ANSWERS {
            let (answered, response) = serve(&REQUEST.replace("Host: a", lines), answer);
            assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{lines}: {response}");
            match (answered, refused) {
                (Ok(()), None) => {}
                (
                    Err(Error::Handshake(HandshakeError::Request(RequestError::Guard(error)))),
                    Some(refused),
                ) => {
                    assert_eq!(error, refused, "{lines}");
                    assert!(response.ends_with(&format!("\r\n\r\n{error}\n")), "{response}");
                }
                (answered, _) => panic!("{lines}: {answered:?}"),
            }
        }
    }
}

#[test]
fn guard_leaves_plain_http_to_the_application() {
    for answer in ANSWERS {
        let (_, response) = serve("GET /health HTTP/1.1\r\nHost: 10.0.0.7\r\n\r\n", answer);
        assert!(response.starts_with("HTTP/1.1 426 "), "{response}");
    }
}
