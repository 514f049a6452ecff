//! 20,000 upgrades that clients drop half-way, over HTTP/1.1 and HTTP/2, have typed errors and leave
//! no task, no descriptor and no memory.

#[allow(dead_code, reason = "the other tests use the rest")]
mod serve;

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::Bytes;
use futures_util::future::poll_immediate;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use sansocket::h2::Client;
use sansocket::hyper::Options;
use sansocket::{ClientRequest, Error};
use serve::{request, response, serve, sockets, until_no_task_is_left};
use support::allocator::{Counting, process};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How the server's connections have ended.
static CLEAN: AtomicUsize = AtomicUsize::new(0);
static LOST: AtomicUsize = AtomicUsize::new(0);
static OTHER: AtomicUsize = AtomicUsize::new(0);

async fn echo(mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    // Such a handler waits for a database.
    tokio::task::yield_now().await;
    let upgrade = match Options::new().upgrade(&mut request) {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let (response, on_upgrade) = upgrade.accept();
    tokio::spawn(async move {
        let result = async {
            let mut socket = on_upgrade.await?;
            while let Some(message) = socket.recv().await? {
                socket.send(message).await?;
            }
            Ok::<(), Error>(())
        };
        let end = match result.await {
            Ok(()) => &CLEAN,
            Err(Error::ConnectionLost) => &LOST,
            Err(error) => {
                eprintln!("{error:?}");
                &OTHER
            }
        };
        end.fetch_add(1, Relaxed);
    });
    response
}

/// Drops an upgrade of HTTP/1.1 in one of ten states.
async fn drop_http_1_1<S>(mut client: S, server: S, state: usize)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    serve(server, echo);
    let request = request("");
    let frames = b"\x81\x85\0\0\0\0Hello\x81\x85\0\0\0\0Hello";
    let sent = match state {
        0 => return,
        1..=4 => &request.as_bytes()[..request.len() * state / 5],
        _ => request.as_bytes(),
    };
    if state < 7 {
        client.write_all(sent).await.unwrap();
        for _ in 4..state {
            tokio::task::yield_now().await;
        }
        return;
    }
    assert!(response(&mut client, sent).await.starts_with("HTTP/1.1 101 "));
    // No frame, half of one, and one and a half.
    client.write_all(&frames[..(state - 7) * 8]).await.unwrap();
}

/// Drops an upgrade of HTTP/2 in one of ten states.
async fn drop_http_2(client: &Client, request: &ClientRequest, state: usize) {
    let mut connecting = Box::pin(client.connect(request));
    for _ in 0..state.min(5) {
        if poll_immediate(&mut connecting).await.is_some() {
            return;
        }
        tokio::task::yield_now().await;
    }
    if state < 6 {
        return;
    }
    let (mut socket, _) = connecting.await.unwrap();
    match state {
        6 => {}
        7 => drop(socket.send("Hello").await),
        8 => drop(poll_immediate(Box::pin(socket.send("x".repeat(1 << 20)))).await),
        _ => {
            let mut stream = socket.into_parts().0.0;
            stream.write_all(b"\x81\x85\0\0\0\0Hel").await.unwrap();
        }
    }
}

async fn over_http_1_1(batches: usize) {
    for batch in 0..batches {
        for at in 0..100 {
            let state = at % 10;
            if batch % 10 == 0 {
                let (client, server) = sockets().await;
                drop_http_1_1(client, server, state).await;
            } else {
                let (client, server) = tokio::io::duplex(4096);
                drop_http_1_1(client, server, state).await;
            }
        }
        until_no_task_is_left().await;
    }
}

async fn over_http_2(batches: usize) {
    let request = ClientRequest::new("ws://localhost:9001/ws").unwrap();
    for batch in 0..batches {
        let (near, far) = sockets().await;
        serve(far, echo);
        let (client, connection) = Client::handshake(near).await.unwrap();
        let connection = tokio::spawn(connection);
        for at in 0..100 {
            drop_http_2(&client, &request, at % 10).await;
        }
        // Every second connection ends in the middle of a handshake.
        let connecting = client.connect(&request);
        if batch % 2 == 0 {
            assert!(poll_immediate(Box::pin(connecting)).await.is_none());
        } else {
            connection.abort();
            assert!(matches!(connecting.await.unwrap_err(), Error::ConnectionLost));
        }
        drop(client);
        until_no_task_is_left().await;
    }
}

fn descriptors() -> usize {
    match fs::read_dir("/proc/self/fd") {
        Ok(all) => all.count(),
        // Another system than Linux.
        Err(_) => 0,
    }
}

#[test]
fn upgrades_that_are_dropped_half_way_leave_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // What is allocated once: caches, names, the runtime's tables.
        over_http_1_1(2).await;
        over_http_2(2).await;
        let (open, live) = (descriptors(), process::live());
        over_http_1_1(100).await;
        assert_eq!(descriptors(), open, "descriptors of HTTP/1.1");
        over_http_2(100).await;
        assert_eq!(descriptors(), open, "descriptors of HTTP/2");
        let grown = process::live() as isize - live as isize;
        assert!(grown < 16 * 1024, "{grown} bytes are left");
    });
    let (clean, lost, other) = (CLEAN.load(Relaxed), LOST.load(Relaxed), OTHER.load(Relaxed));
    eprintln!("{clean} ended clean, {lost} lost");
    // At least the three states after the response of each version.
    assert!(clean == 0 && other == 0 && lost >= 6_000, "{clean} {lost} {other}");
}
