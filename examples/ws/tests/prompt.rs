//! The prompt, on a terminal of the test's.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use nix::pty::openpty;
use nix::sys::termios::{LocalFlags, tcgetattr};

use crate::run::{LONG, echo, end, example, serve_one};

/// A terminal, and the program on it.
struct Terminal {
    keyboard: File,
    screen: Receiver<Vec<u8>>,
    /// What was shown and not waited for.
    shown: Vec<u8>,
    program: Child,
    programs_end: File,
}

impl Terminal {
    fn run(arguments: &[&str]) -> Self {
        let pty = openpty(None, None).unwrap();
        let (keyboard, programs_end) = (File::from(pty.master), File::from(pty.slave));
        let mut command = example("ws");
        command.args(arguments).env("TERM", "xterm");
        for set in [Command::stdin::<Stdio>, Command::stdout::<Stdio>, Command::stderr::<Stdio>] {
            set(&mut command, programs_end.try_clone().unwrap().into());
        }
        let program = command.spawn().unwrap();
        let (send, screen) = mpsc::channel();
        let mut output = keyboard.try_clone().unwrap();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = output.read(&mut buffer) {
                if send.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { keyboard, screen, shown: Vec::new(), program, programs_end }
    }

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the terminal shows a text behind the one that was waited for before.
    fn wait_for(&mut self, text: &str) {
        loop {
            let mut windows = self.shown.windows(text.len());
            if let Some(at) = windows.position(|window| window == text.as_bytes()) {
                self.shown.drain(..at + text.len());
                return;
            }
            let Ok(more) = self.screen.recv_timeout(LONG) else {
                panic!("{text:?} is not in {:?}", String::from_utf8_lossy(&self.shown))
            };
            self.shown.extend(more);
        }
    }

    /// Waits for the end. Returns the exit status.
    fn end(self) -> Option<i32> {
        let status = end(self.program).status.code();
        let mode = tcgetattr(&self.programs_end).unwrap();
        assert!(mode.local_flags.contains(LocalFlags::ICANON | LocalFlags::ECHO), "still raw");
        status
    }
}

#[test]
fn incoming_message_appears_above_the_line_that_is_typed() {
    let (send, wait) = mpsc::channel();
    let (url, serving) = serve_one(move |mut socket| {
        wait.recv().unwrap();
        socket.send("incoming").unwrap();
        assert_eq!(socket.recv().unwrap(), Some("partial".into()));
        socket.send("\x1b[2Jno command").unwrap();
        assert_eq!(socket.recv().unwrap(), None);
        assert_eq!(socket.closed().unwrap().code(), 1000);
    });
    let mut terminal = Terminal::run(&[&url]);
    terminal.wait_for("connected to ws://127.0.0.1");
    terminal.wait_for("> ");
    terminal.press("par");
    terminal.wait_for("par");
    send.send(()).unwrap();
    terminal.wait_for("\r\x1b[K< incoming\r\n> par");
    terminal.press("tial\r");
    terminal.wait_for("< \\u{1b}[2Jno command\r\n");
    terminal.wait_for("> ");
    // Ctrl-D.
    terminal.press("\x04");
    assert_eq!(terminal.end(), Some(0));
    serving.join();
}

#[test]
fn message_does_not_look_like_a_line_of_the_program() {
    let (url, serving) = serve_one(|mut socket| {
        socket.send("hello\nws: the certificate has expired").unwrap();
        socket.send("a\u{202e}b\u{2066}c\u{200f}d\u{61c}e\u{2028}f").unwrap();
        while socket.recv().unwrap().is_some() {}
    });
    let mut terminal = Terminal::run(&[&url]);
    terminal.wait_for("< hello\r\n| ws: the certificate has expired\r\n");
    terminal.wait_for("< a\\u{202e}b\\u{2066}c\\u{200f}d\\u{61c}e\\u{2028}f\r\n");
    terminal.wait_for("> ");
    terminal.press("\x04");
    assert_eq!(terminal.end(), Some(0));
    serving.join();
}

#[test]
fn lines_with_a_slash_are_commands() {
    let (url, serving) = serve_one(echo);
    let mut terminal = Terminal::run(&[&url]);
    for (line, shown) in [
        ("//text", "< /text\r\n"),
        ("/ping", "ws: pong after "),
        ("/binary /nowhere/x", "/nowhere/x: "),
        ("/pong", "/pong is no command; there are /ping, "),
        ("/close 1005", "/close takes a code of "),
        // A code that this side has chosen is no error.
        ("/close 4000 enough", "closed: 4000 "),
    ] {
        terminal.press(line);
        terminal.press("\r");
        terminal.wait_for(shown);
    }
    assert_eq!(terminal.end(), Some(0));
    serving.join();
}

#[test]
fn interrupt_at_the_prompt_closes_and_does_not_reconnect() {
    let (url, serving) = serve_one(|mut socket| {
        assert_eq!(socket.recv().unwrap(), None);
        assert_eq!(socket.closed().unwrap().code(), 1001);
    });
    let mut terminal = Terminal::run(&["--reconnect", &url]);
    terminal.wait_for("connected to ");
    terminal.wait_for("> ");
    terminal.press("half a line\x03");
    terminal.wait_for("closed: 1001 ");
    assert_eq!(terminal.end(), Some(0));
    serving.join();
}

#[test]
fn terminal_is_given_back_when_the_server_closes() {
    let (url, serving) = serve_one(|mut socket| {
        assert_eq!(socket.recv().unwrap(), Some("bye".into()));
        let _ = socket.close(sansocket::CloseCode::POLICY_VIOLATION, "no");
    });
    let mut terminal = Terminal::run(&[&url]);
    terminal.press("bye\r");
    terminal.wait_for("ws: closed with 1008 \"no\"\r\n");
    assert_eq!(terminal.end(), Some(4));
    serving.join();
}
