//! Addresses of proxies: RFC 3986 §3.2, with curl's schemes.

use sansocket::proxy::InvalidProxy::{self, Credentials, Host, Path, Port, Scheme, UserInfo};
use sansocket::proxy::Proxy;

/// The address without credentials, the host to resolve, and the port.
type Place = (&'static str, &'static str, u16);

const ADDRESSES: &[(&str, Result<Place, InvalidProxy>)] = &[
    ("http://h", Ok(("http://h:80", "h", 80))),
    ("https://h", Ok(("https://h:443", "h", 443))),
    ("socks5://h", Ok(("socks5://h:1080", "h", 1080))),
    ("socks5h://h", Ok(("socks5h://h:1080", "h", 1080))),
    ("socks://h", Ok(("socks5h://h:1080", "h", 1080))), // as GNOME writes it
    ("SOCKS5H://H.example", Ok(("socks5h://H.example:1080", "H.example", 1080))),
    ("h", Ok(("http://h:80", "h", 80))), // curl: http:// without a scheme
    ("h:3128", Ok(("http://h:3128", "h", 3128))),
    ("127.0.0.1:3128", Ok(("http://127.0.0.1:3128", "127.0.0.1", 3128))),
    ("user:pass@h:3128", Ok(("http://h:3128", "h", 3128))),
    ("http://h:3128/", Ok(("http://h:3128", "h", 3128))),
    ("http://h:", Ok(("http://h:80", "h", 80))),
    ("http://h:65535", Ok(("http://h:65535", "h", 65535))),
    ("http://[::1]:3128", Ok(("http://[::1]:3128", "::1", 3128))),
    ("http://[2001:db8::1]", Ok(("http://[2001:db8::1]:80", "2001:db8::1", 80))),
    ("http://user:p@ss@h", Ok(("http://h:80", "h", 80))), // curl: the last @
    ("http://@h", Ok(("http://h:80", "h", 80))),
    ("http://user@h", Ok(("http://h:80", "h", 80))),
    ("", Err(Host)),
    ("http://", Err(Host)),
    ("http://user:pass@", Err(Host)),
    ("http://::1", Err(Host)),
    ("http://[fe80::1%25eth0]", Err(Host)),
    ("http://h h", Err(Host)),
    ("http://h\r\n", Err(Host)),
    ("http://é", Err(Host)),
    ("socks4://h", Err(Scheme)),
    ("socks4a://h", Err(Scheme)),
    ("ws://h", Err(Scheme)),
    ("://h", Err(Scheme)),
    ("http://h:0", Err(Port)),
    ("http://h:65536", Err(Port)),
    ("http://h:x", Err(Port)),
    ("http://user:a/b@h", Err(Path)), // an authority ends at the first slash
    ("http://h/path", Err(Path)),
    ("http://h?query", Err(Path)),
    ("http://h#fragment", Err(Path)),
    ("http://user:a?b@h", Err(Path)),
    ("http://user:100%@h", Err(UserInfo)),
    ("http://user:%4@h", Err(UserInfo)),
    ("http://user:%zz@h", Err(UserInfo)),
    ("http://%+1@h", Err(UserInfo)),
    ("http://a%3Ab:c@h", Err(Credentials)), // RFC 7617 §2: a colon in the user name
    ("http://a:b%0D%0Ac@h", Err(Credentials)),
    ("http://a%00:b@h", Err(Credentials)),
    ("http://a:b%7F@h", Err(Credentials)),
    ("socks5h://user@h", Err(Credentials)), // RFC 1929 §2: 1 to 255 octets each
    ("socks5h://:pass@h", Err(Credentials)),
];

#[test]
fn addresses_of_proxies() {
    for (text, expected) in ADDRESSES {
        match (Proxy::parse(text), expected) {
            (Ok(proxy), Ok((shown, host, port))) => {
                assert_eq!(
                    (proxy.to_string(), proxy.host()),
                    ((*shown).to_owned(), *host),
                    "{text}"
                );
                assert_eq!(proxy.port(), *port, "{text}");
                let again: Proxy = proxy.to_string().parse().unwrap();
                assert_eq!(again.to_string(), *shown);
            }
            (Err(error), Err(expected)) => assert_eq!(error, *expected, "{text}"),
            (got, _) => panic!("{text}: {got:?}"),
        }
    }
}

#[test]
fn scheme_decides_the_protocol_tls_and_who_resolves_names() {
    for (scheme, is_secure, is_socks5, resolves_names) in [
        ("http", false, false, true),
        ("https", true, false, true),
        ("socks5h", false, true, true),
        ("socks", false, true, true),
        ("socks5", false, true, false), // as curl does
    ] {
        let proxy = Proxy::parse(&format!("{scheme}://h")).unwrap();
        let is = (proxy.is_secure(), proxy.is_socks5(), proxy.resolves_names());
        assert_eq!(is, (is_secure, is_socks5, resolves_names), "{scheme}");
    }
}

#[test]
fn credentials_are_percent_decoded_in_an_address_and_not_in_basic_auth() {
    let [plain, encoded] =
        ["http://h", "http://a%40:%3A%25%C2%A3@h"].map(|text| Proxy::parse(text).unwrap());
    assert_ne!(plain, encoded);
    assert_eq!(plain.clone().basic_auth("a@", ":%£").unwrap(), encoded);
    assert_ne!(plain.basic_auth("a%40", ":%£").unwrap(), encoded);
}

#[test]
fn credentials_that_a_protocol_cannot_send_are_an_error() {
    let http = || Proxy::parse("https://h").unwrap();
    let socks5 = || Proxy::parse("socks5h://h").unwrap();
    let (longest, too_long) = ("x".repeat(255), "x".repeat(256));
    for (user, password, over_http, over_socks5) in [
        ("user", "pass", true, true),
        ("", "pass", true, false),
        ("user", "", true, false),
        ("us:er", "pass", false, true),
        ("user", "pa:ss", true, true),
        ("us\ner", "pass", false, true),
        ("user", "pa\0ss", false, true),
        (&longest, &longest, true, true),
        (&too_long, "pass", true, false),
        ("user", &too_long, true, false),
    ] {
        let expected = |is_valid: bool| if is_valid { None } else { Some(Credentials) };
        assert_eq!(http().basic_auth(user, password).err(), expected(over_http), "{user:?}");
        assert_eq!(socks5().basic_auth(user, password).err(), expected(over_socks5), "{user:?}");
    }
}
