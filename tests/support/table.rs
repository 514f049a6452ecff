//! Tables of received bytes and the events that they become: `WORD LIMITS BYTES|BYTES => EVENTS`.
//!
//! ```text
//!   C max_message=5 0102 6162|0000 => error 1009    # a remark
//!   │ │             │       │        └ events, separated by a comma
//!   │ │             │       └ the end of a read
//!   │ │             └ hexadecimal
//!   │ └ limits of the configuration, `none` for unlimited
//!   └ the connection, as the test defines it
//! ```

use sansocket::{Chunk, CloseOutcome, Config, Connection, Event, Message};

use super::{Chunking, drain, feed, hex};

pub struct Row<'a> {
    pub line: &'a str,
    pub word: &'a str,
    pub config: Config,
    pub reads: Vec<Vec<u8>>,
    expected: &'a str,
}

/// The rows of a table.
pub fn rows(table: &str) -> impl Iterator<Item = Row<'_>> {
    let lines = table.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty()).map(Row::parse)
}

impl<'a> Row<'a> {
    fn parse(line: &'a str) -> Self {
        let (left, expected) = line.split_once("=>").unwrap_or_else(|| panic!("{line}"));
        let mut words: Vec<&str> = left.split_whitespace().collect();
        let reads = words.pop().unwrap().split('|').map(hex).collect();
        let config = words[1..].iter().fold(Config::new(), |config, word| limit(config, word));
        Self { line, word: words[0], config, reads, expected: expected.trim() }
    }

    /// Checks that these reads give the expected events, and that the same bytes give the same
    /// events and output whole, byte by byte and at every split. Returns the connection, its events
    /// and its output.
    pub fn check(
        &self,
        reads: &[Vec<u8>],
        fresh: impl Fn() -> Connection,
    ) -> (Connection, Vec<Event>, Vec<u8>) {
        let line = self.line;
        let mut whole = fresh();
        let events: Vec<Event> =
            reads.iter().flat_map(|read| feed(&mut whole, read, Chunking::Whole)).collect();
        let output = drain(&mut whole);
        let role = whole.role();
        assert_eq!(describe(&events), self.expected, "{line}, {role:?}");

        let bytes = reads.concat();
        let splits =
            (0..=bytes.len()).map(Chunking::At).chain([Chunking::Whole, Chunking::Bytewise]);
        for chunking in splits {
            let mut other = fresh();
            let found = feed(&mut other, &bytes, chunking);
            assert_eq!(found, events, "{line}, {role:?}, {chunking:?}");
            assert_eq!(drain(&mut other), output, "{line}, {role:?}, {chunking:?}");
        }
        (whole, events, output)
    }
}

fn limit(config: Config, word: &str) -> Config {
    let (name, value) = word.split_once('=').unwrap();
    let value = if value == "none" { Config::UNLIMITED } else { value.parse().unwrap() };
    match name {
        "max_message" => config.max_message_size(value),
        "max_frame" => config.max_frame_size(value),
        "max_fragments" => config.max_fragments(value as u32),
        _ => panic!("{word}"),
    }
}

/// Events in words, as tables have them.
pub fn describe(events: &[Event]) -> String {
    let bytes = |bytes: &[u8]| {
        if bytes.is_empty() {
            "-".into()
        } else {
            bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()
        }
    };
    let one = |event: &Event| match event {
        Event::Message(Message::Text(text)) => format!("text {}", bytes(text.as_bytes())),
        Event::Message(Message::Binary(binary)) => format!("binary {}", bytes(binary)),
        Event::Chunk(Chunk { bytes: chunk, last, .. }) => {
            format!("chunk {}{}", bytes(chunk), if *last { " last" } else { "" })
        }
        Event::Ping(payload) => format!("ping {}", bytes(payload)),
        Event::Pong(payload) => format!("pong {}", bytes(payload)),
        Event::Closed(closed) => match closed.outcome() {
            CloseOutcome::Clean => {
                format!("close {} {}", closed.code(), bytes(closed.reason().as_bytes()))
            }
            CloseOutcome::ProtocolError(error) => format!("error {}", error.close_code()),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    if events.is_empty() {
        "nothing".into()
    } else {
        events.iter().map(one).collect::<Vec<_>>().join(", ")
    }
}
