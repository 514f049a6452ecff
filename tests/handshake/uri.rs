//! `ws` and `wss` URIs: RFC 6455 §3, RFC 3986.

use sansocket::InvalidUri::{self, Fragment, Host, Path, Port, Scheme, UserInfo};
use sansocket::{ClientRequest, Uri};

/// The parts of a URI: whether TLS, host, port, resource name.
type Place = (bool, &'static str, u16, &'static str);

const fn to(
    host: &'static str,
    port: u16,
    resource_name: &'static str,
) -> Result<Place, InvalidUri> {
    Ok((false, host, port, resource_name))
}

const fn tls(
    host: &'static str,
    port: u16,
    resource_name: &'static str,
) -> Result<Place, InvalidUri> {
    Ok((true, host, port, resource_name))
}

const ADDRESSES: &[(&str, Result<Place, InvalidUri>)] = &[
    ("ws://h", to("h", 80, "/")), // §3: "/" if the path is empty
    ("ws://h/", to("h", 80, "/")),
    ("wss://h", tls("h", 443, "/")),
    ("WS://H.example/", to("H.example", 80, "/")), // §3: the scheme in any case
    ("wSs://h", tls("h", 443, "/")),
    ("ws://h?x=1", to("h", 80, "/?x=1")), // "/" before a query too
    ("ws://h?", to("h", 80, "/?")),
    ("ws://h/?", to("h", 80, "/?")),
    ("ws://h?x=/a?b", to("h", 80, "/?x=/a?b")),
    ("ws://h//a", to("h", 80, "//a")),
    ("ws://h/a/../b/./c", to("h", 80, "/a/../b/./c")), // nothing is repaired
    ("ws://h/%C3%A4%20b?%23", to("h", 80, "/%C3%A4%20b?%23")),
    ("ws://h/-._~!$&'()*+,;=:@/?/?:@", to("h", 80, "/-._~!$&'()*+,;=:@/?/?:@")), // RFC 3986 §3.3, §3.4
    ("ws://h/?back=ws://other/", to("h", 80, "/?back=ws://other/")),
    ("ws://h/a@b", to("h", 80, "/a@b")), // no user name
    ("ws://h:1/", to("h", 1, "/")),
    ("ws://h:9001", to("h", 9001, "/")),
    ("ws://h:65535?q", to("h", 65535, "/?q")),
    ("ws://h:/", to("h", 80, "/")), // RFC 3986 §3.2.3: the port may be empty
    ("wss://h:", tls("h", 443, "/")),
    ("ws://h:0080/", to("h", 80, "/")),
    ("ws://h:443/", to("h", 443, "/")),
    ("wss://h:80/", tls("h", 80, "/")),
    ("ws://127.0.0.1:8080", to("127.0.0.1", 8080, "/")),
    ("ws://0x7f.1/", to("0x7f.1", 80, "/")), // a name, as far as the grammar goes
    ("ws://[::1]", to("::1", 80, "/")),      // RFC 3986 §3.2.2: without brackets for the resolver
    ("ws://[::1]:9001/", to("::1", 9001, "/")),
    ("ws://[::]/", to("::", 80, "/")), // a colon before the bracket
    ("ws://[::]:81/", to("::", 81, "/")),
    ("ws://[::1]?x", to("::1", 80, "/?x")),
    ("ws://[2001:DB8::1]:", to("2001:DB8::1", 80, "/")),
    ("ws://[::ffff:127.0.0.1]/", to("::ffff:127.0.0.1", 80, "/")),
    ("ws://xn--exmple-cua.com/", to("xn--exmple-cua.com", 80, "/")),
    ("ws://a-b_c.~d/", to("a-b_c.~d", 80, "/")), // RFC 3986 §3.2.2: reg-name
    ("ws://a%2Fb/", to("a%2Fb", 80, "/")),
    ("ws://h./", to("h.", 80, "/")),
    ("", Err(Scheme)),
    ("h", Err(Scheme)),
    ("h:80", Err(Scheme)),
    ("//h/x", Err(Scheme)),
    ("ws:h", Err(Scheme)),
    ("ws:/h", Err(Scheme)),
    ("://h", Err(Scheme)),
    ("http://h/", Err(Scheme)),
    ("https://h/", Err(Scheme)),
    ("wsx://h/", Err(Scheme)),
    (" ws://h/", Err(Scheme)),
    ("\u{feff}ws://h/", Err(Scheme)),
    ("http://h/?ws://h", Err(Scheme)),
    ("ws://", Err(Host)),
    ("ws:///nohost", Err(Host)),
    ("ws://?q", Err(Host)),
    ("ws://:80/", Err(Host)),
    ("ws:// h/", Err(Host)),
    ("ws://h /", Err(Host)),
    ("ws://a b/", Err(Host)),
    ("ws://h\t/", Err(Host)),
    ("ws://a\r\nX:", Err(Host)), // K9: nothing gets into the request
    ("ws://a\0/", Err(Host)),
    ("ws://h\\evil/", Err(Host)),
    ("ws://h%/", Err(Host)),
    ("ws://h%4/", Err(Host)),
    ("ws://h%4g/", Err(Host)),
    ("ws://<h>/", Err(Host)),
    ("ws://[]/", Err(Host)),
    ("ws://[h]/", Err(Host)),
    ("ws://[127.0.0.1]/", Err(Host)),
    ("ws://[::1]x/", Err(Host)),
    ("ws://[::1]x:80/", Err(Host)),
    ("ws://x[::1]/", Err(Host)),
    ("ws://[[::1]]/", Err(Host)),
    ("ws://[fe80::1%25eth0]/", to("fe80::1%eth0", 80, "/")), // RFC 6874 §2
    ("ws://[FE80::1%25br-lan.1_a~]:81/", to("FE80::1%br-lan.1_a~", 81, "/")),
    ("ws://[febf::1%255]", to("febf::1%5", 80, "/")),
    ("ws://[fe80::1%25a%2Fb%5d]/", to("fe80::1%a/b]", 80, "/")),
    ("ws://[::1%25lo]/", Err(Host)), // RFC 6874 §4: for link-local addresses only
    ("ws://[fec0::1%25lo]/", Err(Host)),
    ("ws://[fe80::1%lo]/", Err(Host)),
    ("ws://[fe80::1%25]/", Err(Host)),
    ("ws://[fe80::1%25a b]/", Err(Host)),
    ("ws://[fe80::1%25a%20b]/", Err(Host)),
    ("ws://[fe80::1%25a%0d%0ab]/", Err(Host)),
    ("ws://[fe80::1%25%ff]/", Err(Host)),
    ("ws://[fe80::1%25a%2]/", Err(Host)),
    ("ws://[fe80::1%25a]x/", Err(Host)),
    ("ws://[fe80::1%25a", Err(Host)),
    ("ws://[h%25a]/", Err(Host)),
    ("ws://h%25a/", to("h%25a", 80, "/")),
    ("ws://[1::2::3]/", Err(Host)),
    ("ws://[v1.x]/", Err(Host)), // RFC 3986 §3.2.2: of an unknown version
    ("ws://h]/", Err(Host)),
    ("ws://]/", Err(Host)),
    ("ws://]:80/", Err(Host)),
    ("ws://h:0/", Err(Port)),
    ("ws://h:65536/", Err(Port)),
    ("ws://h:99999/", Err(Port)),
    ("ws://h:18446744073709551696/", Err(Port)), // 2⁶⁴ + 80
    ("ws://h:-1/", Err(Port)),
    ("ws://h:+80/", Err(Port)),
    ("ws://h: 80/", Err(Port)),
    ("ws://h:80 /", Err(Port)),
    ("ws://h:http/", Err(Port)),
    ("ws://h:\u{663}/", Err(Port)), // a digit, but not one of ours
    ("ws://[::1]:x/", Err(Port)),
    ("ws://u@h/", Err(UserInfo)),
    ("ws://u:p@h/", Err(UserInfo)),
    ("ws://@h/", Err(UserInfo)),
    ("ws://good.com:80@evil.com/", Err(UserInfo)),
    ("ws://good.com\\@evil.com/", Err(UserInfo)),
    ("ws://h/p#frag", Err(Fragment)), // §3: "MUST NOT be used on these URIs"
    ("ws://h/p#", Err(Fragment)),
    ("ws://h?q#f", Err(Fragment)),
    ("ws://h#f", Err(Fragment)),
    ("ws://h/a b", Err(Path)), // K9, RFC 3986 §2.1
    ("ws://h/\u{e4}", Err(Path)),
    ("ws://h/?\u{e4}", Err(Path)),
    ("ws://h/ HTTP/1.1\r\nX: y", Err(Path)),
    ("ws://h/\n", Err(Path)),
    ("ws://h/\0", Err(Path)),
    ("ws://h/\x7f", Err(Path)),
    ("ws://h/%", Err(Path)),
    ("ws://h/%2", Err(Path)),
    ("ws://h/%2x", Err(Path)),
    ("ws://h/%%20", Err(Path)),
    ("ws://h/a|b", Err(Path)),
    ("ws://h/\"", Err(Path)),
    ("ws://h/<>", Err(Path)),
    ("ws://h/\\", Err(Path)),
    ("ws://h/?a[]=1", Err(Path)),
    ("ws://h/{id}", Err(Path)),
];

