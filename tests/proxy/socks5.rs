//! SOCKS5: RFC 1928, RFC 1929.

use sansocket::proxy::SocksError::{
    AddressType, AddressTypeNotSupported, CommandNotSupported, ConnectionRefused,
    CredentialsRequired, GeneralFailure, HostUnreachable, Incomplete, Method, NetworkUnreachable,
    NoAcceptableMethod, NotAllowed, Other, TtlExpired, Unauthorized, Version,
};
use sansocket::proxy::{Proxy, ProxyError, SocksError, Tunnel};
use support::{Chunking, hex};

use crate::answers::{Asked, ask, ask_in_every_split, to, tunnel, written};

const PROXY: &str = "socks5h://proxy.example";
const WITH_USER: &str = "socks5h://user:pass@proxy.example";

/// The beginning of TLS.
const SERVER_HELLO: &[u8] = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03";

/// A reply that the tunnel is open, with the proxy's address.
const OPEN: &str = "05 00 00 01 7f000001 1f90";

/// The request for `server.example:443`.
const REQUEST: &str = "05 01 00 03 0e 7365727665722e6578616d706c65 01bb";

fn answered(proxy: &str, answer: &str) -> Asked {
    ask_in_every_split(|| tunnel(proxy), &hex(answer), false)
}

/// The error, and how many bytes of the answer were needed.
fn error(proxy: &str, answer: &str) -> (SocksError, usize) {
    let asked = answered(proxy, answer);
    match asked.result {
        Err(ProxyError::Socks(error)) => (error, asked.needed),
        other => panic!("{answer}: {other:?}"),
    }
}

#[test]
fn tunnel_opens_without_authentication() {
    for (proxy, greeting) in [(PROXY, "05 01 00"), (WITH_USER, "05 02 00 02")] {
        let asked = answered(proxy, &format!("05 00 {OPEN}"));
        assert_eq!(asked.result.unwrap(), "");
        assert_eq!(asked.written, hex(&format!("{greeting} {REQUEST}")));
    }
}

#[test]
fn tunnel_opens_with_a_user_name_and_a_password() {
    let asked = answered(WITH_USER, &format!("05 02 01 00 {OPEN}"));
    assert_eq!(asked.result.unwrap(), "");
    // RFC 1929 §2: VER, ULEN, UNAME, PLEN, PASSWD
    let authentication = "01 04 75736572 04 70617373";
    assert_eq!(asked.written, hex(&format!("05 02 00 02 {authentication} {REQUEST}")));
}

#[test]
fn nothing_is_sent_ahead_of_the_answer_to_it() {
    let mut tunnel = tunnel(WITH_USER);
    assert_eq!(written(&mut tunnel), hex("05 02 00 02"));
    tunnel.received(&hex("05"));
    assert_eq!(tunnel.receive(), Ok(None));
    assert!(!tunnel.wants_write());
    tunnel.received(&hex("02"));
    assert_eq!(tunnel.receive(), Ok(None));
    assert_eq!(written(&mut tunnel), hex("01 04 75736572 04 70617373"));
    tunnel.received(&hex("01 00"));
    assert_eq!(tunnel.receive(), Ok(None));
    assert_eq!(written(&mut tunnel), hex(REQUEST));
    tunnel.received(&hex(OPEN));
    assert_eq!(tunnel.receive().unwrap().unwrap(), "");
}

#[test]
fn credentials_are_any_bytes() {
    for (userinfo, sent) in [
        ("u:a:b", "01 01 75 03 613a62"),
        ("u%3Av:a%3Ab", "01 03 753a76 03 613a62"),
        ("%C3%BC:%FF%00", "01 02 c3bc 02 ff00"),
        ("ü:ß", "01 02 c3bc 02 c39f"),
    ] {
        let asked = answered(&format!("socks5h://{userinfo}@h"), &format!("05 02 01 00 {OPEN}"));
        let sent = hex(&format!("05 02 00 02 {sent} {REQUEST}"));
        assert_eq!(asked.written, sent, "{userinfo}");
    }
    let proxy =
        Proxy::parse(PROXY).unwrap().basic_auth(&"u".repeat(255), &"p".repeat(255)).unwrap();
    let mut tunnel = Tunnel::new(&proxy, "h", 1, &sansocket::Config::new()).unwrap();
    written(&mut tunnel);
    tunnel.received(&hex("05 02"));
    assert_eq!(tunnel.receive(), Ok(None));
    let sent = [&[1, 255][..], &[b'u'; 255], &[255], &[b'p'; 255]].concat();
    assert_eq!(written(&mut tunnel), sent);
}

