//! An open connection, until it ends. Five futures run on one thread: they send and receive
//! messages, send pings, and wait for Ctrl-C and for a failure of the output.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::io;
use std::path::Path;

use sansocket::tokio::{MaybeTlsStream, Receiver, Sender};
use sansocket::{CloseCode, CloseFrame, Closed, Error, Message, SendError, TimedOut};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, interval_at};

use crate::arguments::binary;
use crate::opening::Socket;
use crate::status::End;
use crate::terminal::Input;
use crate::{Run, lock};

/// The state of a connection.
struct Exchange<'a> {
    run: &'a Run,
    sender: Sender<MaybeTlsStream>,
    /// A request to send a ping.
    ping: Notify,
    has_received: Cell<bool>,
    /// A failure of the standard input.
    failure: RefCell<Option<String>>,
}

impl Run {
    /// Sends the messages of the command line, and then lines of input; shows what is received.
    pub(crate) async fn exchange(&self, socket: Socket, input: &mut Input) -> End {
        let (sender, mut receiver) = socket.split();
        let exchange = Exchange {
            run: self,
            sender,
            ping: Notify::new(),
            has_received: Cell::new(false),
            failure: RefCell::default(),
        };
        let Input { lines, interrupts, has_commands, .. } = input;
        let end = tokio::select! {
            end = exchange.receive(&mut receiver) => end,
            end = exchange.send_all(lines, *has_commands) => end,
            end = exchange.send_pings() => end,
            end = exchange.wait_for_interrupts(interrupts) => end,
            end = exchange.watch_output() => end,
        };
        match (exchange.failure.take(), end) {
            (Some(failure), _) => End::Failed(failure),
            (None, End::Closed(_)) if self.arguments.once && !exchange.has_received.get() => {
                End::NoMessage
            }
            (None, end) => end,
        }
    }
}

impl Exchange<'_> {
    async fn receive(&self, receiver: &mut Receiver<MaybeTlsStream>) -> End {
        let mut shows = true;
        loop {
            match receiver.recv().await {
                Ok(Some(message)) => {
                    self.run.record(|file| file.message("receive", &message));
                    self.has_received.set(true);
                    if shows {
                        self.run.output.message(&message).await;
                    }
                    if shows && self.run.arguments.once {
                        shows = false;
                        self.sender.try_close_with(CloseCode::NORMAL);
                    }
                }
                Ok(None) => {
                    let _ = receiver.until_closed().await;
                    return end(receiver.closed(), Error::ConnectionLost);
                }
                Err(error @ (Error::Protocol(_) | Error::ConnectionLost)) => {
                    return end(receiver.closed(), error);
                }
                Err(error) => return End::Lost(error),
            }
        }
    }

    /// Closes the connection when its messages can't be written to the output.
    async fn watch_output(&self) -> End {
        self.run.output.failed().await;
        self.sender.try_close_with(CloseCode::NORMAL);
        pending().await
    }

    /// Sends all that there is to send.
    async fn send_all(
        &self,
        lines: &mut mpsc::Receiver<io::Result<String>>,
        has_commands: bool,
    ) -> End {
        match self.send_lines(lines, has_commands).await {
            // The end is reported by the side that receives.
            Ok(()) | Err(Error::Send(SendError::NotOpen) | Error::ConnectionLost) => {
                pending().await
            }
            Err(error) => End::Lost(error),
        }
    }

    async fn send_lines(
        &self,
        lines: &mut mpsc::Receiver<io::Result<String>>,
        has_commands: bool,
    ) -> Result<(), Error> {
        let arguments = &self.run.arguments;
        for message in &arguments.messages {
            self.send(message).await?;
        }
        // A line that the connection before this one did not send.
        let unsent = lock(&self.run.unsent).clone();
        if let Some(message) = unsent {
            self.send_line(message).await?;
        }
        while let Some(line) = lines.recv().await {
            match line {
                Ok(line) if has_commands && line.starts_with('/') => self.obey(&line[1..]).await?,
                Ok(line) => self.send_line(line.into()).await?,
                Err(error) => {
                    self.failure.replace(Some(format!("the standard input: {error}")));
                    self.sender.start_close(CloseCode::GOING_AWAY, "").await?;
                }
            }
        }
        if !arguments.listen && !arguments.once {
            self.sender.start_close(CloseCode::NORMAL, "").await?;
        }
        Ok(())
    }

    /// Sends a message, which is kept until it is written.
    async fn send_line(&self, message: Message) -> Result<(), Error> {
        *lock(&self.run.unsent) = Some(message.clone());
        self.send(&message).await?;
        *lock(&self.run.unsent) = None;
        Ok(())
    }

    async fn send(&self, message: &Message) -> Result<(), Error> {
        self.sender.send(message.clone()).await?;
        self.run.record(|file| file.message("send", message));
        Ok(())
    }

    /// Obeys a line that began with a slash.
    async fn obey(&self, line: &str) -> Result<(), Error> {
        let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
        let rest = rest.trim();
        match command {
            "ping" => self.ping.notify_one(),
            "binary" => match binary(Path::new(rest)) {
                Ok(message) => self.send_line(message).await?,
                Err(error) => self.run.output.status(&error.to_string()),
            },
            "close" => match close_frame(rest) {
                Some(frame) => self.sender.start_close_with(frame).await?,
                None => self.run.output.status(
                    "/close takes a code of 1000 to 1003, 1007 to 1014 or 3000 to 4999, and a \
                     reason of at most 123 bytes",
                ),
            },
            _ if line.starts_with('/') => self.send_line(line.into()).await?,
            _ => self.run.output.status(&format!(
                "/{command} is no command; there are /ping, /binary FILE and /close [CODE \
                 [REASON]], and //{line} sends the text"
            )),
        }
        Ok(())
    }

    /// Sends pings as often as asked for, and shows how long the pongs take.
    async fn send_pings(&self) -> End {
        let every = self.run.arguments.ping;
        let mut ticks = every.map(|every| interval_at(Instant::now() + every, every));
        loop {
            match &mut ticks {
                Some(ticks) => tokio::select! {
                    _ = ticks.tick() => {}
                    () = self.ping.notified() => {}
                },
                None => self.ping.notified().await,
            }
            match self.sender.ping().await {
                Ok(time) => self.run.output.status(&format!("pong after {time:.1?}")),
                Err(error @ Error::TimedOut(TimedOut::Pong)) => {
                    self.run.output.status(&error.to_string());
                }
                // The end is reported by the side that receives.
                Err(_) => pending().await,
            }
        }
    }

    /// The first Ctrl-C closes the connection, the second one ends the program.
    async fn wait_for_interrupts(&self, interrupts: &mut mpsc::UnboundedReceiver<()>) -> End {
        interrupts.recv().await;
        // RFC 6455 §7.4.1: 1001 is for an endpoint that is "going away".
        self.sender.try_close_with(CloseCode::GOING_AWAY);
        self.run.output.note("closing; Ctrl-C again to end at once");
        interrupts.recv().await;
        End::Interrupted
    }
}

fn end(closed: Option<Closed>, error: Error) -> End {
    closed.map_or(End::Lost(error), End::Closed)
}

/// The frame of `/close CODE REASON`.
fn close_frame(text: &str) -> Option<CloseFrame> {
    if text.is_empty() {
        return Some(CloseCode::NORMAL.into());
    }
    let (code, reason) = text.split_once(' ').unwrap_or((text, ""));
    CloseFrame::new(CloseCode::new(code.parse().ok()?)?, reason.trim().to_owned()).ok()
}