#[test]
fn every_uri_parses_to_its_parts_or_is_rejected() {
    for (text, expected) in ADDRESSES {
        let parsed = Uri::parse(text);
        let place = parsed
            .as_ref()
            .map(|uri| (uri.is_secure(), uri.host(), uri.port(), uri.resource_name()));
        assert_eq!(place, expected.as_ref().map(|place| *place), "{text:?}");
        assert_eq!(text.parse::<Uri>(), parsed, "{text:?}");
        if parsed != Err(UserInfo) {
            let request = ClientRequest::new(text);
            assert_eq!(request.map(|request| request.uri().clone()), parsed, "{text:?}");
        }
    }
}

#[test]
fn an_ipv6_host_without_brackets_is_a_host_error() {
    // The error is not about a port, since there is none.
    for text in [
        "ws://::1/",
        "ws://::1",
        "ws://2001:db8::1/",
        "ws://fe80::1:8080/",
        "ws://[::1/",
        "ws://::1]/",
    ] {
        assert_eq!(Uri::parse(text), Err(Host), "{text}");
    }
}

#[test]
fn a_displayed_uri_parses_to_itself() {
    for (text, _) in ADDRESSES.iter().filter(|(_, expected)| expected.is_ok()) {
        let uri = Uri::parse(text).unwrap();
        let shown = uri.to_string();
        let again = Uri::parse(&shown).unwrap_or_else(|error| panic!("{text} {shown}: {error}"));
        let place = |uri: &Uri| {
            (uri.is_secure(), uri.host().to_owned(), uri.port(), uri.resource_name().to_owned())
        };
        assert_eq!(place(&again), place(&uri), "{text} {shown}");
        assert_eq!(again.to_string(), shown);
    }
    for (text, shown) in [
        ("WSS://h:443?x", "wss://h/?x"), // RFC 3986 §6.2.3: a default port can be left out
        ("ws://h:", "ws://h/"),
        ("wss://h:80/", "wss://h:80/"),
        ("ws://[::1]:81", "ws://[::1]:81/"),
        ("ws://[fe80::1%25a%2fb]:81", "ws://[fe80::1%25a%2Fb]:81/"),
    ] {
        assert_eq!(Uri::parse(text).unwrap().to_string(), shown);
    }
}

