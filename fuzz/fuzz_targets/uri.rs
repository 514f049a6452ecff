//! An address, a line end, and a `Location` that is found there: no panic. What parses is displayed
//! as what parses to the same, and the request has no lines but its own.
#![no_main]

use bytes::Buf;
use libfuzzer_sys::fuzz_target;
use sansocket::{ClientHandshake, ClientRequest, Config, Entropy, Uri};

fn check(uri: &Uri) {
    let shown = uri.to_string();
    assert_eq!(shown.parse::<Uri>().as_ref(), Ok(uri), "{shown}");
    assert!(shown.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'));
    assert!(uri.host().bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(uri.port() != 0 && uri.resource_name().starts_with('/'));
}

fn check_request(request: &ClientRequest) {
    let entropy = Entropy::from_seed([7; 32]);
    let mut handshake = ClientHandshake::new(request, Config::new(), entropy);
    let head = std::str::from_utf8(handshake.output().chunk()).expect("ASCII");
    let lines: Vec<_> = head.split("\r\n").collect();
    // The start line, five fields, perhaps the credentials, and the empty line with its end.
    let has_credentials = lines.iter().any(|line| line.starts_with("Authorization: Basic "));
    assert_eq!(lines.len(), 8 + usize::from(has_credentials), "{head}");
}

fuzz_target!(|text: &str| {
    let (base, location) = text.split_once('\n').unwrap_or((text, ""));
    if let Ok(request) = ClientRequest::new(base) {
        check(request.uri());
        check_request(&request);
    }
    let Ok(base) = Uri::parse(base) else { return };
    if let Ok(uri) = base.join(location) {
        check(&uri);
        // Without dots in the path, what was resolved stays the same.
        let resolved = base.join(&uri.to_string()).expect("an address");
        assert_eq!(base.join(&resolved.to_string()), Ok(resolved));
    }
});
