//! What a proxy in front of the hub reports of its client, with `--forwarded`.

use std::net::IpAddr;

use axum::http::HeaderMap;

/// The last address of `X-Forwarded-For`, which is the one that the proxy has added: a client can
/// have sent those before it.
pub(crate) fn address(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

/// Whether the client is connected to the proxy over TLS.
pub(crate) fn is_secure(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https")
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(name: &'static str, values: &[&'static str]) -> HeaderMap {
        let values = values.iter().map(|value| (name, HeaderValue::from_static(value)));
        values.fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        })
    }

    #[test]
    fn address_is_the_one_that_the_proxy_has_added() {
        let rows: [(&[&str], _); 6] = [
            (&["192.0.2.1"], Some("192.0.2.1")),
            (&["10.0.0.1, 192.0.2.1"], Some("192.0.2.1")),
            (&["10.0.0.1", "2001:db8::1"], Some("2001:db8::1")),
            (&["192.0.2.1, unknown"], None),
            (&[""], None),
            (&[], None),
        ];
        for (values, expected) in rows {
            let expected = expected.map(|address| address.parse().unwrap());
            assert_eq!(address(&headers("x-forwarded-for", values)), expected, "{values:?}");
        }
    }

    #[test]
    fn tls_is_that_of_the_client_with_the_proxy() {
        assert!(is_secure(&headers("x-forwarded-proto", &["https"])));
        assert!(!is_secure(&headers("x-forwarded-proto", &["http"])));
        assert!(!is_secure(&HeaderMap::new()));
    }
}
