//! Redirects between `ws:` and `wss:`, in every adapter.

use std::sync::Arc;

use certificates::{Authority, VALID};
use sansocket::blocking::{self, Incoming, Options, Stream};
use sansocket::tls::Tls;
use sansocket::{ClientRequest, Error, HttpResponse, RedirectError, Response};

use crate::parts::{serve, server_stream};

type Client = fn(&ClientRequest, Tls) -> Result<Response, Error>;

const CLIENTS: [(&str, Client); 2] = [
    ("blocking", |request, tls| {
        let connector = blocking::Connector::new().tls(tls).redirects(1);
        Ok(connector.connect(request)?.1)
    }),
    ("tokio", |request, tls| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let connector = sansocket::tokio::Connector::new().tls(tls).redirects(1);
        Ok(runtime.block_on(connector.connect(request))?.1)
    }),
];

/// Answers a request, and returns its credentials.
fn answer(stream: impl Stream, location: Option<&str>) -> Result<Option<String>, Error> {
    let Incoming::Upgrade(upgrade) = Options::new().receive_request(stream)? else {
        return Ok(None);
    };
    let credentials = upgrade.request().headers().get("Authorization").map(str::to_owned);
    match location {
        Some(uri) => upgrade.reject(&HttpResponse::new(301)?.header("Location", uri)?)?,
        None => upgrade.accept().map(drop)?,
    }
    Ok(credentials)
}

#[test]
fn redirect_from_ws_to_wss_is_followed_without_credentials() {
    let authority = Authority::new("test");
    let config = authority.issue("127.0.0.1", VALID).server_config(&[]);
    for (name, client) in CLIENTS {
        let config = Arc::clone(&config);
        let (address, secure) = serve(move |stream| answer(server_stream(config, stream), None));
        let uri = format!("wss://{address}/");
        let location = uri.replace("wss", "https");
        let (address, plain) = serve(move |stream| answer(stream, Some(&location)));
        let request = ClientRequest::new(&format!("ws://u:p@{address}/")).unwrap();
        let response = client(&request, authority.trusted()).unwrap();
        assert_eq!(response.redirects()[0].to_string(), uri, "{name}");
        assert_eq!(plain.join().unwrap().unwrap().as_deref(), Some("Basic dTpw"), "{name}");
        assert_eq!(secure.join().unwrap().unwrap(), None, "{name}");
    }
}

#[test]
fn redirect_from_wss_to_ws_is_an_error() {
    let authority = Authority::new("test");
    let config = authority.issue("127.0.0.1", VALID).server_config(&[]);
    for (name, client) in CLIENTS {
        let config = Arc::clone(&config);
        // Nobody listens there.
        let (address, server) =
            serve(move |stream| answer(server_stream(config, stream), Some("http://[::1]:1/")));
        let request = ClientRequest::new(&format!("wss://{address}/")).unwrap();
        let error = client(&request, authority.trusted()).unwrap_err();
        let is_expected = matches!(&error, Error::Redirect(RedirectError::Downgrade { chain })
            if chain[1].to_string() == "ws://[::1]:1/");
        assert!(is_expected, "{name}: {error:?}");
        server.join().unwrap().unwrap();
    }
}
