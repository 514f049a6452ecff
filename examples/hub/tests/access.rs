//! Access to the rooms: hosts, origins, tokens, queries; and the header fields for browsers.

use sansocket_hub::Settings;

use crate::run::{Hub, hub, hub_with};

const CHAT: &str = "/rooms/chat?client=c&name=n";
const TOKEN: &str = "a-token-of-more-than-16";

fn status(response: &str) -> u16 {
    response.split(' ').nth(1).unwrap().parse().unwrap()
}

async fn get(hub: &Hub, target: &str, lines: &str) -> String {
    hub.http(&format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n")).await
}

async fn login(hub: &Hub, token: &str) -> String {
    login_with(hub, token, "").await
}

async fn login_with(hub: &Hub, token: &str, lines: &str) -> String {
    hub.http(&format!(
        "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n{lines}\
         Content-Length: {}\r\n\r\n{token}",
        token.len()
    ))
    .await
}

#[tokio::test]
async fn page_of_another_server_is_403_and_another_host_421() {
    let origins = vec!["https://www.example.com".into()];
    let hosts = vec!["http://hub.example:9001".into()];
    let hub = hub_with(Settings { origins, hosts, ..Settings::new() }).await;
    let cases = [
        ("localhost:9001", "", 101),
        ("localhost:9001", "Origin: http://localhost:9001\r\n", 101),
        ("localhost:9001", "Origin: https://www.example.com\r\n", 101),
        ("hub.example:9001", "Origin: http://hub.example:9001\r\n", 101),
        ("localhost:9001", "Origin: https://evil.example\r\n", 403),
        ("localhost:9001", "Origin: null\r\n", 403),
        ("evil.example:9001", "Origin: http://evil.example:9001\r\n", 421),
    ];
    for (host, lines, expected) in cases {
        for room in [CHAT, "/rooms/prices?client=c", "/rooms/document?client=c&name=n"] {
            let response = hub.upgrade(room, host, lines).await;
            assert_eq!(status(&response), expected, "{host} {lines}: {response}");
        }
    }
}

#[tokio::test]
async fn token_is_needed_as_bearer_or_cookie() {
    let hub = hub_with(Settings { token: Some(TOKEN.into()), ..Settings::new() }).await;
    let cases = [
        (String::new(), 401),
        ("Authorization: Bearer another-token-of-16\r\n".into(), 401),
        (format!("Authorization: Basic {TOKEN}\r\n"), 401),
        (format!("Authorization: Bearer {TOKEN}\r\n"), 101),
        (format!("Authorization: bearer {TOKEN}\r\n"), 101),
        (format!("Cookie: other={TOKEN}\r\n"), 401),
        (format!("Cookie: other=1; hub_token={TOKEN}\r\n"), 101),
        (format!("Cookie: hub_token={TOKEN}x\r\n"), 401),
    ];
    for (lines, expected) in cases {
        for room in [CHAT, "/rooms/prices?client=c", "/rooms/document?client=c&name=n"] {
            assert_eq!(status(&hub.upgrade(room, "localhost", &lines).await), expected, "{lines}");
        }
    }
    // The page, which asks for the token, needs none.
    assert_eq!(status(&get(&hub, "/", "").await), 200);
}

#[tokio::test]
async fn login_sets_a_cookie_that_scripts_and_other_sites_do_not_get() {
    let hub = hub_with(Settings { token: Some(TOKEN.into()), ..Settings::new() }).await;
    assert_eq!(status(&get(&hub, "/login", "").await), 401);
    let wrong = login(&hub, "another-token-of-16").await;
    assert_eq!(status(&wrong), 401);
    assert!(!wrong.contains("set-cookie"), "{wrong}");
    let right = login(&hub, TOKEN).await;
    assert_eq!(status(&right), 204);
    let cookie = format!("set-cookie: hub_token={TOKEN}; Path=/; HttpOnly; SameSite=Strict\r\n");
    assert!(right.contains(&cookie), "{right}");
    let cookie = format!("Cookie: hub_token={TOKEN}\r\n");
    assert_eq!(status(&get(&hub, "/login", &cookie).await), 204);
}

#[tokio::test]
async fn cookie_is_secure_if_a_proxy_reports_tls() {
    for (forwarded, scheme, is_secure) in
        [(true, "https", true), (true, "http", false), (false, "https", false)]
    {
        let settings = Settings { token: Some(TOKEN.into()), forwarded, ..Settings::new() };
        let hub = hub_with(settings).await;
        let scheme = format!("X-Forwarded-Proto: {scheme}\r\n");
        let response = login_with(&hub, TOKEN, &scheme).await;
        assert_eq!(response.contains("; SameSite=Strict; Secure\r\n"), is_secure, "{response}");
    }
}

#[tokio::test]
async fn login_without_a_token_is_not_needed() {
    let hub = hub().await;
    assert_eq!(status(&get(&hub, "/login", "").await), 204);
    let response = login(&hub, "anything").await;
    assert!(status(&response) == 204 && !response.contains("set-cookie"), "{response}");
}

#[tokio::test]
async fn bad_query_is_400_and_the_text_names_the_remedy() {
    let hub = hub().await;
    let (long, name) = ("c".repeat(65), "n".repeat(33));
    let cases = [
        ("chat?name=n".to_owned(), "client is"),
        ("chat?client=&name=n".into(), "client is"),
        ("chat?client=a%20b&name=n".into(), "client is"),
        (format!("chat?client={long}&name=n"), "client is"),
        ("chat?client=c".into(), "name is"),
        ("document?client=c".into(), "name is"),
        (format!("chat?client=c&name={name}"), "name is"),
        ("chat?client=c&name=a%0Ab".into(), "name is"),
        ("chat?client=c&name=%20".into(), "name is"),
        ("prices?client=c&name=a%00b".into(), "name is"),
        // U+202E turns the direction, U+2028 separates lines, U+200B has no width.
        ("chat?client=c&name=%E2%80%AEyranoitciD".into(), "name is"),
        ("chat?client=c&name=a%E2%80%A8b".into(), "name is"),
        ("chat?client=c&name=a%E2%80%8Bb".into(), "name is"),
        // Nothing to see: U+3164, U+2800, U+200D, and an accent without a letter.
        ("chat?client=c&name=%E3%85%A4".into(), "name is"),
        ("chat?client=c&name=%E2%A0%80".into(), "name is"),
        ("chat?client=c&name=%E2%80%8D".into(), "name is"),
        ("chat?client=c&name=%CC%81".into(), "name is"),
        ("chat?client=c&name=n&since=-1".into(), "since is"),
        ("chat?client=c&name=n&since=x".into(), "since is"),
        ("chat?client=c&client=d&name=n".into(), "the query is"),
        ("prices".into(), "client is"),
    ];
    for (target, remedy) in cases {
        let response = hub.upgrade(&format!("/rooms/{target}"), "localhost", "").await;
        assert!(status(&response) == 400 && response.contains(remedy), "{target}: {response}");
    }
    let longest = format!("/rooms/chat?client={}&name={}", "c".repeat(64), "%C3%A9".repeat(32));
    assert_eq!(status(&hub.upgrade(&longest, "localhost", "").await), 101);
    // An astronaut, and a word of Persian: both have joiners, which can't be seen.
    for name in ["%F0%9F%91%A9%E2%80%8D%F0%9F%9A%80", "%D9%85%DB%8C%E2%80%8C%D8%AE"] {
        let target = format!("/rooms/chat?client=c&name={name}");
        assert_eq!(status(&hub.upgrade(&target, "localhost", "").await), 101);
    }
}

#[tokio::test]
async fn room_without_a_websocket_is_426() {
    let hub = hub().await;
    let response = get(&hub, CHAT, "").await;
    assert_eq!(status(&response), 426);
    // RFC 9110 §15.5.22: "The server MUST send an Upgrade header field in a 426 response"
    assert!(response.contains("\r\nupgrade: websocket\r\n"), "{response}");
    assert_eq!(status(&get(&hub, "/nowhere", "").await), 404);
}

#[tokio::test]
async fn page_has_its_types_and_a_strict_policy() {
    let hub = hub().await;
    let types = [("/", "text/html"), ("/style.css", "text/css")];
    for (path, content_type) in types {
        let response = get(&hub, path, "").await;
        assert_eq!(status(&response), 200);
        let expected = format!("content-type: {content_type}; charset=utf-8\r\n");
        assert!(response.contains(&expected), "{path}: {response}");
        assert!(response.contains("\r\ncontent-security-policy: default-src 'none'; "));
        assert!(response.contains("\r\nx-content-type-options: nosniff\r\n"));
    }
    assert!(get(&hub, "/healthz", "").await.ends_with("\r\n\r\nok\n"));
}
