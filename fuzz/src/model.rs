//! A model of RFC 6455 for bytes that are received at once: slow, simple, and without code of the
//! crate.

/// A frame, with its payload unmasked.
#[derive(Clone, Debug)]
pub struct Frame {
    pub first: u8,
    pub mask: bool,
    pub payload: Vec<u8>,
    pub bytes: Vec<u8>,
}

/// The complete frames at the start of these bytes, and the rest; without any validation.
pub fn frames(mut bytes: &[u8]) -> (Vec<Frame>, &[u8]) {
    let mut frames = Vec::new();
    while let Some((header, length)) = header(bytes) {
        if ((bytes.len() - header) as u128) < length {
            break;
        }
        let (frame, rest) = bytes.split_at(header + length as usize);
        frames.push(Frame {
            first: frame[0],
            mask: frame[1] > 127,
            payload: unmask(frame, header),
            bytes: frame.to_vec(),
        });
        bytes = rest;
    }
    (frames, bytes)
}

/// The concatenated payloads of all data frames, including an incomplete one.
pub fn data(bytes: &[u8]) -> Vec<u8> {
    let (frames, rest) = frames(bytes);
    let begun = header(rest).filter(|_| rest[0] & 8 == 0).map(|(size, _)| unmask(rest, size));
    let whole = frames.into_iter().filter(|frame| frame.first & 8 == 0).map(|frame| frame.payload);
    whole.chain(begun).flatten().collect()
}

/// The missing bytes of an incomplete frame of at least two bytes: the rest of a valid header, and
/// the length of the missing payload.
pub fn missing(bytes: &[u8]) -> (Vec<u8>, u128) {
    let (_, rest) = frames(bytes);
    if rest.len() < 2 {
        return (vec![], 0);
    }
    let mut whole = rest.to_vec();
    // A length must be in its shortest form.
    while header(&whole).is_none() {
        whole.push(if whole.len() == 2 { 0 } else { 0xff });
    }
    let length = header(&whole).map_or(0, |(size, length)| length - (whole.len() - size) as u128);
    (whole.split_off(rest.len()), length)
}

/// The size of a complete header, and the payload length in it.
fn header(bytes: &[u8]) -> Option<(usize, u128)> {
    let second = *bytes.get(1)?;
    let long = match second & 127 {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let size = 2 + long + if second > 127 { 4 } else { 0 };
    let length =
        bytes.get(2..size)?[..long].iter().fold(0, |length, byte| length << 8 | u128::from(*byte));
    Some((size, if long == 0 { u128::from(second & 127) } else { length }))
}

/// The unmasked bytes after a header.
fn unmask(frame: &[u8], header: usize) -> Vec<u8> {
    let mut payload = frame[header..].to_vec();
    if frame[1] > 127 {
        let key = &frame[header - 4..header];
        payload
            .chunks_mut(4)
            .for_each(|four| four.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key));
    }
    payload
}

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub message: u64,
    pub frame: u64,
    pub fragments: u32,
}

/// An event of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Text(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// The peer's Close frame: 1005 if it had no code.
    Close(u16, Vec<u8>),
    /// A protocol error, by its close code.
    Violation(u16),
}

/// An incomplete message.
struct Message {
    text: bool,
    content: Vec<u8>,
    announced: u128,
    fragments: u32,
}

/// All events of these bytes, for a server or a client.
pub fn receive(mut bytes: &[u8], server: bool, limits: Limits) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut message: Option<Message> = None;
    loop {
        match step(&mut bytes, server, limits, &mut message) {
            Ok(None) => return seen,
            Ok(Some(more)) => seen.extend(more),
            Err(end) => {
                seen.push(end);
                return seen;
            }
        }
    }
}