#[test]
fn address_of_the_server_has_its_type() {
    let longest = "a".repeat(255);
    for (host, address) in [
        ("192.0.2.1", "01 c0000201".to_owned()),
        ("2001:db8::1", "04 20010db8 00000000 00000000 00000001".to_owned()),
        ("[2001:db8::1]", "04 20010db8 00000000 00000000 00000001".to_owned()),
        ("::ffff:192.0.2.1", "04 00000000 00000000 0000ffff c0000201".to_owned()),
        ("a", "03 01 61".to_owned()),
        ("127.1", "03 05 3132372e31".to_owned()), // not an address, as far as Rust goes
        (&longest, format!("03 ff {}", "61".repeat(255))),
    ] {
        for proxy in [PROXY, "socks5://proxy.example"] {
            let mut tunnel = to(host, 9001, proxy);
            tunnel.received(&hex("05 00"));
            assert_eq!(tunnel.receive(), Ok(None));
            let sent = hex(&format!("05 01 00 05 01 00 {address} 2329"));
            assert_eq!(written(&mut tunnel), sent, "{host}");
        }
    }
}

#[test]
fn reply_of_each_address_type_is_consumed_exactly() {
    for address in [
        "01 7f000001".to_owned(),
        "04 20010db8 00000000 00000000 00000001".to_owned(),
        "03 00".to_owned(),
        "03 01 61".to_owned(),
        format!("03 ff {}", "61".repeat(255)),
    ] {
        // RSV is not looked at.
        for reserved in ["00", "01"] {
            let head = hex(&format!("05 00 05 00 {reserved} {address} 1f90"));
            let answer = [&head, SERVER_HELLO].concat();
            let asked = ask_in_every_split(|| tunnel(PROXY), &answer, false);
            assert_eq!(asked.result.unwrap(), SERVER_HELLO, "{address}");
            assert_eq!(asked.needed, head.len(), "{address}");
        }
    }
}

#[test]
fn every_reply_code_is_an_error_at_its_byte() {
    let known = [
        GeneralFailure,
        NotAllowed,
        NetworkUnreachable,
        HostUnreachable,
        ConnectionRefused,
        TtlExpired,
        CommandNotSupported,
        AddressTypeNotSupported,
    ];
    for code in 1..=255_u8 {
        let expected = known.get(usize::from(code) - 1).copied().unwrap_or(Other(code));
        assert_eq!(error(PROXY, &format!("05 00 05 {code:02x}")), (expected, 4));
        assert_eq!(error(PROXY, &format!("05 00 05 {code:02x} 00 01 00000000 0000")).0, expected);
    }
}

#[test]
fn every_method_that_was_not_offered_is_an_error() {
    for method in 0..=255_u8 {
        let answer = format!("05 {method:02x}");
        match method {
            0 => continue,
            0xff => {
                assert_eq!(error(PROXY, &answer), (CredentialsRequired, 2));
                assert_eq!(error(WITH_USER, &answer), (NoAcceptableMethod, 2));
            }
            _ => {
                assert_eq!(error(PROXY, &answer), (Method(method), 2));
                if method != 2 {
                    assert_eq!(error(WITH_USER, &answer), (Method(method), 2));
                }
            }
        }
    }
}

#[test]
fn every_status_but_zero_rejects_the_credentials() {
    for status in 1..=255_u8 {
        assert_eq!(error(WITH_USER, &format!("05 02 01 {status:02x}")), (Unauthorized, 4));
    }
}

#[test]
fn every_unknown_address_type_is_an_error() {
    for kind in 0..=255_u8 {
        if !matches!(kind, 1 | 3 | 4) {
            let answer = format!("05 00 05 00 00 {kind:02x}");
            assert_eq!(error(PROXY, &answer), (AddressType(kind), 6));
        }
    }
}

#[test]
fn peer_of_another_protocol_is_known_by_its_first_byte() {
    for first in 0..=255_u8 {
        let expected = match first {
            b'H' => SocksError::Http, // "HTTP/1.1 400 Bad Request"
            21 | 22 => SocksError::Tls,
            first => Version(first), // 0 is SOCKS4's
        };
        if first != 5 {
            assert_eq!(error(PROXY, &format!("{first:02x}")), (expected, 1));
            assert_eq!(error(PROXY, &format!("05 00 {first:02x}")), (expected, 3));
        }
        if first != 1 {
            assert_eq!(error(WITH_USER, &format!("05 02 {first:02x}")), (expected, 3));
        }
    }
}

#[test]
fn stream_that_ends_before_the_reply_is_incomplete() {
    let answer = hex(&format!("05 02 01 00 {OPEN}"));
    for end in 0..answer.len() {
        assert!(ask(tunnel(WITH_USER), &answer[..end], false, Chunking::Whole).is_none());
        let asked = ask_in_every_split(|| tunnel(WITH_USER), &answer[..end], true);
        assert_eq!(asked.result, Err(ProxyError::Socks(Incomplete)));
    }
}
