//! Writes the seeds of every target: `cargo run --manifest-path fuzz/Cargo.toml --example seeds`.
//!
//! Few and small: one for each case that a mutation would take long to find. Inputs that a run
//! finds are not committed.

use std::fs;
use std::path::Path;

use sansocket_fuzz::ACCEPT;
use support::{masked, unmasked};

fn main() {
    frames();
    texts();
    heads();
    proxies();
    addresses();
    conversations();
    compressed();
}

fn write(target: &str, seeds: impl IntoIterator<Item = Vec<u8>>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    for (number, seed) in seeds.into_iter().enumerate() {
        fs::write(folder.join(format!("{number:02}")), seed).expect("a file");
    }
}

/// Valid and invalid bytes of a peer, by the function that encodes its frames.
fn streams(frame: fn(u8, &[u8]) -> Vec<u8>) -> Vec<Vec<u8>> {
    let streams: [&[(u8, &[u8])]; 14] = [
        &[(0x81, b"Hello"), (0x82, b"\xff"), (0x89, b"?"), (0x8a, b"!"), (0x88, b"\x03\xe8bye")],
        &[(0x01, "κό".as_bytes()), (0x89, b""), (0x00, b""), (0x80, "σμε".as_bytes())],
        &[(0x01, b"\xf0\x9f"), (0x00, b"\x98"), (0x80, b"\x80")],
        &[(0x02, b"x"), (0x80, &[7; 300])],
        &[(0x82, &[7; 1200]), (0x88, b"")],
        &[(0x89, &[1; 125]), (0x89, b"2"), (0x89, b"3")],
        &[(0x81, b"\xed\xa0\x80")],
        &[(0x01, b"\xc3"), (0x80, b"")],
        &[(0x80, b"nothing to continue")],
        &[(0x01, b"a"), (0x81, b"b")],
        &[(0x88, b"\x03")],
        &[(0x88, b"\x03\xf6")],
        &[(0x88, b"\x03\xee"), (0x81, b"late")],
        &[(0xc1, b"compressed"), (0x83, b"")],
    ];
    let mut streams: Vec<Vec<u8>> = streams
        .map(|stream| stream.iter().flat_map(|(first, payload)| frame(*first, payload)).collect())
        .into();
    // Lengths in long form, and too large.
    let mask = frame(0x82, b"")[1] & 0x80;
    for length in [125_u64, 65_535, 65_536, 1 << 40, (1 << 63) - 1, 1 << 63] {
        streams.push([&[0x82, mask | 127], &length.to_be_bytes()[..], &[0; 12]].concat());
    }
    streams.push(vec![0x82, mask | 126, 0, 125, 0, 0, 0, 0]);
    streams
}

fn frames() {
    let (to_server, to_client) = (streams(masked), streams(unmasked));
    write("header", to_server.iter().map(|stream| stream[..stream.len().min(14)].to_vec()));
    let with = |prefix: &[u8], streams: &[Vec<u8>]| -> Vec<Vec<u8>> {
        streams.iter().map(|stream| [prefix, stream].concat()).collect()
    };
    // The first byte chooses limits and options: see `config`.
    for (target, streams) in [("receive_server", &to_server), ("receive_client", &to_client)] {
        write(
            target,
            with(&[0], streams)
                .into_iter()
                .chain([1, 2, 3, 4, 8].iter().flat_map(|choice| with(&[*choice], &streams[..3]))),
        );
    }
    let cuts = [0x90, 0, 7, 1, 3, 2, 9];
    write(
        "chunking",
        [with(&cuts, &to_server[..8]), with(&[0x10, 1, 1, 5, 5, 5, 5], &to_client[..8])].concat(),
    );
    let exchanged = [2, 3]
        .map(|choice| [&[choice, 0, 0, 5][..], b"Hello\x02\0\x03abc\x01\x02\xff\x03\0\0"].concat());
    write(
        "differential",
        with(&[0], &to_server[..13]).into_iter().chain(with(&[1], &to_client)).chain(exchanged),
    );
    // Bits 2 to 4 of the first byte are the number of cuts; in an exchange, the second byte chooses
    // the compression.
    let cuts = [3, 1, 2, 9];
    let received = [
        with(&[0], &to_server),
        with(&[1], &to_client),
        with(&[&[0x11], &cuts[..]].concat(), &to_client[..14]),
    ];
    let said = [
        &b"\x10\0\x05Hello\x42\0\x06abcdef\x34\0\x09"[..],
        "κόσμ".as_bytes(),
        b"!\x8e\0\x02??\x0e\0\x01!\x03\x04\0\x91\x01\0",
    ];
    let exchanged = [0x02, 0x03]
        .into_iter()
        .flat_map(|role| [0, 0x80, 0xb4, 0x89, 0xff].map(|agreed| [role, agreed]));
    let exchanged = exchanged.map(|prefix| [&prefix[..], &said.concat()].concat());
    // Codes on either side of each limit.
    let codes = [999_u16, 1000, 1003, 1004, 1006, 1007, 1015, 1016, 2999, 3000, 4999, 5000];
    let codes = codes.map(|code| [&[1], &unmasked(0x88, &code.to_be_bytes())[..]].concat());
    write("differential_wsproto", received.concat().into_iter().chain(codes).chain(exchanged));
}

