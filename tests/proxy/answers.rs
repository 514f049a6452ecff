//! A proxy's answers, in every split.

use std::iter;

use bytes::{Buf, Bytes};
use sansocket::Config;
use sansocket::proxy::{Proxy, ProxyError, Tunnel};
use support::Chunking;

/// The result of a tunnel, and what was written to the proxy.
pub struct Asked {
    pub result: Result<Bytes, ProxyError>,
    pub written: Vec<u8>,
    /// How many bytes of the answer were needed.
    pub needed: usize,
}

/// A tunnel to `server.example:443`.
pub fn tunnel(proxy: &str) -> Tunnel {
    to("server.example", 443, proxy)
}

pub fn to(host: &str, port: u16, proxy: &str) -> Tunnel {
    Tunnel::new(&Proxy::parse(proxy).unwrap(), host, port, &Config::new()).unwrap()
}

/// Takes all output.
pub fn written(tunnel: &mut Tunnel) -> Vec<u8> {
    let len = tunnel.output().remaining();
    tunnel.output().copy_to_bytes(len).to_vec()
}

/// Asks a proxy that answers this. What is left of the answer follows the tunnel's first bytes.
/// `None` if the answer is incomplete and the stream does not end.
pub fn ask(mut tunnel: Tunnel, answer: &[u8], ends: bool, chunking: Chunking) -> Option<Asked> {
    let mut sent = written(&mut tunnel);
    let (mut received, mut result) = (0, Ok(None));
    let mut chunks = chunking.split(answer).into_iter();
    while matches!(result, Ok(None)) {
        let Some(chunk) = chunks.next() else { break };
        assert!(tunnel.wants_read());
        tunnel.received(chunk);
        received += chunk.len();
        result = tunnel.receive();
        sent.extend(written(&mut tunnel));
    }
    if ends && matches!(result, Ok(None)) {
        tunnel.end_input();
        assert!(!tunnel.wants_read());
        result = tunnel.receive();
    }
    let result = result.transpose()?;
    assert!(!tunnel.wants_read() && !tunnel.wants_write());
    tunnel.received(b"HTTP/1.1 200 OK\r\n\r\n\x05\0");
    assert_eq!(tunnel.receive(), Ok(None), "no second result");
    let result =
        result.map(|first| chunks.fold(first.to_vec(), |all, chunk| [&all, chunk].concat()));
    Some(Asked { result: result.map(Bytes::from), written: sent, needed: received })
}

/// As [`ask`], with the same result in every split of the answer. `needed` is of the split byte by
/// byte.
pub fn ask_in_every_split(tunnel: impl Fn() -> Tunnel, answer: &[u8], ends: bool) -> Asked {
    let bytewise = ask(tunnel(), answer, ends, Chunking::Bytewise);
    let bytewise = bytewise.unwrap_or_else(|| panic!("{} waits", answer.escape_ascii()));
    let splits = (0..answer.len().min(600)).map(Chunking::At);
    for chunking in iter::once(Chunking::Whole).chain(splits).chain((0..20).map(Chunking::Random)) {
        let other = ask(tunnel(), answer, ends, chunking).expect("the same answer");
        assert_eq!(other.result, bytewise.result, "{} {chunking:?}", answer.escape_ascii());
        assert_eq!(other.written, bytewise.written, "{} {chunking:?}", answer.escape_ascii());
    }
    bytewise
}