/// Without the feature, the error names it.
#[test]
fn a_name_that_is_not_ascii_needs_the_feature_idna() {
    for (text, ascii) in [
        ("ws://ex\u{e4}mple.com/", Some("ws://xn--exmple-cua.com/")),
        ("wss://EX\u{c4}MPLE.com:9001/?x", Some("wss://xn--exmple-cua.com:9001/?x")),
        ("ws://\u{ff28}/", Some("ws://h/")),
        ("ws://\u{65e5}\u{672c}\u{3002}jp/", Some("ws://xn--wgv71a.jp/")),
        ("ws://fa\u{df}.de/", Some("ws://xn--fa-hia.de/")), // not "fass.de", as in browsers
        ("ws://\u{e4}\r\nX: y/", None),
        ("ws://\u{e4} b/", None),
        ("ws://\u{e4}%/", None),
        ("ws://\u{ff05}41/", None), // a percent sign of full width
        ("ws://\u{ff0f}/", None),   // a slash
        ("ws://\u{ad}/", None),     // nothing is left
        ("ws://[\u{e4}]/", None),
        ("ws://\u{fffd}/", None),
    ] {
        let uri = Uri::parse(text).map(|uri| uri.to_string());
        let expected = ascii.filter(|_| cfg!(feature = "idna")).map(str::to_owned).ok_or(Host);
        assert_eq!(uri, expected, "{text:?}");
    }
    assert_eq!(Host.to_string().contains("idna"), cfg!(not(feature = "idna")));
}