fn texts() {
    let masks: [&[u8]; 3] = [
        b"",
        b"a text that is longer than any register is wide, and then some more of it",
        &[0; 9],
    ];
    let offsets = [0_u64, 3, u64::from(u32::MAX), u64::MAX];
    write(
        "mask",
        masks.iter().flat_map(|data| {
            offsets.map(|offset| {
                [&[0x37, 0xfa, 0x21, 0x3d], &offset.to_be_bytes()[..], &[3, 5, 0, 7], data].concat()
            })
        }),
    );
    let texts: [&[u8]; 12] = [
        b"plain letters, more of them than a register is wide, so that fast paths have something to do",
        "\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}".as_bytes(),
        "κόσμε, 世界, 👋🏽 — Straße".as_bytes(),
        b"\xc0\x80",
        b"a\xc1\xbf",
        b"\xe0\x9f\xbf",
        b"\xed\xa0\x80",
        b"\xf0\x8f\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"ab\x80",
        b"\xe4\xb8",
        b"\xf0\x9f\x98",
    ];
    write(
        "utf8",
        texts.into_iter().flat_map(|text| [[&[0], text].concat(), [&[3, 1, 1, 2], text].concat()]),
    );
}

const REQUEST: &str = "GET /chat?a=1 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

fn addresses() {
    let addresses = [
        "ws://h/a/b?q\n../c;x=1/./d?y#z",
        "wss://user:p%40ss@h:81/\n//i:82",
        "ws://[fe80::1%25lo]:81?q\n?x",
        "WSS://[::ffff:127.0.0.1]\nhttps://h/a/../..",
        "ws://xn--exmple-cua.com/\nHTTP://h",
    ];
    write("uri", addresses.map(|text| text.as_bytes().to_vec()));
}