/// Parses one frame, or the start of one; `None` if the bytes are incomplete.
fn step(
    bytes: &mut &[u8],
    server: bool,
    limits: Limits,
    message: &mut Option<Message>,
) -> Result<Option<Option<Seen>>, Seen> {
    let [first, second, ..] = **bytes else { return Ok(None) };
    let (fin, opcode) = (first > 127, first & 15);
    let control = opcode > 7;
    // Checked after two bytes: §5.2, §5.5. RSV1 and the mask bit are checked when the header is
    // complete.
    if first & 0x30 != 0
        || ![0, 1, 2, 8, 9, 10].contains(&opcode)
        || control && (second & 127 > 125 || !fin)
    {
        return Err(Seen::Violation(1002));
    }
    // §5.2: the form of the length is checked before the masking key is received.
    let long = [0, 2, 8][usize::from((second & 127).saturating_sub(125))];
    if let Some(length) = bytes.get(2..2 + long) {
        let length = length.iter().fold(0_u64, |length, byte| length << 8 | u64::from(*byte));
        if long == 2 && length < 126 || long == 8 && (!(65_536..1 << 63).contains(&length)) {
            return Err(Seen::Violation(1002));
        }
    }
    let Some((size, length)) = header(bytes) else { return Ok(None) };
    if first & 0x40 != 0 || (second > 127) != server {
        return Err(Seen::Violation(1002));
    }
    let there = (length.min((bytes.len() - size) as u128)) as usize;
    let payload = unmask(&bytes[..size + there], size);
    let whole = there as u128 == length;
    if control {
        if !whole {
            return Ok(None);
        }
        *bytes = &bytes[size + there..];
        return match opcode {
            9 => Ok(Some(Some(Seen::Ping(payload)))),
            10 => Ok(Some(Some(Seen::Pong(payload)))),
            _ => Err(close(&payload)),
        };
    }
    // §5.4
    if (opcode == 0) != message.is_some() {
        return Err(Seen::Violation(1002));
    }
    let open = message.get_or_insert(Message {
        text: opcode == 1,
        content: Vec::new(),
        announced: 0,
        fragments: 0,
    });
    open.announced += length;
    open.fragments += 1;
    // §10.4
    if open.announced > u128::from(limits.message).min(i64::MAX as u128)
        || length > u128::from(limits.frame)
    {
        return Err(Seen::Violation(1009));
    }
    if open.fragments > limits.fragments {
        return Err(Seen::Violation(1008));
    }
    open.content.extend(payload);
    let last = whole && fin;
    // §8.1: at the first invalid byte, or at the end of a text that ends inside a character.
    if open.text
        && std::str::from_utf8(&open.content)
            .is_err_and(|error| last || error.error_len().is_some())
    {
        return Err(Seen::Violation(1007));
    }
    if !whole {
        return Ok(None);
    }
    *bytes = &bytes[size + there..];
    let Some(done) = message.take_if(|_| last) else { return Ok(Some(None)) };
    Ok(Some(Some(if done.text { Seen::Text(done.content) } else { Seen::Binary(done.content) })))
}

/// §5.5.1, §7.4
fn close(payload: &[u8]) -> Seen {
    match payload {
        [] => Seen::Close(1005, vec![]),
        [_] => Seen::Violation(1002),
        [high, low, reason @ ..] => match u16::from_be_bytes([*high, *low]) {
            code @ (1000..=1003 | 1007..=1014 | 3000..=4999)
                if std::str::from_utf8(reason).is_ok() =>
            {
                Seen::Close(code, reason.to_vec())
            }
            1000..=1003 | 1007..=1014 | 3000..=4999 => Seen::Violation(1007),
            _ => Seen::Violation(1002),
        },
    }
}

/// Converts a connection's events to the model's; chunks are joined, except for those of an
/// incomplete message.
pub fn seen(events: &[sansocket::Event]) -> Vec<Seen> {
    use sansocket::{CloseOutcome, Event, Kind, Message};
    let mut parts: Vec<u8> = Vec::new();
    let one = |event: &Event| {
        Some(match event {
            Event::Message(Message::Text(text)) => Seen::Text(text.as_bytes().to_vec()),
            Event::Message(Message::Binary(bytes)) => Seen::Binary(bytes.to_vec()),
            Event::Ping(payload) => Seen::Ping(payload.to_vec()),
            Event::Pong(payload) => Seen::Pong(payload.to_vec()),
            Event::Chunk(part) => {
                parts.extend(&part.bytes);
                match part.kind {
                    _ if !part.last => return None,
                    Kind::Text => Seen::Text(std::mem::take(&mut parts)),
                    Kind::Binary => Seen::Binary(std::mem::take(&mut parts)),
                }
            }
            Event::Closed(closed) => match closed.outcome() {
                CloseOutcome::Clean => Seen::Close(closed.code(), closed.reason().into()),
                CloseOutcome::ProtocolError(error) => Seen::Violation(error.close_code().get()),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        })
    };
    events.iter().filter_map(one).collect()
}
