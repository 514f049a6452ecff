//! Commands with numbered answers, and events between them: the shape that both protocols share.

use std::collections::VecDeque;
use std::time::Instant;

use sansocket::blocking::{MaybeTlsStream, Options, WebSocket};
use sansocket::{ClientRequest, CloseCode, Config};
use serde_json::{Value, json};

use crate::{Fault, TIMEOUT};

/// Events that are kept at most: the oldest are dropped.
const MOST_EVENTS: usize = 1000;
/// A screenshot is one message.
const LARGEST_MESSAGE: u64 = 256 << 20;

/// A connection to a browser.
pub struct Rpc {
    socket: WebSocket<MaybeTlsStream>,
    last_id: u64,
    /// The methods of the events that are kept.
    kept: &'static [&'static str],
    events: VecDeque<Value>,
}

impl Rpc {
    /// Connects without an `Origin`: browsers refuse the debugger to pages. Keeps events of the
    /// methods `kept`.
    pub fn connect(url: &str, kept: &'static [&'static str]) -> Result<Self, Fault> {
        let options = Options::new().config(Config::new().max_message_size(LARGEST_MESSAGE));
        let (socket, _) = options.connect(&ClientRequest::new(url)?)?;
        Ok(Self { socket, last_id: 0, kept, events: VecDeque::new() })
    }

    /// Sends a command, and returns its result.
    pub fn request(&mut self, method: &str, params: Value) -> Result<Value, Fault> {
        self.command(json!({ "method": method, "params": params }))
    }

    /// Sends a command that needs more members than a method and parameters.
    pub fn command(&mut self, mut command: Value) -> Result<Value, Fault> {
        self.last_id += 1;
        command["id"] = self.last_id.into();
        self.socket.send(command.to_string())?;
        let deadline = Instant::now() + TIMEOUT;
        loop {
            let mut message = self.receive(deadline)?;
            if message["id"] != self.last_id {
                self.keep(message);
            } else if message["error"].is_null() {
                return Ok(message["result"].take());
            } else {
                // BiDi: an error code and a text. DevTools: an object.
                let texts = [&message["error"]["message"], &message["message"], &message["error"]];
                let text = texts.iter().find_map(|text| text.as_str()).unwrap_or("failed");
                let method = command["method"].as_str().unwrap_or_default();
                return Err(format!("{method}: {text}").into());
            }
        }
    }

    /// Removes the kept events of a method, and returns their parameters.
    pub fn take(&mut self, method: &str) -> Vec<Value> {
        let all = std::mem::take(&mut self.events);
        let (taken, rest) = all.into_iter().partition(|event| event["method"] == method);
        self.events = rest;
        let taken: VecDeque<Value> = taken;
        taken.into_iter().map(|mut event| event["params"].take()).collect()
    }

    /// Waits for an event with these parameters, and removes it and the earlier ones of its method.
    pub fn wait_for(
        &mut self,
        method: &str,
        matches: impl Fn(&Value) -> bool,
    ) -> Result<(), Fault> {
        let deadline = Instant::now() + TIMEOUT;
        while !self.take(method).iter().any(&matches) {
            let message = self.receive(deadline)?;
            self.keep(message);
        }
        Ok(())
    }

    /// Closes the connection to a browser that ends: it may be gone before its Close frame.
    pub fn close(&mut self) {
        let _ = self.socket.close(CloseCode::NORMAL, "");
    }

    fn receive(&mut self, deadline: Instant) -> Result<Value, Fault> {
        let left = deadline.saturating_duration_since(Instant::now());
        let message = self.socket.recv_timeout(left)?.ok_or("the browser has closed")?;
        Ok(serde_json::from_str(message.as_text().ok_or("a binary message")?)?)
    }

    fn keep(&mut self, event: Value) {
        if self.kept.iter().any(|method| event["method"] == *method) {
            if self.events.len() == MOST_EVENTS {
                self.events.pop_front();
            }
            self.events.push_back(event);
        }
    }
}
