//! The program for an operator: its log, its limits, its options, and its damaged files.

use std::fs::{self, OpenOptions};

use sansocket_hub::{Server, Settings};
use serde_json::json;
use tempfile::TempDir;

use crate::program::Program;
use crate::run::{hub_in, upgrade};

const CHAT: &str = "/rooms/chat?client=c&name=n";
const TOKEN: &str = "a-token-of-more-than-16";

#[tokio::test]
async fn refusals_are_logged_with_the_address_the_room_and_the_reason() {
    let program = Program::start_logged(&["--memory", "--rate", "5"]);
    let (address, evil) = (program.address, "Origin: https://evil.example\r\n");
    upgrade(address, CHAT, "localhost", evil).await;
    upgrade(address, CHAT, "evil.example", "").await;
    upgrade(address, "/rooms/prices", "localhost", "").await;
    let mut client = program.open(CHAT).await;
    client.socket.send(&b"\x00"[..]).await.unwrap();
    assert_eq!(client.closed().await.0, 1003);
    let mut client = program.open(CHAT).await;
    client.socket.send("{\n").await.unwrap();
    client.next("refused").await;
    client.say(1, &"x".repeat(16 * 1024)).await;
    assert_eq!(client.closed().await.0, 1009);
    let mut client = program.open("/rooms/prices?client=c").await;
    // The hub closes before all are sent, or after.
    for _ in 0..100 {
        if client.socket.send(json!({ "type": "ping", "at": 1 }).to_string()).await.is_err() {
            break;
        }
    }
    assert_eq!(client.closed().await.0, 1008);
    let log = program.log().await;
    for expected in [
        "hub: 127.0.0.1 /rooms/chat: 403 Forbidden (see --origin)\n",
        "hub: 127.0.0.1 /rooms/chat: 421 Misdirected Request (see --host)\n",
        "hub: 127.0.0.1 /rooms/prices: 400 Bad Request\n",
        "hub: 127.0.0.1 /rooms/chat: closed with 1003: this room takes texts alone\n",
        "hub: 127.0.0.1 /rooms/chat: refused a message: not JSON: ",
        "hub: 127.0.0.1 /rooms/chat: closed with 1009: ",
        "hub: 127.0.0.1 /rooms/prices: closed with 1008: more messages than --rate allows\n",
    ] {
        assert_eq!(log.matches(expected).count(), 1, "{expected:?} in {log}");
    }
    assert_eq!(log.lines().count(), 7, "{log}");
}

#[tokio::test]
async fn token_in_a_file_is_needed_and_its_absence_is_logged() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("token");
    fs::write(&file, format!("{TOKEN}\n")).unwrap();
    let program = Program::start_logged(&["--memory", "--token-file", file.to_str().unwrap()]);
    let refused = upgrade(program.address, CHAT, "localhost", "").await;
    assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    let accepted = upgrade(program.address, CHAT, "localhost", &bearer).await;
    assert!(accepted.starts_with("HTTP/1.1 101"), "{accepted}");
    let log = program.log().await;
    assert_eq!(log, "hub: 127.0.0.1 /rooms/chat: 401 Unauthorized (see --token)\n");
}

#[tokio::test]
async fn soft_limit_of_descriptors_is_raised() {
    let program = Program::start_with_descriptors(64);
    let mut clients = vec![];
    for _ in 0..100 {
        let mut client = program.open("/rooms/prices?client=c").await;
        client.next("symbols").await;
        clients.push(client);
    }
}

#[tokio::test]
async fn closed_standard_output_does_not_disturb_the_end() {
    let mut program = Program::start_with(&["--memory"]);
    program.output = None;
    program.signal("TERM");
    assert_eq!(program.ended().await, Some(0));
}

#[tokio::test]
async fn damaged_store_is_an_error_that_names_the_option() {
    let directory = TempDir::new().unwrap();
    hub_in(directory.path()).await.stop().await;
    let file = directory.path().join("hub.redb");
    for length in [5000, 100] {
        OpenOptions::new().write(true).open(&file).unwrap().set_len(length).unwrap();
        let settings = Settings { data: Some(directory.path().into()), ..Settings::new() };
        let error = Server::new(settings).await.err().unwrap().to_string();
        assert!(error.contains("--data"), "{length} bytes: {error}");
    }
}
