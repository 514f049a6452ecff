//! Redaction: a recording hides header values that are not known to be harmless, subprotocols that
//! were not agreed on, and of URLs the user, the password, query values and the fragment, unless
//! the user asks for them. Paths and messages are not hidden.

/// Stands for what is hidden.
const HIDDEN: &str = "***";

/// Fields whose values tell nothing but how the peers speak HTTP. A field that is not here may be
/// an API key by another name.
const HARMLESS: [&str; 26] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "age",
    "allow",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "host",
    "keep-alive",
    "pragma",
    "proxy-connection",
    "retry-after",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-version",
    "server",
    "strict-transport-security",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "vary",
    "via",
];

/// The value of a header field as it may be shared. `agreed` is the subprotocol of the connection.
pub(crate) fn without_secrets(name: &str, value: &str, agreed: Option<&str>) -> String {
    let name = name.to_ascii_lowercase();
    match &*name {
        "location" | "origin" => url_without_secrets(value),
        // Browsers can set no field but this one, so tokens are sent in it.
        "sec-websocket-protocol" => {
            let names = value.split(',').map(str::trim);
            let names = names.map(|name| if Some(name) == agreed { name } else { HIDDEN });
            names.collect::<Vec<_>>().join(", ")
        }
        name if HARMLESS.contains(&name) => value.into(),
        _ => HIDDEN.into(),
    }
}

/// An absolute or relative URL as it may be shared. It need not be valid: a server has sent it.
pub(crate) fn url_without_secrets(url: &str) -> String {
    let (url, fragment) = split(url.trim(), '#');
    let (path, query) = split(url, '?');
    let mut shared = path.to_owned();
    let begin = authority(path);
    let end = path[begin..].find(SLASHES).map_or(path.len(), |len| begin + len);
    if let Some(user) = path[begin..end].rfind('@') {
        shared.replace_range(begin..=begin + user, "");
    }
    if let Some(query) = query {
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, _)) => format!("{name}={HIDDEN}"),
            None if pair.is_empty() => String::new(),
            // A name, or a value without one.
            None => HIDDEN.into(),
        });
        shared += &format!("?{}", pairs.collect::<Vec<_>>().join("&"));
    }
    if fragment.is_some() {
        shared += &format!("#{HIDDEN}");
    }
    shared
}

/// Slashes, as browsers read them.
const SLASHES: [char; 2] = ['/', '\\'];

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

/// Where the authority of a URL begins; a path is returned as one that has no user.
fn authority(path: &str) -> usize {
    let scheme = path.find(':').filter(|colon| !path[..*colon].contains(SLASHES));
    let begin = scheme.map_or(0, |colon| colon + 1);
    let slashes = path.len() - begin - path[begin..].trim_start_matches(SLASHES).len();
    if scheme.is_some() || slashes >= 2 { begin + slashes } else { path.len() }
}

#[cfg(test)]
mod tests {
    use super::url_without_secrets;

    #[test]
    fn user_query_values_and_fragment_of_a_url_are_hidden() {
        for (url, shared) in [
            ("wss://user:hunter2@a.example:1/p/q", "wss://a.example:1/p/q"),
            ("wss://u:a@b@a.example", "wss://a.example"),
            ("//user:hunter2@a.example/@b", "//a.example/@b"),
            ("https:\\\\user:hunter2@a.example\\p", "https:\\\\a.example\\p"),
            ("user:hunter2@a.example/", "user:a.example/"),
            ("/new@x?token=S&T&a=&&b=1=2#S", "/new@x?token=***&***&a=***&&b=***#***"),
            ("?S#", "?***#***"),
            ("/a:b@c", "/a:b@c"),
            ("", ""),
        ] {
            assert_eq!(url_without_secrets(url), shared, "{url}");
        }
    }
}
