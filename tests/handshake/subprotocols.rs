//! Subprotocols negotiated apart from a request: RFC 6455 §4.1 no. 10, §4.2.2 no. 5.5, §4.3.

use sansocket::{InvalidField, ResponseError, Subprotocols};

/// The lines of a field.
type Lines = &'static [&'static [u8]];

fn list(names: &[&str]) -> Subprotocols {
    names.iter().fold(Subprotocols::new(), |list, name| list.with(name).unwrap())
}

#[test]
fn offer_is_parsed_over_all_lines_or_is_malformed() {
    let cases: [(Lines, Option<&[&str]>); 12] = [
        (&[], Some(&[])), // no such field
        (&[b"a"], Some(&["a"])),
        (&[b"a, b"], Some(&["a", "b"])),
        (&[b"a,b\t,  c"], Some(&["a", "b", "c"])),
        (&[b"a", b"b, c"], Some(&["a", "b", "c"])),
        (&[b"a,, b,"], Some(&["a", "b"])), // RFC 9110 §5.6.1.2: empty elements are skipped
        (&[b"", b"a"], Some(&["a"])),
        (&[b""], None),
        (&[b" , "], None),
        (&[b"a b"], None),
        (&[b"a", b"\"b\""], None),
        (&[b"a, \xe9"], None),
    ];
    for (lines, expected) in cases {
        let parsed = Subprotocols::parse_all(lines.iter().copied());
        assert_eq!(parsed.as_deref(), expected, "{lines:?}");
    }
}

#[test]
fn answer_is_the_first_of_the_server_that_the_client_offers() {
    let server = list(&["v2", "v1"]);
    for (offered, expected) in [
        (&["v1", "v2"][..], Some("v2")),
        (&["v1"], Some("v1")),
        (&["v3", "v1", "v1"], Some("v1")),
        (&["V1", "v"], None), // compared in their case
        (&["v3"], None),
        (&[], None),
    ] {
        assert_eq!(server.answer(offered.iter().copied()), expected, "{offered:?}");
    }
    assert_eq!(Subprotocols::new().answer(["v1"]), None);
}

#[test]
fn answer_that_was_not_offered_fails_the_client() {
    let client = list(&["v1", "v2"]);
    let cases: [(Lines, Result<Option<&str>, ResponseError>); 9] = [
        (&[], Ok(None)),
        (&[b"v1"], Ok(Some("v1"))),
        (&[b" v2\t"], Ok(Some("v2"))),
        (&[b"v3"], Err(ResponseError::Subprotocol)),
        (&[b"V1"], Err(ResponseError::Subprotocol)),
        (&[b""], Err(ResponseError::Subprotocol)),
        (&[b"v1, v2"], Err(ResponseError::Subprotocol)),
        (&[b"v1", b"v1"], Err(ResponseError::Subprotocol)),
        (&[b"v\xff"], Err(ResponseError::Subprotocol)),
    ];
    for (lines, expected) in cases {
        assert_eq!(client.accept(lines.iter().copied()), expected, "{lines:?}");
    }
    // A client that offers none gets none.
    let none = Subprotocols::new();
    assert_eq!(none.accept([]), Ok(None));
    assert_eq!(none.accept([&b"v1"[..]]), Err(ResponseError::Subprotocol));
}

#[test]
fn list_has_distinct_tokens_in_the_order_of_preference() {
    assert_eq!(list(&["b", "a"]).offer().as_deref(), Some("b, a"));
    assert_eq!(Subprotocols::new().offer(), None);
    for (name, error) in [
        ("", InvalidField::Subprotocol),
        ("a b", InvalidField::Subprotocol),
        ("a,b", InvalidField::Subprotocol),
        ("\r\n", InvalidField::Subprotocol),
        ("a", InvalidField::DuplicateSubprotocol),
    ] {
        assert_eq!(list(&["a"]).with(name), Err(error), "{name:?}");
    }
}
