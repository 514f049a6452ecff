//! Basic and bearer authorization: RFC 7617, RFC 6750, RFC 3986 §3.2.1.

use bytes::Buf;
use sansocket::InvalidField::{self, Password, Token, User};
use sansocket::{ClientHandshake, ClientRequest, Config, Entropy, InvalidUri};

/// The lines of the request with this field.
fn sent(request: &ClientRequest, field: &str) -> Vec<String> {
    let entropy = Entropy::from_seed([7; 32]);
    let mut handshake = ClientHandshake::new(request, Config::new(), entropy);
    let head = String::from_utf8(handshake.output().chunk().to_vec()).unwrap();
    head.lines().filter(|line| line.starts_with(field)).map(str::to_owned).collect()
}

fn request(uri: &str) -> ClientRequest {
    ClientRequest::new(uri).unwrap()
}

#[test]
fn basic_auth_sends_user_and_password_in_base64_of_utf8() {
    for (user, password, expected) in [
        ("Aladdin", "open sesame", Ok("Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")), // §2
        ("test", "123\u{a3}", Ok("Authorization: Basic dGVzdDoxMjPCow==")),                  // §2.1
        ("", "", Ok("Authorization: Basic Og==")),
        ("u", "a:b", Ok("Authorization: Basic dTphOmI=")),
        ("a:b", "", Err(User)), // §2: "a user-id containing a colon character is invalid"
        ("a\n", "", Err(User)), // §2: "MUST NOT contain any control characters"
        ("a\x7f", "", Err(User)),
        ("a", "b\r\nX: y", Err(Password)),
        ("a", "\0", Err(Password)),
    ] {
        let lines = request("ws://h/").basic_auth(user, password);
        let lines = lines.map(|request| sent(&request, "Authorization"));
        assert_eq!(lines, expected.map(|line| vec![line.to_owned()]), "{user:?} {password:?}");
    }
}

#[test]
fn bearer_auth_sends_a_token68_only() {
    let auth = |token| request("ws://h/").bearer_auth(token).map(|r| sent(&r, "Authorization"));
    for token in ["mF_9.B5f-4.1JqM", "a~+/", "YQ==", "a="] {
        assert_eq!(auth(token), Ok(vec![format!("Authorization: Bearer {token}")]));
    }
    for token in ["", "=", "==", "a b", "a=b", "a\n", "a\r\nX: y", "\u{e4}", "a,b", "\"a\""] {
        assert_eq!(auth(token), Err(Token), "{token:?}");
    }
}

#[test]
fn user_info_of_an_address_is_sent_as_basic_auth() {
    let basic = |uri| ClientRequest::new(uri).map(|request| sent(&request, "Authorization"));
    let of = |user: &str, password: &str| {
        Ok(sent(&request("ws://h/").basic_auth(user, password).unwrap(), "Authorization"))
    };
    for (uri, expected) in [
        ("ws://u:p@h/", of("u", "p")),
        ("ws://u@h/", of("u", "")),
        ("ws://u:@h", of("u", "")),
        ("ws://:p@h?x", of("", "p")), // a token in the place of a password
        ("wss://u:a:b@[::1]:81/", of("u", "a:b")),
        ("ws://%75%C3%A4:%40%3A%2f%25@h/", of("u\u{e4}", "@:/%")), // RFC 3986 §2.1
        ("ws://-._~!$&'()*+,;=:-._~!$&'()*+,;=@h/", of("-._~!$&'()*+,;=", "-._~!$&'()*+,;=")),
        ("ws://h/@", Ok(vec![])),
        ("ws://h?u:p@h", Ok(vec![])),
    ] {
        assert_eq!(basic(uri), expected, "{uri}");
    }
    for uri in [
        "ws://@h/", // rather a variable that is not set
        "ws://:@h/",
        "ws://a%3Ab:p@h/", // RFC 7617 §2
        "ws://a%0Ab@h/",
        "ws://a:%0D%0AX:@h/",
        "ws://%FF@h/",
        "ws://%@h/",
        "ws://a b@h/",
        "ws://\u{e4}@h/",
        "ws://a@b@h/",
        "ws://good.com\\@evil.com/",
        "ws://[::1]@h/",
    ] {
        assert_eq!(basic(uri), Err(InvalidUri::UserInfo), "{uri}");
    }
}

#[test]
fn the_last_credentials_count() {
    let lines = |request: Result<ClientRequest, InvalidField>| {
        let lines = sent(&request.unwrap(), "Authorization");
        lines.iter().map(|line| line.trim_start_matches("Authorization: ").to_owned()).collect()
    };
    let cases: [(Vec<String>, &[&str]); 5] = [
        (lines(request("ws://u:p@h/").bearer_auth("t")), &["Bearer t"]),
        (lines(request("ws://u:p@h/").header("Authorization", "x")), &["x"]),
        (lines(request("ws://h/").bearer_auth("t").unwrap().basic_auth("", "")), &["Basic Og=="]),
        (
            lines(request("ws://h/").header("Authorization", "x").unwrap().bearer_auth("t")),
            &["Bearer t"],
        ),
        (lines(request("ws://u:p@h/").header("Cookie", "x")), &["Basic dTpw"]),
    ];
    for (sent, expected) in cases {
        assert_eq!(sent, expected);
    }
    // Lines around a replaced one are kept.
    let request = request("ws://h/").header("X-A", "1").unwrap().header("Authorization", "x");
    let request = request.unwrap().header("X-B", "2: 3").unwrap().bearer_auth("t").unwrap();
    assert_eq!(sent(&request, "X-"), ["X-A: 1", "X-B: 2: 3"]);
}

#[test]
fn credentials_are_in_no_text_and_no_other_field() {
    let request = request("wss://name:secret@h:81/x?query").bearer_auth("token").unwrap();
    let again = ClientRequest::new("wss://name:secret@h:81/x?query").unwrap();
    for request in [&request, &again] {
        let texts = [format!("{request:?}"), format!("{:?}", request.uri())];
        for text in texts.iter().chain([&request.uri().to_string()]) {
            for secret in ["name", "secret", "token", "Bearer", "Basic"] {
                assert!(!text.contains(secret), "{text}");
            }
        }
        assert_eq!(sent(request, "Host"), ["Host: h:81"]);
        assert_eq!(sent(request, "GET"), ["GET /x?query HTTP/1.1"]);
    }
}

#[test]
fn a_zone_is_not_sent() {
    // RFC 6874 §4: "MUST remove any ZoneID attached to an outgoing URI"
    assert_eq!(sent(&request("ws://[fe80::1%25lo]:81/"), "Host"), ["Host: [fe80::1]:81"]);
    assert_eq!(sent(&request("ws://[fe80::1%25lo]/"), "Host"), ["Host: [fe80::1]"]);
    assert_eq!(sent(&request("ws://[::1]/"), "Host"), ["Host: [::1]"]);
}
