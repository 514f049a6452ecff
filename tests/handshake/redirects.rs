//! The rules of redirects: RFC 9110 §15.4, as a client of WebSocket follows them.

use bytes::{Buf, BufMut};
use sansocket::{
    ClientHandshake, ClientRequest, Config, Entropy, InvalidUri, RedirectError, Redirects,
    Response, ResponseError, Uri,
};

fn request(uri: &str) -> ClientRequest {
    ClientRequest::new(uri).unwrap()
}

fn handshake(request: &ClientRequest) -> ClientHandshake {
    ClientHandshake::new(request, Config::new(), Entropy::from_seed([7; 32]))
}

/// A response with these header fields.
fn response(status: u16, fields: &[u8]) -> Response {
    let mut handshake = handshake(&request("ws://h/"));
    let head = format!("HTTP/1.1 {status} \r\nContent-Length: 0\r\n");
    handshake.input().put_slice(&[head.as_bytes(), fields, b"\r\n"].concat());
    match handshake.receive() {
        Err(ResponseError::UnexpectedStatus(response)) => *response,
        other => panic!("{other:?}"),
    }
}

fn redirect(location: &str) -> Response {
    response(302, format!("Location: {location}\r\n").as_bytes())
}

/// The request's header fields but those of the handshake.
fn fields(request: &ClientRequest) -> Vec<String> {
    let head = String::from_utf8(handshake(request).output().chunk().to_vec()).unwrap();
    let own =
        ["Upgrade", "Connection", "Sec-WebSocket-Version", "Sec-WebSocket-Key", "GET", "Host"];
    let is_callers = |line: &&str| !line.is_empty() && !own.iter().any(|own| line.starts_with(own));
    head.lines().filter(is_callers).map(str::to_owned).collect()
}

#[test]
fn five_statuses_are_redirects() {
    for status in 200..=599 {
        let response = response(status, b"Location: /next\r\n");
        let next = Redirects::limited(1).follow(&request("ws://h/"), &response).unwrap();
        let expected = [301, 302, 303, 307, 308].contains(&status);
        assert_eq!(response.is_redirect(), expected, "{status}");
        let next = next.map(|next| next.uri().to_string());
        assert_eq!(next.as_deref(), expected.then_some("ws://h/next"), "{status}");
    }
}

#[test]
fn with_a_limit_of_0_a_redirect_is_a_response_like_others() {
    for response in [redirect("/x"), redirect("wss://u@h"), response(301, b"")] {
        let followed = Redirects::limited(0).follow(&request("ws://h/"), &response);
        assert!(matches!(followed, Ok(None)), "{followed:?}");
    }
}

#[test]
fn every_location_is_followed_or_an_error() {
    use InvalidUri::{Host, Path, Scheme, UserInfo};
    let follow = |uri: &str, response: &Response| {
        let next = Redirects::limited(1).follow(&request(uri), response);
        next.map(|next| next.unwrap().uri().to_string())
    };
    for (uri, location, expected) in [
        ("ws://h/a/b?q", "/x", Ok("ws://h/x")),
        ("ws://h/a/b?q", "x", Ok("ws://h/a/x")),
        ("ws://h/a/b?q", "?x#y", Ok("ws://h/a/b?x")),
        ("ws://h/a/b?q", "//i/x", Ok("ws://i/x")),
        ("ws://h/", "wss://h/", Ok("wss://h/")),
        ("ws://h/", "https://h/", Ok("wss://h/")),
        ("ws://h/", "http://h/x", Ok("ws://h/x")),
        ("wss://h/", "https://h:1/", Ok("wss://h:1/")),
        ("wss://h/", "//i/", Ok("wss://i/")),
        ("ws://h/", "ftp://h/", Err(RedirectError::Location(Scheme))),
        ("ws://h/", "ws:///", Err(RedirectError::Location(Host))),
        ("ws://h/", "ws://u:p@h/x", Err(RedirectError::Location(UserInfo))),
        ("ws://h/", "/a b", Err(RedirectError::Location(Path))),
    ] {
        let expected = expected.map(str::to_owned);
        assert_eq!(follow(uri, &redirect(location)), expected, "{uri} {location}");
    }
    for (fields, expected) in [
        (&b""[..], RedirectError::NoLocation),
        (b"Content-Location: /x\r\n", RedirectError::NoLocation),
        (b"Location: /x\r\nLocation: /y\r\n", RedirectError::SeveralLocations),
        (b"Location: /x\r\nlocation: /x\r\n", RedirectError::SeveralLocations),
        (b"Location: /\xff\r\n", RedirectError::Location(Path)),
        (b"Location: /\xc3\xa4\r\n", RedirectError::Location(Path)),
    ] {
        assert_eq!(follow("ws://h/", &response(302, fields)), Err(expected));
    }
}

