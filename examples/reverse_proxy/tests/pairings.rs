//! HTTP/1.1 and HTTP/2 of the client, with those of the backend, each with TLS and without.

use http::Version;
use sansocket::{CloseCode, Config};
use sansocket_reverse_proxy::Settings;

use crate::echo::{Seen, Tls, connect, serve, settings};
use crate::run::proxy;

const VERSIONS: [Version; 2] = [Version::HTTP_11, Version::HTTP_2];

async fn check(front: Version, behind: Version, tls: Option<&Tls>, behind_tls: Option<&Tls>) {
    let row = format!("{front:?}, {behind:?}, {}, {}", tls.is_some(), behind_tls.is_some());
    let server = behind_tls.map(|tls| tls.server.clone());
    let (backend, mut seen) = serve(Config::new(), server).await;
    let proxy = proxy(Settings {
        tls: tls.map(|tls| tls.server.clone()),
        backend_http2: behind == Version::HTTP_2,
        ..settings(backend, behind_tls)
    })
    .await;
    let mut socket = connect(proxy.address, front, Config::new(), tls).await;
    for len in [0, 1, 125, 126, 70_000, 1 << 20] {
        let message = "x".repeat(len);
        socket.send(message.as_str()).await.unwrap();
        assert!(socket.recv().await.unwrap() == Some(message.into()), "{row}");
    }
    let closed = socket.close(CloseCode::new(4001).unwrap(), "done").await.unwrap();
    assert!(closed.was_clean() && closed.code() == 4001, "{row}: {closed:?}");
    let host = proxy.address.to_string();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let forwarded = format!("for=127.0.0.1;host=\"{host}\";proto={scheme}");
    let expected = Seen { version: behind, host, forwarded, compressed: false, code: 4001 };
    assert_eq!(seen.recv().await.unwrap(), expected, "{row}");

    // The backend closes.
    let mut socket = connect(proxy.address, front, Config::new(), tls).await;
    socket.send("close").await.unwrap();
    assert_eq!(socket.recv().await.unwrap(), None, "{row}");
    let closed = socket.closed().unwrap();
    assert_eq!((closed.code(), closed.reason()), (3000, "bye"), "{row}");
}

#[tokio::test]
async fn messages_and_close_codes_pass_between_all_versions() {
    for front in VERSIONS {
        for behind in VERSIONS {
            check(front, behind, None, None).await;
        }
    }
}

#[tokio::test]
async fn messages_and_close_codes_pass_between_all_versions_over_tls() {
    let (front_tls, behind_tls) = (Tls::new("pairings-front"), Tls::new("pairings-behind"));
    for front in VERSIONS {
        for behind in VERSIONS {
            check(front, behind, Some(&front_tls), Some(&behind_tls)).await;
        }
        check(front, front, Some(&front_tls), None).await;
        check(front, front, None, Some(&behind_tls)).await;
    }
}