fn heads() {
    let frames = String::from_utf8(masked(0x81, b"")).unwrap_or_default();
    let lines = [
        "",
        "Sec-WebSocket-Protocol: c, a\r\nSec-WebSocket-Protocol: b\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x; y=\"z\\z\"; w = 1\r\n",
        "Origin: https://a\r\n",
        "Origin: https://a:443\r\nContent-Length: 0\r\n",
        "Transfer-Encoding: chunked\r\n",
        "X: \u{ff}\r\nX: y\r\n folded\r\n",
        "X : y\r\n",
        "Content-Length: 5\r\n",
    ];
    let requests = lines.iter().map(|lines| format!("{REQUEST}{lines}\r\n{frames}"));
    let changed = [
        ("GET", "HEAD"),
        ("GET /chat?a=1", "OPTIONS *"),
        ("/chat?a=1", "http://a:80/b?c"),
        ("HTTP/1.1", "HTTP/1.0"),
        ("13", "8"),
        ("websocket", "h2c"),
        ("Host: a", "Host: [::1]:80"),
        ("GET", "\r\nGET"),
        ("\r\n", "\n"),
    ]
    .map(|(old, new)| format!("{}\r\n", REQUEST.replacen(old, new, 1)));
    let with_frames = [
        &format!("{REQUEST}\r\n").into_bytes()[..],
        &masked(0x81, b"Hello"),
        &masked(0x88, b"\x03\xe8"),
    ]
    .concat();
    write("server_handshake", requests.chain(changed).map(String::into_bytes).chain([with_frames]));

    let opening = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {}\r\n",
        *ACCEPT
    );
    let answers = [
        format!("{opening}\r\n"),
        format!("{opening}Sec-WebSocket-Protocol: a\r\n\r\n"),
        format!("{opening}Sec-WebSocket-Protocol: c\r\n\r\n"),
        format!("{opening}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"),
        format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n{opening}\r\n"),
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno".into(),
        "HTTP/1.1 302 Found\r\nLocation: /\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n".into(),
        "HTTP/1.0 200 OK\r\n\r\nuntil the end".into(),
        opening.replace("101", "1o1") + "\r\n",
        opening.replace("Upgrade: websocket", "Upgrade: websocket, h2c") + "\r\n",
    ];
    let with_frames = [
        format!("{opening}\r\n").as_bytes(),
        &unmasked(0x81, b"Hello"),
        &unmasked(0x88, b"\x03\xe8"),
    ]
    .concat();
    write("client_handshake", answers.into_iter().map(String::into_bytes).chain([with_frames]));
}

/// A byte for the protocol, and an answer or an address: see the target.
fn proxies() {
    let open = [0_u8, 1, 3, 4].map(|kind| {
        let address = match kind {
            1 => vec![0; 4],
            3 => b"\x09localhost".to_vec(),
            4 => vec![0; 16],
            _ => vec![],
        };
        [&[5, 0, 0, kind], &address[..], b"\x1f\x90\x16\x03\x03"].concat()
    });
    let replies = [1_u8, 8, 9].map(|code| vec![5, code, 0, 1, 0, 0, 0, 0, 0, 0]);
    let socks5 = open.iter().chain(&replies).flat_map(|reply| {
        [[b"\x01\x05\0", &reply[..]].concat(), [b"\x03\x05\x02\x01\0", &reply[..]].concat()]
    });
    let failures = [&b"\x01\x05\xff"[..], b"\x03\x05\x02\x01\x01", b"\x01HTTP/1.1 400 No\r\n"];
    let http = [
        &b"\x00HTTP/1.1 200 Connection established\r\n\r\n\x16\x03\x03"[..],
        b"\x02HTTP/1.0 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nx",
        b"\x00HTTP/1.1 100 Continue\r\n\r\n\r\nHTTP/1.1 299 \r\nX: y\r\n\r\n",
        b"\x02HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno",
        b"\x00HTTP/1.1 502 x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
        b"\x00\x15\x03\x01",
    ];
    let addresses = [
        &b"\x04http://user:p%40ss@[::1]:3128/\n*.a.example:81, 192.0.2.0/24 2001:db8::/32,[::1]:80"
            [..],
        b"\x04socks5h://u:p@h\n*",
        b"\x04h:1\n.example",
    ];
    let others = failures.iter().chain(&http).chain(&addresses).map(|seed| seed.to_vec());
    write("proxy", socks5.chain(others));
}

