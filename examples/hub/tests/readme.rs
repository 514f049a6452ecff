//! The command that the README shows for a load on the chat is what a hub takes.

use crate::run::{hub, within};

#[tokio::test]
async fn load_command_of_the_readme_is_said() {
    let readme = include_str!("../../../README.md");
    let command = readme.lines().find(|line| line.starts_with("load ") && line.contains(":9001"));
    let quoted: Vec<_> = command.unwrap().split('\'').skip(1).step_by(2).collect();
    let [message, url] = quoted[..] else { panic!("{quoted:?}") };
    let filled = |text: &str| {
        text.replace("{client}", "7")
            .replace("{run}", "load01234567")
            .replace("{n}", "1")
            .replace("{mark}", "load0123456789abcdef")
    };
    let hub = hub().await;
    let url = filled(url);
    let mut client = hub.open(url.trim_start_matches("ws://127.0.0.1:9001")).await;
    within(client.socket.send(filled(message))).await.unwrap();
    assert_eq!(client.next("said").await["text"], "load0123456789abcdef");
}
