//! `Connector::reconnect` on real sockets: each request is made anew, and the connector's options
//! hold.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sansocket::reconnect::{Cause, Limit, Policy};
use sansocket::{AcceptOptions, ClientRequest, CloseCode, Error, HttpResponse, blocking};

fn at_once() -> Policy {
    Policy::new().delays(Duration::ZERO, Duration::ZERO)
}

/// A server that answers 503, closes with 1012, and accepts: it returns the tokens of the requests.
fn serve() -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("ws://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let mut tokens = vec![];
        for attempt in 0..3 {
            let stream = listener.accept().unwrap().0;
            let options = blocking::Options::new();
            let accepted = options.accept_if(stream, |request| {
                tokens.push(request.headers().get("Authorization").unwrap().to_string());
                match attempt {
                    0 => Err(HttpResponse::new(503).unwrap()),
                    _ => Ok(AcceptOptions::new()),
                }
            });
            let Ok(mut socket) = accepted else { continue };
            let code = if attempt == 1 { CloseCode::SERVICE_RESTART } else { CloseCode::NORMAL };
            socket.close(code, "").unwrap();
        }
        tokens
    });
    (uri, server)
}

/// Makes the requests, each with a new token.
fn requests(uri: String) -> impl FnMut() -> Result<ClientRequest, Error> + Send + 'static {
    let count = AtomicUsize::new(0);
    move || {
        let token = format!("token-{}", count.fetch_add(1, Ordering::Relaxed));
        Ok(ClientRequest::new(&uri)?.bearer_auth(&token)?)
    }
}

const TOKENS: [&str; 3] = ["Bearer token-0", "Bearer token-1", "Bearer token-2"];

#[test]
fn blocking_connector_makes_each_request_anew() {
    let (uri, server) = serve();
    let reconnect = blocking::Connector::new().reconnect(at_once(), requests(uri)).unwrap();
    let (handle, mut codes) = (reconnect.handle(), vec![]);
    for connection in reconnect {
        let mut socket = connection.unwrap().0;
        let result = socket.recv().map(drop);
        codes.push(socket.closed().unwrap().code());
        handle.ended(Cause::of(result, socket.closed()));
    }
    assert_eq!(codes, [1012, 1000]);
    assert_eq!(server.join().unwrap(), TOKENS);
}

#[tokio::test]
async fn tokio_connector_makes_each_request_anew() {
    let (uri, server) = serve();
    let mut requests = requests(uri);
    let request = move || {
        let request = requests();
        async { request }
    };
    let mut reconnect = sansocket::tokio::Connector::new().reconnect(at_once(), request).unwrap();
    let mut codes = vec![];
    while let Some((mut socket, _)) = reconnect.connect().await.unwrap() {
        let result = socket.recv().await.map(drop);
        codes.push(socket.closed().unwrap().code());
        reconnect.ended(Cause::of(result, socket.closed()));
    }
    assert_eq!(codes, [1012, 1000]);
    assert_eq!(server.join().unwrap(), TOKENS);
}

#[test]
fn mistake_in_the_request_is_not_tried_again() {
    let request = || Ok(ClientRequest::new("http://test/")?);
    let mut reconnect = blocking::Connector::new().reconnect(at_once(), request).unwrap();
    let given_up = reconnect.connect().unwrap_err();
    assert_eq!((given_up.limit(), given_up.attempts()), (Limit::Permanent, 1));
    assert!(matches!(given_up.cause(), Cause::Error(Error::Uri(_))));
}

#[test]
fn token_that_can_not_be_fetched_is_tried_again() {
    let request = || Err(std::io::Error::other("the token server does not answer").into());
    let policy = at_once().max_attempts(3);
    let mut reconnect = blocking::Connector::new().reconnect(policy, request).unwrap();
    let given_up = reconnect.connect().unwrap_err();
    assert_eq!((given_up.limit(), given_up.attempts()), (Limit::Attempts, 3));
}
