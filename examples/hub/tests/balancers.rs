//! nginx and HAProxy before two hubs, with the configuration that the README shows.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};

use tempfile::TempDir;

use crate::broker::{Broker, Kind, free_port, start_program, until_listening};
use crate::run::{Client, open};

/// A program that is stopped when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // With its workers, which SIGKILL would leave.
        let kill = format!("kill -TERM {}", self.0.id());
        let _ = Command::new("sh").args(["-c", &kill]).status();
        let _ = self.0.wait();
    }
}

/// The configuration with these ports.
fn configuration(name: &str, ports: [(u16, u16); 3]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("balancers").join(name);
    let mut text = fs::read_to_string(path).unwrap();
    for (written, port) in ports {
        let written = format!("127.0.0.1:{written}");
        assert!(text.contains(&written), "{name}: {written}");
        text = text.replace(&written, &format!("127.0.0.1:{port}"));
    }
    text
}

async fn client(port: u16, name: &str, since: u64) -> Client {
    let target = format!("/rooms/chat?client={name}&name={name}&since={since}");
    open(([127, 0, 0, 1], port).into(), &target).await
}

async fn balanced(name: &str, command: impl FnOnce(&Path, &Path) -> Command) {
    #[cfg(feature = "redis")]
    let kind = Kind::Redis;
    #[cfg(not(feature = "redis"))]
    let kind = Kind::Nats;
    let Some(broker) = Broker::start(kind).await else { return };
    let (one, two) = (broker.hub().await, broker.hub().await);
    let port = free_port();
    let ports = [(8080, port), (9001, one.address.port()), (9002, two.address.port())];
    let directory = TempDir::new().unwrap();
    let file = directory.path().join(name);
    fs::write(&file, configuration(name, ports)).unwrap();
    let Some(running) = start_program(&mut command(&file, directory.path())) else { return };
    let _running = Running(running);
    until_listening(port).await;

    // The least connections: one on each hub.
    let mut ada = client(port, "ada", 0).await;
    let mut bo = client(port, "bo", 0).await;
    ada.next("welcome").await;
    bo.next("welcome").await;
    ada.say(1, "of ada").await;
    bo.say(1, "of bo").await;
    let mut seen = vec![];
    for client in [&mut ada, &mut bo] {
        let (first, second) = (client.next("said").await, client.next("said").await);
        seen.push((first["text"].clone(), second["text"].clone()));
    }
    assert_eq!(seen[0], seen[1]);
    // One hub ends: its client continues on the other one, whose own is not disturbed.
    one.stop().await;
    let (name, other) = tokio::select! {
        _ = ada.closed() => ("ada", &mut bo),
        _ = bo.closed() => ("bo", &mut ada),
    };
    let mut moved = client(port, name, 2).await;
    moved.next("welcome").await;
    moved.say(2, "after").await;
    let said = moved.next("said").await;
    assert_eq!((said["seq"].as_u64(), said["text"].as_str()), (Some(3), Some("after")));
    assert_eq!(other.next("said").await["text"], "after");
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_behind_nginx_continue_on_another_hub() {
    balanced("nginx.conf", |file, directory| {
        let mut command = Command::new("nginx");
        let more = format!("daemon off; pid {}/pid; error_log stderr;", directory.display());
        command.args(["-e", "stderr", "-g", &more, "-p"]).arg(directory).arg("-c").arg(file);
        command
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_behind_haproxy_continue_on_another_hub() {
    balanced("haproxy.cfg", |file, _| {
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(file);
        command
    })
    .await;
}
