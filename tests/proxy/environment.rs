//! Environment variables: curl's rules, in the order of RFC 6455 §4.1.

use sansocket::Uri;
use sansocket::proxy::{InvalidProxy, Proxies, Proxy};

/// The proxies of this environment.
fn proxies(vars: &[(&str, &str)]) -> Proxies {
    Proxies::from_vars(|name| value(vars, name)).unwrap()
}

fn value(vars: &[(&str, &str)], name: &str) -> Option<String> {
    vars.iter().find(|var| var.0 == name).map(|var| var.1.to_owned())
}

/// The host of the proxy for this address, or nothing.
fn host(proxies: &Proxies, uri: &str) -> String {
    let uri = Uri::parse(uri).unwrap();
    proxies.for_uri(&uri).map_or_else(String::new, |proxy| proxy.host().to_owned())
}

#[test]
fn order_of_the_variables() {
    let (http, https) = (("http_proxy", "http.p"), ("https_proxy", "https.p"));
    let all = ("all_proxy", "all.p");
    let socks5 = ("all_proxy", "socks5h://socks.p");
    for (vars, ws, wss) in [
        (&[][..], "", ""),
        (&[http], "http.p", ""),
        (&[https], "https.p", "https.p"),
        (&[all], "all.p", "all.p"),
        (&[http, all], "http.p", "all.p"),
        (&[https, all], "https.p", "https.p"),
        (&[http, https], "https.p", "https.p"),
        (&[http, https, all], "https.p", "https.p"),
        // §4.1: "encouraged to use a SOCKS5 proxy for WebSocket connections, if available"
        (&[http, socks5], "socks.p", "socks.p"),
        (&[http, https, socks5], "socks.p", "socks.p"),
        (&[https, ("http_proxy", "socks5://s.p")], "s.p", "https.p"),
        (&[http, ("https_proxy", "socks5://s.p"), socks5], "s.p", "s.p"),
        // Chosen for WebSocket.
        (&[http, https, socks5, ("ws_proxy", "ws.p")], "ws.p", "socks.p"),
        (&[http, https, socks5, ("wss_proxy", "wss.p")], "socks.p", "wss.p"),
        (&[("WS_PROXY", "ws.p"), ("WSS_PROXY", "wss.p")], "ws.p", "wss.p"),
        // Upper case, after lower case, but not for HTTP: a CGI server sets HTTP_PROXY.
        (&[("HTTP_PROXY", "attacker.p")], "", ""),
        (&[("HTTP_PROXY", "attacker.p"), http], "http.p", ""),
        (&[("HTTPS_PROXY", "upper.p")], "upper.p", "upper.p"),
        (&[("HTTPS_PROXY", "upper.p"), https], "https.p", "https.p"),
        (&[("ALL_PROXY", "upper.p")], "upper.p", "upper.p"),
        (&[("ALL_PROXY", "upper.p"), all], "all.p", "all.p"),
        // curl: nothing, in a variable, is no variable.
        (&[("https_proxy", ""), ("HTTPS_PROXY", "upper.p")], "upper.p", "upper.p"),
        (&[("https_proxy", " "), http], "http.p", ""),
        (&[("https_proxy", " https.p\n")], "https.p", "https.p"),
    ] {
        let proxies = proxies(vars);
        let chosen = (host(&proxies, "ws://h/"), host(&proxies, "wss://h/"));
        assert_eq!((chosen.0.as_str(), chosen.1.as_str()), (ws, wss), "{vars:?}");
    }
}

#[test]
fn invalid_variable_is_an_error_that_names_it() {
    for name in [
        "ws_proxy",
        "WS_PROXY",
        "wss_proxy",
        "WSS_PROXY",
        "http_proxy",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        let error = Proxies::from_vars(|var| value(&[(name, "socks4://h")], var)).unwrap_err();
        assert_eq!((error.name(), error.error()), (name, InvalidProxy::Scheme));
        assert!(error.to_string().starts_with(&format!("the environment variable {name}: ")));
    }
    assert!(Proxies::from_vars(|var| value(&[("HTTP_PROXY", "socks4://h")], var)).is_ok());
}

#[test]
fn no_proxy_is_lower_case_first() {
    let https = ("https_proxy", "p");
    for (vars, skipped) in [
        (&[https, ("no_proxy", "a")][..], "a"),
        (&[https, ("NO_PROXY", "a")], "a"),
        (&[https, ("no_proxy", "a"), ("NO_PROXY", "b")], "a"),
        (&[https, ("no_proxy", ""), ("NO_PROXY", "b")], "b"),
    ] {
        let proxies = proxies(vars);
        for name in ["a", "b"] {
            let expected = if name == skipped { "" } else { "p" };
            assert_eq!(host(&proxies, &format!("wss://{name}/")), expected, "{vars:?}");
        }
    }
}

#[test]
fn one_proxy_is_for_all_servers_but_those_of_its_list() {
    let proxies = Proxies::from(Proxy::parse("http://p").unwrap());
    assert_eq!((host(&proxies, "ws://a/"), host(&proxies, "wss://b/")), ("p".into(), "p".into()));
    let proxies = proxies.no_proxy("a:80, b");
    assert_eq!(
        (host(&proxies, "ws://a/"), host(&proxies, "wss://a/")),
        (String::new(), "p".into())
    );
    assert_eq!(
        (host(&proxies, "wss://b/"), host(&proxies, "wss://c/")),
        (String::new(), "p".into())
    );
    assert_eq!(host(&Proxies::default(), "wss://a/"), "");
}

/// The test runs itself again, in a process with an environment of its own.
#[cfg(feature = "std")]
#[test]
fn from_env_reads_the_environment_of_the_process() {
    if std::env::var_os("IN_CHILD").is_some() {
        let proxies = Proxies::from_env().unwrap();
        assert_eq!(host(&proxies, "wss://h/"), "upper.p");
        assert_eq!(host(&proxies, "wss://skipped/"), "");
        return;
    }
    let name = "environment::from_env_reads_the_environment_of_the_process";
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let child = child.args(["--exact", name]).env_clear().env("IN_CHILD", "1");
    let child = child.env("HTTPS_PROXY", "http://upper.p").env("no_proxy", "skipped");
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}