/// Commands of the target: a byte for the action, and its arguments.
fn conversations() {
    write(
        "roundtrip",
        [
            b"\x01\x80\x05Hello\x81\x03\xff\xfe\xfd\x00\x05Salut\x83\x02??\x07\x02!!".to_vec(),
            b"\x00\xc1\x10\x01\x41\xff\xff\xc0\x00\x7e".to_vec(),
            [&b"\x07\x86\x0f"[..], "κόσμε, 世".as_bytes(), b"\x01\x82\x04abcd\x00"].concat(),
        ],
    );
    write(
        "conversation",
        [
            // Messages each way, written and read.
            b"\0\0\x05Hello\x80\x01\x05Salut\x03\0\x83\0\x04\xff\x84\xff".to_vec(),
            // A ping, read byte by byte; time; a pong.
            b"\0\x03\x02??\x03\0\x04\x01\x04\x01\x84\xff\x07\xff\x07\xff\x83\0\x04\xff".to_vec(),
            // Fragments, and a Close frame from the other side in between.
            b"\0\x02\x03abc\x80\x15\x03bye\x83\0\0\x12\x02de\x05\xff\x03\0\x84\xff".to_vec(),
            // A large message, whose end the wire loses.
            b"\0\x21\x1f\x03\0\x7e\x64\x84\xff\x07\xff\x87\xff\x07\xff\x87\xff".to_vec(),
            // Both close, and nothing is received for long.
            b"\0\x15\x01a\x80\x15\x01b\x02\x01\x82\x01\x07\xff\x87\xff\x04\xff\x84\xff".to_vec(),
        ],
    );
}

/// A byte for the test, one or two for options, and its arguments: see the target.
fn compressed() {
    const LARGEST: u8 = 0x3a;
    const ANEW: u8 = 0xfa;
    let streams: [&[u8]; 9] = [
        b"\xf2\x48\xcd\xc9\xc9\x07\x00",
        b"\x00\x05\x00\xfa\xffHello\x00",
        b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
        b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
        b"\x00\x00\x00\xff\xff\x00",
        // A repetition of 258 bytes; a truncated header of a dynamic block; the reserved block
        // type; a distance too far.
        b"\x62\x60\x18\x05\xa3\x60\x14\x8c\x82\x51\x30\x0a\x00",
        b"\x04\xc0\x81\x08\x00\x00\x00\x00\x20\x7f\xeb",
        b"\x07",
        b"\x02\x02\x00\x00",
    ];
    let inflated = streams.iter().map(|stream| [&[0, LARGEST, 1, 0, 2, 0, 3, 1], *stream].concat());
    let parameters: [&[u8]; 6] =
        [b"", b"\x00\x01", b"\x42\x09\x43\x0f", b"\x03", b"\x42\x07", b"\xe308\x04\x00\x00"];
    let agreed = parameters.iter().flat_map(|names| {
        [[&[1, LARGEST, 0x0a], *names].concat(), [&[1, ANEW, 0x4b], *names].concat()]
    });
    let sent: &[u8] =
        b"\x00\x05\xffHello\x00\x05\xffHello\x3f\x0b\x04hello hello\x10\x00\x00\x0f\x01\xff!";
    let sent = [LARGEST, ANEW, 0x00, 0x3f].map(|settings| [&[2, settings], sent].concat());
    let frames: [&[u8]; 6] = [
        b"\x70\xf2\x48\xcd\xc9\xc9\x07\x00\x50\xf2\x00\x11\x00\x00\x2b\x03\xe8",
        b"\x32\xf2\x48\xcd\x29?!\x45\xc9\xc9\x07\x00\x57\xf2\x00\x11\x00\x00",
        b"\xd1\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00\x10\x00",
        b"\x62\x00\x02\x00\xfd\xff\xce\x25\xba\x00\x80\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
        b"\x61\x62\x60\x18\x05\xa3\x60\x24\xa3\x14\x05\x10\x07",
        b"\x50Hello\xff\xc9\x80\0\0\0\0\0\0",
    ];
    let received = [0x00, 0x81, 0xa1, 0x92]
        .into_iter()
        .zip([LARGEST, ANEW].into_iter().cycle())
        .flat_map(|(choice, settings)| {
            let sizes = [9, 1, 3, 0, 5, 2, 7];
            frames.map(|frames| {
                [&[3, settings, choice], &sizes[..usize::from(choice >> 4 & 7)], frames].concat()
            })
        });
    write("deflate", inflated.chain(agreed).chain(sent).chain(received));
}
