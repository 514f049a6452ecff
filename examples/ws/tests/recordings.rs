//! `--record`: an HTTP archive with messages, and what it hides.

use std::fs;

use sansocket::{AcceptOptions, CloseCode, Message, blocking};
use serde_json::Value;

use crate::run::{answer, echo, file, printed, run, serve, serve_one};

/// Runs the program with a recording. Returns the entries.
fn record(name: &str, arguments: &[&str], input: &str) -> Vec<Value> {
    let path = file(name);
    run(&[&["--record", path.to_str().unwrap()], arguments].concat(), input);
    let har = read(&path);
    fs::remove_file(path).unwrap();
    har["log"]["entries"].as_array().unwrap().clone()
}

fn read(path: &std::path::Path) -> Value {
    let har: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert_eq!(har["log"]["version"], "1.2");
    assert_eq!(har["log"]["creator"]["name"], "ws");
    har
}

/// The value of a header field.
fn header<'a>(message: &'a Value, name: &str) -> Option<&'a str> {
    let fields = message["headers"].as_array().unwrap();
    fields.iter().find(|field| field["name"] == name).map(|field| field["value"].as_str().unwrap())
}

#[test]
fn messages_of_both_directions_are_recorded() {
    let (url, serving) = serve_one(|mut socket| {
        assert_eq!(socket.recv().unwrap(), Some("grüezi \"x\"".into()));
        socket.send(Message::from(vec![0, 255, 7])).unwrap();
        while socket.recv().unwrap().is_some() {}
    });
    let before = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let url = format!("{url}chat?a=1&b");
    let entries = record("both", &["--deflate", &url, "grüezi \"x\""], "");
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!(entry["_resourceType"], "websocket");
    assert_eq!(entry["request"]["url"], url.replace("?a=1&b", "?a=***&***"));
    assert_eq!(entry["request"]["queryString"][0]["value"], "***");
    assert!(header(&entry["request"], "Sec-WebSocket-Extensions").is_some());
    assert_eq!(header(&entry["request"], "Sec-WebSocket-Key"), None);
    assert_eq!(entry["response"]["status"], 101);
    assert!(header(&entry["response"], "Sec-WebSocket-Accept").is_some());
    assert_eq!(entry["serverIPAddress"], "127.0.0.1");
    assert!(humantime::parse_rfc3339(entry["startedDateTime"].as_str().unwrap()).is_ok());
    let messages = entry["_webSocketMessages"].as_array().unwrap();
    let shown: Vec<_> = messages
        .iter()
        .map(|message| (&message["type"], &message["opcode"], &message["data"]))
        .collect();
    let expected = [("send", 1, "grüezi \"x\""), ("receive", 2, "AP8H")];
    assert_eq!(shown.len(), expected.len());
    for (shown, (kind, opcode, data)) in shown.iter().zip(expected) {
        assert!(*shown.0 == kind && *shown.1 == opcode && *shown.2 == data, "{shown:?}");
    }
    let times: Vec<_> = messages.iter().map(|message| message["time"].as_f64().unwrap()).collect();
    assert!(before <= times[0] && times[0] <= times[1], "{times:?}");
    serving.join();
}

const MOVED: &str = "HTTP/1.1 302 Found\r\nSet-Cookie: id=secret1\r\nX-Auth-Token: secret2\r\n\
                     Location: https://user:secret3@a.test/new?t=secret4#secret5\r\n\
                     Content-Type: text/plain\r\nContent-Length: 7\r\n\r\nsecret6";

