//! Any answer of a proxy: no panic; the same result and output at once, byte by byte and split at
//! random; an open tunnel starts where a slow model says. Any address, and any environment: no
//! panic, and what is shown of an address is that address.
//!
//! The first byte: bit 0 is SOCKS5, bit 1 a user name and a password, bit 2 only an address and a
//! list of `NO_PROXY`, separated by a newline.
#![no_main]

use bytes::{Buf, Bytes};
use libfuzzer_sys::fuzz_target;
use sansocket::proxy::{Proxies, Proxy, ProxyError, SocksError, Tunnel};
use sansocket::{Config, Uri};
use sansocket_fuzz::{head, text};
use support::Chunking;

type Asked = (Result<Bytes, ProxyError>, Vec<u8>);

fn ask(proxy: &Proxy, answer: &[u8], chunking: Chunking) -> Asked {
    let mut tunnel = Tunnel::new(proxy, "server.example", 443, &Config::new()).expect("a name");
    let (mut result, mut written) = (Ok(None), Vec::new());
    let mut chunks = chunking.split(answer).into_iter();
    while let Ok(None) = result {
        let len = tunnel.output().remaining();
        written.extend(tunnel.output().copy_to_bytes(len));
        let Some(chunk) = chunks.next() else { break };
        assert!(tunnel.wants_read());
        tunnel.received(chunk);
        result = tunnel.receive();
    }
    if let Ok(None) = result {
        tunnel.end_input();
        result = tunnel.receive();
    }
    let len = tunnel.output().remaining();
    written.extend(tunnel.output().copy_to_bytes(len));
    assert!(!tunnel.wants_read() && matches!(tunnel.receive(), Ok(None)), "no second result");
    let result = result.map(|first| first.expect("a result at the end of the stream"));
    let result =
        result.map(|first| chunks.fold(first.to_vec(), |all, chunk| [&all, chunk].concat()));
    (result.map(Bytes::from), written)
}

/// The length of the answer that opens a tunnel, by RFC 1928 §3, §6 and RFC 1929 §2.
fn socks5_answer(answer: &[u8], has_credentials: bool) -> Option<usize> {
    let methods = match answer.get(..2)? {
        [5, 0] => 2,
        [5, 2] if has_credentials && answer.get(2..4)? == [1, 0] => 4,
        _ => return None,
    };
    let reply = answer.get(methods..)?;
    if reply.get(..2)? != [5, 0] {
        return None;
    }
    let address = match reply.get(3)? {
        1 => 4,
        3 => 1 + usize::from(*reply.get(4)?),
        4 => 16,
        _ => return None,
    };
    (reply.len() >= 6 + address).then_some(methods + 6 + address)
}

/// The length of the HTTP heads that open a tunnel. Panics if they don't.
fn http_answer(answer: &[u8]) -> usize {
    let answer = &head::unfold(answer)[..];
    let mut start = 0;
    for _ in 0..=8 {
        let skipped = if answer[start..].starts_with(b"\r\n") { 2 } else { 0 };
        let head = head::parse(&answer[start + skipped..]);
        start += skipped + head.len;
        match head.start.as_bytes().get(9).expect("a status") {
            b'1' => {}
            status => {
                assert_eq!(*status, b'2');
                return start;
            }
        }
    }
    panic!("too many interim responses")
}

fn addresses(input: &[u8]) {
    let input = text(input);
    let (address, list) = input.split_once('\n').unwrap_or((&input, ""));
    if let Ok(proxy) = Proxy::parse(address) {
        let shown = proxy.to_string();
        let again = Proxy::parse(&shown).expect("what is shown is an address");
        assert_eq!((again.to_string(), again.host()), (shown, proxy.host()));
        assert_eq!(again.port(), proxy.port());
    }
    let _ = Proxies::from_vars(|name| match name {
        "all_proxy" => Some(address.to_owned()),
        "no_proxy" => Some(list.to_owned()),
        _ => None,
    });
    let proxies = Proxies::from(Proxy::parse("http://p").expect("an address")).no_proxy(list);
    for uri in ["ws://a.example:81/", "wss://192.0.2.1/", "ws://[2001:db8::1]/"] {
        let _ = proxies.for_uri(&Uri::parse(uri).expect("an address"));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, answer)) = bytes.split_first() else { return };
    if choice & 4 != 0 {
        return addresses(answer);
    }
    let (is_socks5, has_credentials) = (choice & 1 != 0, choice & 2 != 0);
    let scheme = if is_socks5 { "socks5h" } else { "http" };
    let userinfo = if has_credentials { "user:pass@" } else { "" };
    let proxy = Proxy::parse(&format!("{scheme}://{userinfo}proxy.example")).expect("an address");
    let whole = ask(&proxy, answer, Chunking::Whole);
    for chunking in [Chunking::Bytewise, Chunking::Random(answer.len() as u64)] {
        assert_eq!(ask(&proxy, answer, chunking), whole, "{chunking:?}");
    }
    let opened = socks5_answer(answer, has_credentials).filter(|_| is_socks5);
    match whole.0 {
        Ok(first) if is_socks5 => assert_eq!(first, answer[opened.expect("a valid answer")..]),
        Ok(first) => assert_eq!(first, answer[http_answer(answer)..]),
        Err(ProxyError::Refused(response)) => assert!(
            !is_socks5
                && !(200..=299).contains(&response.status())
                && response.body().len() <= 4096
                && response.headers().len() <= 100
        ),
        Err(ProxyError::Head(_)) => assert!(!is_socks5),
        Err(ProxyError::Socks(error)) => {
            assert!(is_socks5 && opened.is_none());
            let is_incomplete = answer.len() < 4 + 262 && error == SocksError::Incomplete;
            assert!(is_incomplete || error != SocksError::Incomplete);
        }
        Err(error) => panic!("{error}"),
    }
});
