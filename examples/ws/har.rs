//! A recording: an HTTP archive (HAR 1.2) whose entries have `_webSocketMessages`, the extension of
//! Chromium's developer tools. Ping, Pong and Close frames are no messages.
//!
//! The file is complete after each message: the end of it is written again behind each.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::net::IpAddr;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sansocket::bytes::Buf;
use sansocket::{ClientHandshake, ClientRequest, Config, Entropy, Message, Response};
use serde_json::{Value, json};

use crate::secrets::{url_without_secrets, without_secrets};

const END_OF_MESSAGES: &str = "]}";
const END_OF_ENTRIES: &str = "]}}";

/// A file that is written while messages are exchanged.
pub(crate) struct Recording {
    file: File,
    with_secrets: bool,
    has_entries: bool,
    has_messages: bool,
}

/// An attempt to connect.
pub(crate) struct Attempt<'a> {
    pub(crate) request: &'a ClientRequest,
    pub(crate) config: Config,
    pub(crate) begun: SystemTime,
    pub(crate) server: Option<IpAddr>,
    /// The answer of the server, or why there is none.
    pub(crate) answer: Result<&'a Response, String>,
}

impl Recording {
    /// Truncates the file. With secrets, only its owner may read it.
    pub(crate) fn create(path: &Path, with_secrets: bool) -> io::Result<Self> {
        let file = if with_secrets { create_private(path)? } else { File::create(path)? };
        let mut it = Self { file, with_secrets, has_entries: false, has_messages: false };
        let creator = json!({ "name": "ws", "version": env!("CARGO_PKG_VERSION") });
        write!(it.file, r#"{{"log":{{"version":"1.2","creator":{creator},"pages":[],"entries":["#)?;
        it.file.write_all(END_OF_ENTRIES.as_bytes())?;
        Ok(it)
    }

    /// Begins an entry. Later messages belong to it.
    pub(crate) fn attempt(&mut self, attempt: &Attempt<'_>) -> io::Result<()> {
        let mut entry = self.entry(attempt).to_string();
        entry.truncate(entry.len() - "}".len());
        let comma = if self.has_entries { "," } else { "" };
        let text = format!(r#"{comma}{entry},"_webSocketMessages":["#);
        self.append(&text, END_OF_ENTRIES)?;
        (self.has_entries, self.has_messages) = (true, false);
        self.file.write_all(END_OF_MESSAGES.as_bytes())?;
        self.file.write_all(END_OF_ENTRIES.as_bytes())
    }

    /// Adds a message to the entry.
    pub(crate) fn message(&mut self, kind: &str, message: &Message) -> io::Result<()> {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // RFC 6455 §5.2: opcodes 1 and 2.
        let (opcode, data) = match message.as_text() {
            Some(text) => (1, text.to_owned()),
            None => (2, BASE64_STANDARD.encode(message.as_bytes())),
        };
        let message =
            json!({ "type": kind, "time": time.as_secs_f64(), "opcode": opcode, "data": data });
        let comma = if self.has_messages { "," } else { "" };
        let end = [END_OF_MESSAGES, END_OF_ENTRIES].concat();
        self.append(&format!("{comma}{message}"), &end)?;
        self.has_messages = true;
        self.file.write_all(end.as_bytes())
    }

    /// Writes over the end of the file.
    fn append(&mut self, text: &str, end: &str) -> io::Result<()> {
        self.file.seek(SeekFrom::End(-(end.len() as i64)))?;
        self.file.write_all(text.as_bytes())
    }

    fn entry(&self, attempt: &Attempt<'_>) -> Value {
        let elapsed = attempt.begun.elapsed().unwrap_or_default().as_secs_f64() * 1000.0;
        let mut entry = json!({
            "startedDateTime": humantime::format_rfc3339_millis(attempt.begun).to_string(),
            "time": elapsed,
            "request": self.request(attempt),
            "response": self.response(attempt),
            "cache": {},
            "timings": { "send": 0, "wait": elapsed, "receive": 0 },
            "_resourceType": "websocket",
        });
        if let Some(server) = attempt.server {
            entry["serverIPAddress"] = server.to_string().into();
        }
        if let Err(error) = &attempt.answer {
            entry["response"]["_error"] = error.clone().into();
        }
        entry
    }

    fn request(&self, attempt: &Attempt<'_>) -> Value {
        // The same head again, which only differs in the key: that is left out.
        let (request, config) = (attempt.request, attempt.config.clone());
        let mut handshake = ClientHandshake::new(request, config, Entropy::from_seed([0; 32]));
        let head = handshake.output();
        let head = String::from_utf8_lossy(head.chunk()).into_owned();
        let fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        let fields = fields.filter(|(name, _)| *name != "Sec-WebSocket-Key");
        let url = request.uri().to_string();
        let url = self.url(&url);
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            json!({ "name": name, "value": value })
        });
        json!({
            "method": "GET",
            "url": url,
            "httpVersion": "HTTP/1.1",
            "headers": self.headers(attempt, fields),
            "queryString": pairs.collect::<Vec<_>>(),
            "cookies": [],
            "headersSize": -1,
            "bodySize": 0,
        })
    }

    /// An answer; without one, the status is 0, as browsers have it.
    fn response(&self, attempt: &Attempt<'_>) -> Value {
        let response = attempt.answer.as_ref().ok().copied();
        let field = |name| response.and_then(|response| response.headers().get(name)).unwrap_or("");
        let fields = response.into_iter().flat_map(|response| response.headers().iter());
        let fields: Vec<_> =
            fields.map(|(name, value)| (name, String::from_utf8_lossy(value))).collect();
        let body = response.map(|response| String::from_utf8_lossy(response.body()));
        let body = body.unwrap_or_default();
        let location = field("Location");
        // The body of a redirect is a link to the same URL, RFC 9110 §15.4.
        let text = if self.with_secrets || location.is_empty() { &*body } else { "" };
        json!({
            "status": response.map_or(0, Response::status),
            "statusText": response.map_or("", Response::reason),
            "httpVersion": "HTTP/1.1",
            "headers": self.headers(attempt, fields.iter().map(|(name, value)| (*name, &**value))),
            "cookies": [],
            "content": { "size": body.len(), "mimeType": field("Content-Type"), "text": text },
            "redirectURL": self.url(location),
            "headersSize": -1,
            "bodySize": body.len(),
        })
    }

    fn headers<'a>(
        &self,
        attempt: &Attempt<'_>,
        fields: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Vec<Value> {
        let answer = attempt.answer.as_ref().ok().filter(|answer| answer.status() == 101);
        let agreed = answer.and_then(|answer| answer.headers().get("Sec-WebSocket-Protocol"));
        let value = |name, value| match self.with_secrets {
            true => String::from(value),
            false => without_secrets(name, value, agreed),
        };
        fields.map(|field| json!({ "name": field.0, "value": value(field.0, field.1) })).collect()
    }

    fn url<'a>(&self, url: &'a str) -> Cow<'a, str> {
        if self.with_secrets { url.into() } else { url_without_secrets(url).into() }
    }
}

/// A file that is readable for its owner only, also if it exists.
#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<File> {
    use std::fs::{OpenOptions, Permissions};
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    const MODE: u32 = 0o600;
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(MODE).open(path)?;
    // A device, such as `/dev/null`, keeps its permissions.
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(MODE))?;
    }
    Ok(file)
}

/// A folder's access control is inherited.
#[cfg(not(unix))]
fn create_private(path: &Path) -> io::Result<File> {
    File::create(path)
}