#[test]
fn from_wss_no_redirect_leads_to_ws() {
    for location in ["ws://h/", "http://h/", "WS://i:443/?secret", "HTTP://h:443"] {
        let mut redirects = Redirects::limited(9);
        let next = redirects.follow(&request("ws://h/"), &redirect("wss://h/")).unwrap().unwrap();
        let error = redirects.follow(&next, &redirect(location)).unwrap_err();
        assert!(matches!(&error, RedirectError::Downgrade { chain } if chain.len() == 3));
        let text = error.to_string();
        assert!(text.contains(": ws://h/ -> wss://h/ -> ws://"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}

#[test]
fn loops_and_the_limit_are_errors_that_name_the_chain() {
    let uris = |chain: &[Uri]| chain.iter().map(Uri::to_string).collect::<Vec<_>>();
    for (locations, expected) in [
        (&["ws://h/a"][..], &["ws://h/a", "ws://h/a"][..]),
        (&[""], &["ws://h/a", "ws://h/a"]),
        (&["b", "a"], &["ws://h/a", "ws://h/b", "ws://h/a"]),
        (&["b", "c", "//h:80/b#x"], &["ws://h/a", "ws://h/b", "ws://h/c", "ws://h/b"]),
    ] {
        let (mut redirects, mut next) = (Redirects::limited(9), request("ws://h/a"));
        let (last, first) = locations.split_last().unwrap();
        for location in first {
            next = redirects.follow(&next, &redirect(location)).unwrap().unwrap();
        }
        let error = redirects.follow(&next, &redirect(last)).unwrap_err();
        assert!(error.to_string().ends_with(&expected.join(" -> ")), "{error}");
        match error {
            RedirectError::Loop { chain } => assert_eq!(uris(&chain), expected),
            other => panic!("{other}"),
        }
    }
    for limit in 1..5 {
        let (mut redirects, mut next) = (Redirects::limited(limit), request("ws://h/0"));
        for hop in 1..=limit {
            next = redirects.follow(&next, &redirect(&hop.to_string())).unwrap().unwrap();
            assert_eq!(redirects.followed().last().unwrap(), next.uri());
            assert_eq!(redirects.followed().len(), hop);
        }
        let error = redirects.follow(&next, &redirect("last")).unwrap_err();
        let RedirectError::TooMany { chain } = error else { panic!("{error}") };
        assert_eq!((chain.len(), &*chain[0].to_string()), (limit + 2, "ws://h/0"));
        assert_eq!(chain.last().unwrap().to_string(), "ws://h/last");
    }
}

#[test]
fn another_origin_receives_no_credentials() {
    for (uri, location, same) in [
        ("ws://h/", "/x", true),
        ("ws://h/", "ws://H:80/x", true),
        ("ws://h/", "http://h/x", true),
        ("wss://h/", "https://h:443/x", true),
        ("ws://h/", "wss://h/", false),     // the scheme and the port
        ("ws://h:1/", "wss://h:1/", false), // the scheme
        ("ws://h/", "//h:81/", false),
        ("ws://h/", "//i.h/", false),
        ("ws://i.h/", "//h/", false),
        ("ws://h/", "//h./", false),
        ("ws://127.0.0.1/", "//localhost/", false),
        ("ws://[fe80::1%25a]/", "//[fe80::1%25b]/", false),
        ("ws://[fe80::1%25a]/", "//[fe80::1%25a]/x", true),
    ] {
        let first = request(uri).header("cookie", "a=1").unwrap().header("X-A", "1").unwrap();
        let first = first.header("Proxy-Authorization", "Basic Og==").unwrap();
        let first = first.subprotocol("chat").unwrap();
        let by_header = first.clone().header("AUTHORIZATION", "x").unwrap();
        for first in [first.basic_auth("u", "p").unwrap(), by_header] {
            let mut redirects = Redirects::limited(9);
            let next = redirects.follow(&first, &redirect(location)).unwrap().unwrap();
            let all = fields(&first);
            assert_eq!(all.len(), 5);
            let kept = ["Sec-WebSocket-Protocol: chat", "X-A: 1"].map(str::to_owned);
            let expected = if same { all } else { kept.to_vec() };
            assert_eq!(fields(&next), expected, "{uri} {location}");
            // Nor after a way back.
            let back = redirects.follow(&next, &redirect(&format!("{uri}back"))).ok().flatten();
            assert!(back.is_none_or(|back| fields(&back) == expected), "{uri} {location}");
        }
    }
    let by_uri = request("ws://u:p@h/");
    let next = Redirects::limited(1).follow(&by_uri, &redirect("//i/")).unwrap().unwrap();
    assert_eq!(fields(&next), [""; 0]);
}

/// Fetch, "serializing a request origin".
#[test]
fn origin_is_null_after_a_redirect_by_a_server_of_another_origin() {
    for (uri, origin, location, expected) in [
        ("ws://h/", "http://p", "/x", "http://p"),
        ("ws://h/", "http://p", "//i/", "null"),
        ("ws://h/", "http://h", "//i/", "http://h"),
        ("ws://h/", "HTTP://H:80", "//i/", "HTTP://H:80"),
        ("wss://h/", "https://h", "//i/", "https://h"),
        ("ws://h/", "https://h", "//i/", "null"),
        ("ws://[::1]:81/", "http://[::1]:81", "//i/", "http://[::1]:81"),
        ("ws://h/", "null", "//i/", "null"),
        ("ws://h/", "tauri://localhost", "//i/", "null"),
    ] {
        let first = request(uri).header("origin", origin).unwrap();
        let next = Redirects::limited(1).follow(&first, &redirect(location)).unwrap().unwrap();
        let sent = fields(&next)[0].to_lowercase();
        assert_eq!(sent, format!("origin: {expected}").to_lowercase(), "{uri} {origin} {location}");
    }
    // A request without one has none afterwards.
    let next = Redirects::limited(1).follow(&request("ws://h"), &redirect("//i")).unwrap();
    assert_eq!(fields(&next.unwrap()), [""; 0]);
}