/// RFC 3986 §5.4.1 and §5.4.2, with another scheme of the base.
#[test]
fn references_resolve_as_in_the_examples_of_rfc_3986() {
    let base = Uri::parse("ws://a/b/c/d;p?q").unwrap();
    for (reference, expected) in [
        ("g:h", Err(Scheme)),
        ("g", Ok("ws://a/b/c/g")),
        ("./g", Ok("ws://a/b/c/g")),
        ("g/", Ok("ws://a/b/c/g/")),
        ("/g", Ok("ws://a/g")),
        ("//g", Ok("ws://g/")),
        ("?y", Ok("ws://a/b/c/d;p?y")),
        ("g?y", Ok("ws://a/b/c/g?y")),
        ("#s", Ok("ws://a/b/c/d;p?q")), // a fragment is dropped
        ("g#s", Ok("ws://a/b/c/g")),
        ("g?y#s", Ok("ws://a/b/c/g?y")),
        (";x", Ok("ws://a/b/c/;x")),
        ("g;x", Ok("ws://a/b/c/g;x")),
        ("g;x?y#s", Ok("ws://a/b/c/g;x?y")),
        ("", Ok("ws://a/b/c/d;p?q")),
        (".", Ok("ws://a/b/c/")),
        ("./", Ok("ws://a/b/c/")),
        ("..", Ok("ws://a/b/")),
        ("../", Ok("ws://a/b/")),
        ("../g", Ok("ws://a/b/g")),
        ("../..", Ok("ws://a/")),
        ("../../", Ok("ws://a/")),
        ("../../g", Ok("ws://a/g")),
        ("../../../g", Ok("ws://a/g")),
        ("../../../../g", Ok("ws://a/g")),
        ("/./g", Ok("ws://a/g")),
        ("/../g", Ok("ws://a/g")),
        ("g.", Ok("ws://a/b/c/g.")),
        (".g", Ok("ws://a/b/c/.g")),
        ("g..", Ok("ws://a/b/c/g..")),
        ("..g", Ok("ws://a/b/c/..g")),
        ("./../g", Ok("ws://a/b/g")),
        ("./g/.", Ok("ws://a/b/c/g/")),
        ("g/./h", Ok("ws://a/b/c/g/h")),
        ("g/../h", Ok("ws://a/b/c/h")),
        ("g;x=1/./y", Ok("ws://a/b/c/g;x=1/y")),
        ("g;x=1/../y", Ok("ws://a/b/c/y")),
        ("g?y/./x", Ok("ws://a/b/c/g?y/./x")),
        ("g?y/../x", Ok("ws://a/b/c/g?y/../x")),
        ("g#s/../x", Ok("ws://a/b/c/g")),
        ("http:g", Err(Scheme)), // strict, §5.4.2
    ] {
        let joined = base.join(reference).map(|uri| uri.to_string());
        assert_eq!(joined, expected.map(str::to_owned), "{reference:?}");
    }
}

#[test]
fn references_of_redirects_resolve_to_websocket_servers() {
    for (base, reference, expected) in [
        ("wss://h:81/a", "b", Ok("wss://h:81/b")),
        ("wss://h:81/a", "//i:82/b", Ok("wss://i:82/b")),
        ("wss://h/a", "//i?q", Ok("wss://i/?q")),
        ("ws://h/a", "http://i", Ok("ws://i/")),
        ("ws://h/a", "HTTPS://i:444/./b/../c#x", Ok("wss://i:444/c")),
        ("ws://h/a", "Wss://i", Ok("wss://i/")),
        ("ws://h", "?x", Ok("ws://h/?x")),
        ("ws://h", "x", Ok("ws://h/x")),
        ("ws://h/a?b/c", "x", Ok("ws://h/x")), // the query has no path
        ("ws://h/a/../b", "", Ok("ws://h/a/../b")),
        ("ws://h/", "/a//b/../c", Ok("ws://h/a//c")),
        ("ws://h/", "/a:b", Ok("ws://h/a:b")),
        ("ws://h/", "./a:b", Ok("ws://h/a:b")),
        ("ws://[fe80::1%25lo]:1/a", "/b", Ok("ws://[fe80::1%25lo]:1/b")),
        ("ws://h/", "a:b", Err(Scheme)),
        ("ws://h/", "ftp://h/", Err(Scheme)),
        ("ws://h/", "javascript:alert(1)", Err(Scheme)),
        ("ws://h/", "http:/h", Err(Scheme)),
        ("ws://h/", "//", Err(Host)),
        ("ws://h/", "///x", Err(Host)),
        ("ws://h/", "//u:p@i/", Err(UserInfo)), // nobody but the caller sets credentials
        ("ws://h/", "//i:0/", Err(Port)),
        ("ws://h/", "a b", Err(Path)),
        ("ws://h/", "/\u{e4}", Err(Path)),
        ("ws://h/", "\\\\evil/", Err(Path)),
        ("ws://h/", "/a\r\nX: y", Err(Path)),
    ] {
        let joined = Uri::parse(base).unwrap().join(reference).map(|uri| uri.to_string());
        assert_eq!(joined, expected.map(str::to_owned), "{base} {reference:?}");
    }
}

#[test]
fn uri_errors_have_distinct_messages() {
    let errors = [Scheme, Host, Port, UserInfo, Fragment, Path];
    let texts: std::collections::BTreeSet<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), errors.len());
    assert!(texts.iter().all(|text| text.is_ascii() && !text.ends_with('.')));
}