#[test]
fn secrets_are_recorded_only_if_asked_for() {
    for (option, are_there) in [(None, false), (Some("--record-secrets"), true)] {
        let (url, serving) = serve(1, |_, stream| answer(stream, MOVED));
        let url = url.replace("ws://", "ws://user:secret7@") + "?key=secret8&secret9";
        let arguments = ["-H", "cookie: secret0", "-H", "X-Api-Key: secret-a", "-s", "b.secret-b"];
        let arguments = [option.as_slice(), &arguments, &["-H", "Accept: */*", &url]].concat();
        let entries = record("secrets", &arguments, "");
        let [entry] = &entries[..] else { panic!("{entries:?}") };
        for (message, name) in [
            ("request", "Authorization"),
            ("request", "cookie"),
            ("request", "X-Api-Key"),
            ("request", "Sec-WebSocket-Protocol"),
            ("response", "Set-Cookie"),
            ("response", "X-Auth-Token"),
        ] {
            let value = header(&entry[message], name).unwrap();
            assert_eq!(value != "***", are_there, "{name}: {value}");
        }
        assert_eq!(entry.to_string().contains("secret"), are_there, "{entry}");
        if are_there {
            for secret in "123456890ab".chars() {
                let secret = secret.to_string();
                let is_there = |name: &str| entry.to_string().contains(&format!("{name}{secret}"));
                assert!(is_there("secret") || is_there("secret-"), "{secret}: {entry}");
            }
        }
        assert_eq!(header(&entry["request"], "Accept"), Some("*/*"));
        assert_eq!(header(&entry["response"], "Content-Length"), Some("7"));
        assert_eq!(entry["response"]["status"], 302);
        assert_eq!(entry["response"]["content"]["mimeType"], "text/plain");
        assert_eq!(entry["response"]["content"]["size"], 7);
        assert_eq!(entry["_webSocketMessages"], serde_json::json!([]));
        serving.join();
    }
}

#[test]
fn only_the_agreed_subprotocol_is_recorded() {
    let (url, serving) = serve(1, |_, stream| {
        let chat = AcceptOptions::new().subprotocol("chat").unwrap();
        echo(blocking::Options::new().accept_if(stream, |_| Ok(chat)).unwrap());
    });
    let arguments = ["-s", "bearer.S", "-s", "chat", "--once", &url, "hello"];
    let entries = record("subprotocol", &arguments, "");
    let name = "Sec-WebSocket-Protocol";
    assert_eq!(header(&entries[0]["request"], name), Some("***, chat"));
    assert_eq!(header(&entries[0]["response"], name), Some("chat"));
    serving.join();
}

#[test]
fn body_of_a_refusal_is_recorded() {
    const REFUSED: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
    let (url, serving) = serve(1, |_, stream| answer(stream, REFUSED));
    let entries = record("refusal", &[&url], "");
    assert_eq!(entries[0]["response"]["content"]["text"], "no");
    serving.join();
}

#[cfg(unix)]
#[test]
fn recording_with_secrets_is_readable_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let path = file("private");
    for permissions in [None, Some(fs::Permissions::from_mode(0o644))] {
        if let Some(permissions) = permissions {
            fs::set_permissions(&path, permissions).unwrap();
        }
        let (url, serving) = serve_one(echo);
        let arguments = ["--record-secrets", "--record", path.to_str().unwrap(), &url];
        assert_eq!(printed(&run(&arguments, "")), ("", "", 0));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        serving.join();
    }
    fs::remove_file(path).unwrap();
}

#[test]
fn each_redirect_and_each_attempt_is_an_entry() {
    const MOVED: &str = "HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n";
    let (url, serving) = serve(3, |number, stream| match number {
        0 => drop(stream),
        1 => answer(stream, MOVED),
        _ => echo(blocking::accept(stream).unwrap()),
    });
    let arguments = ["--reconnect", "--redirects", "1", "--once", &url, "hello"];
    let entries = record("entries", &arguments, "");
    let statuses: Vec<_> = entries.iter().map(|entry| &entry["response"]["status"]).collect();
    assert_eq!(statuses, [0, 302, 101]);
    assert!(entries[0]["response"]["_error"].is_string());
    assert_eq!(entries[1]["response"]["redirectURL"], "/new");
    assert_eq!(entries[2]["request"]["url"], format!("{url}new"));
    assert_eq!(entries[2]["_webSocketMessages"].as_array().unwrap().len(), 2);
    serving.join();
}

#[test]
fn recording_is_complete_after_each_message() {
    let path = file("complete");
    let (file, shown) = (path.to_str().unwrap().to_owned(), path.clone());
    let (url, serving) = serve_one(move |mut socket| {
        for number in 1..=3 {
            assert!(socket.recv().unwrap().is_some());
            // The pong of a client that has recorded what it sent.
            socket.ping().unwrap();
            let har = read(&shown);
            let messages = &har["log"]["entries"][0]["_webSocketMessages"];
            assert!(messages.as_array().unwrap().len() >= number, "{messages}");
        }
        let _ = socket.close(CloseCode::NORMAL, "");
    });
    let output = run(&["--listen", "--record", &file, &url, "one", "two", "three"], "");
    assert_eq!(printed(&output), ("", "", 0));
    serving.join();
    fs::remove_file(path).unwrap();
}
