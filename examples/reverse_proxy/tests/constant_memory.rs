//! Memory of the program while a large message passes, and its command line.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::run::{accept, backend, head, request};

/// The program, which `cargo test` builds together with the tests.
fn program() -> Command {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().parent().unwrap().join("examples/reverse_proxy");
    assert!(path.exists(), "{} is not built: run all tests of the package", path.display());
    Command::new(path)
}

/// The program, which is killed at the end of a test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Memory that is resident and belongs to no file, in KiB.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }
}

#[test]
fn help_fits_on_one_screen() {
    let output = program().arg("--help").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("Passes WebSocket connections on"));
    assert!(text.lines().count() <= 24 && text.lines().all(|line| line.len() <= 100), "{text}");
    assert!(!program().output().unwrap().status.success(), "--backend is missing");
}

/// Sends one message of so many bytes from a client to the backend, which sends it back.
async fn echo(client: &mut TcpStream, server: &mut TcpStream, size: u64) {
    let header = |mask: u8| [&[0x82, 127 | mask][..], &size.to_be_bytes()].concat();
    let block = vec![0x55; 1 << 20];
    let (mut client, mut to_client) = client.split();
    let (mut server, mut to_server) = server.split();
    let send_up = async {
        to_client.write_all(&[&header(0x80)[..], &[1, 2, 3, 4]].concat()).await.unwrap();
        for _ in 0..size >> 20 {
            to_client.write_all(&block).await.unwrap();
        }
    };
    let send_back = async {
        let mut header = [0; 14];
        server.read_exact(&mut header).await.unwrap();
        assert_eq!(header[1], 0xFF);
        to_server.write_all(&[&[0x82, 127][..], &size.to_be_bytes()].concat()).await.unwrap();
        let copied = tokio::io::copy(&mut server.take(size), &mut to_server).await.unwrap();
        assert_eq!(copied, size);
    };
    let receive = async {
        client.read_exact(&mut [0; 10]).await.unwrap();
        let mut sink = tokio::io::sink();
        assert_eq!(tokio::io::copy(&mut client.take(size), &mut sink).await.unwrap(), size);
    };
    tokio::join!(send_up, send_back, receive);
}

/// The memory in KiB that a message of so many bytes adds.
async fn growth(size: u64) -> u64 {
    let (listener, _) = backend().await;
    let mut command = program();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    command.args(["--listen", "127.0.0.1:0", "--backend", &url]);
    let mut running = Running(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on ws://").unwrap().trim_end_matches('/');
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(request("").as_bytes()).await.unwrap();
    let (mut server, _) = accept(&listener, "").await;
    head(&mut client).await;
    // Every thread has its buffer, and the allocator its arenas.
    echo(&mut client, &mut server, 4 << 20).await;
    let before = running.memory();
    echo(&mut client, &mut server, size).await;
    running.memory().saturating_sub(before)
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn message_of_64_mebibytes_passes_in_constant_memory() {
    let growth = growth(64 << 20).await;
    assert!(growth <= 2048, "{growth} KiB");
}

#[tokio::test]
#[cfg(target_os = "linux")]
#[ignore = "takes a while without optimisation"]
async fn gibibyte_passes_in_constant_memory() {
    let growth = growth(1 << 30).await;
    println!("{growth} KiB more");
    assert!(growth <= 2048, "{growth} KiB");
}
