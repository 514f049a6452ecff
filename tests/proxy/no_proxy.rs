//! Hosts that no proxy is used for: the table of `NO_PROXY`.

use sansocket::Uri;
use sansocket::proxy::{Proxies, Proxy};

/// A list, addresses that it has, and addresses that it has not.
const LISTS: &[(&str, &[&str], &[&str])] = &[
    ("", &[], &["ws://a/", "ws://127.0.0.1/"]),
    ("*", &["ws://a/", "wss://a.b:9/", "ws://127.0.0.1/", "ws://[::1]/"], &[]),
    ("a,*", &["ws://b/"], &[]),
    ("*:80", &["ws://a/", "ws://[::1]/"], &["wss://a/"]),
    (
        "a.b",
        &["ws://a.b/", "ws://A.B/", "ws://a.b./", "ws://x.a.b/", "wss://x.y.a.b:9/"],
        &["ws://xa.b/", "ws://b/", "ws://a/", "ws://a.b.c/"],
    ),
    (".a.b", &["ws://a.b/", "ws://x.a.b/", "ws://x.A.b./"], &["ws://xa.b/", "ws://b/"]),
    ("*.a.b", &["ws://a.b/", "ws://x.a.b/"], &["ws://xa.b/", "ws://b/"]),
    ("a.b.", &["ws://a.b/", "ws://x.a.b./"], &["ws://b/"]),
    ("a.b:9001", &["ws://a.b:9001/", "ws://x.a.b:9001/"], &["ws://a.b/", "wss://a.b/"]),
    (".a.b:443", &["wss://x.a.b/"], &["ws://x.a.b/"]),
    ("a,b c\td\n,,e", &["ws://a/", "ws://b/", "ws://c/", "ws://d/", "ws://e/"], &["ws://f/"]),
    (
        "192.0.2.1",
        &["ws://192.0.2.1/", "wss://192.0.2.1:9/"],
        &["ws://192.0.2.10/", "ws://1.192.0.2.1/", "ws://x.192.0.2.1/"],
    ),
    ("192.0.2.1:9", &["ws://192.0.2.1:9/"], &["ws://192.0.2.1/"]),
    ("0.2.1", &["ws://0.2.1/", "ws://x.0.2.1/"], &["ws://192.0.2.1/"]), // a name, no address
    (
        "192.0.2.0/24",
        &["ws://192.0.2.0/", "ws://192.0.2.255/"],
        &["ws://192.0.3.0/", "ws://192.0.1.255/", "ws://a/"],
    ),
    ("192.0.2.77/25", &["ws://192.0.2.127/"], &["ws://192.0.2.128/"]),
    ("192.0.2.1/32", &["ws://192.0.2.1/"], &["ws://192.0.2.0/"]),
    ("0.0.0.0/0", &["ws://192.0.2.1/"], &["ws://[::1]/", "ws://a/"]),
    ("192.0.2.0/33", &[], &["ws://192.0.2.0/"]),
    ("192.0.2.0/x", &[], &["ws://192.0.2.0/"]),
    ("192.0.2.0/24:80", &[], &["ws://192.0.2.0/"]),
    ("a/24", &[], &["ws://a/"]),
    ("2001:db8::1", &["ws://[2001:db8::1]/", "ws://[2001:DB8:0::1]:9/"], &["ws://[2001:db8::2]/"]),
    ("[2001:db8::1]", &["ws://[2001:db8::1]/"], &["ws://[2001:db8::2]/"]),
    ("[2001:db8::1]:80", &["ws://[2001:db8::1]/"], &["wss://[2001:db8::1]/"]),
    ("2001:db8::/32", &["ws://[2001:db8:ffff::]/"], &["ws://[2001:db9::]/", "ws://192.0.2.1/"]),
    ("::1/128", &["ws://[::1]/"], &["ws://[::]/"]),
    ("::/0", &["ws://[2001:db8::1]/"], &["ws://192.0.2.1/"]),
    ("::/129", &[], &["ws://[::1]/"]),
    // Names are not resolved, and loopback has no rule of its own.
    ("localhost", &["ws://localhost/", "ws://a.localhost/"], &["ws://127.0.0.1/"]),
    ("127.0.0.0/8", &["ws://127.0.0.1/"], &["ws://localhost/", "ws://127.1/"]),
    // Entries that are none are ignored.
    (".,*.,:80,a:x,a:65536,[a],[::1,a:-1", &[], &["ws://a/", "ws://[::1]/"]),
    ("a*b", &[], &["ws://axb/"]),
];

#[test]
fn lists_of_hosts_without_a_proxy() {
    for (list, inside, outside) in LISTS {
        let proxies = Proxies::from(Proxy::parse("http://p").unwrap()).no_proxy(list);
        let has_proxy = |uri: &str| proxies.for_uri(&Uri::parse(uri).unwrap()).is_some();
        for uri in *inside {
            assert!(!has_proxy(uri), "{list:?} has {uri}");
        }
        for uri in *outside {
            assert!(has_proxy(uri), "{list:?} has not {uri}");
        }
    }
}
