//! A strict parser of HTTP/1.1 heads: every accepted head must pass it.

/// A valid head: its first line, and its fields.
pub struct Head<'a> {
    pub start: String,
    pub fields: Vec<(&'a str, &'a [u8])>,
    /// The length in bytes.
    pub len: usize,
}

/// Parses the head at the start of these bytes. Panics if it violates RFC 9112 or a limit.
pub fn parse(bytes: &[u8]) -> Head<'_> {
    let len = bytes.windows(4).position(|end| end == b"\r\n\r\n").expect("an end") + 4;
    assert!(len <= 16 * 1024);
    let mut lines = Vec::new();
    let mut rest = &bytes[..len - 2];
    while let Some(end) = rest.windows(2).position(|end| end == b"\r\n") {
        assert!(end + 2 <= 8 * 1024);
        assert!(
            !rest[..end].iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n' | 0x7f)),
            "a bare line end"
        );
        lines.push(&rest[..end]);
        rest = &rest[end + 2..];
    }
    let [start, fields @ ..] = &lines[..] else { panic!("no line") };
    assert!(fields.len() <= 100);
    let fields = fields.iter().map(|line| {
        let (name, value) =
            line.split_at(line.iter().position(|byte| *byte == b':').expect("a colon"));
        assert!(
            !name.is_empty()
                && name.iter().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b)),
            "a token"
        );
        (std::str::from_utf8(name).expect("ASCII"), value[1..].trim_ascii())
    });
    Head { start: String::from_utf8_lossy(start).into_owned(), fields: fields.collect(), len }
}

/// The bytes with spaces in the place of each fold (RFC 9112 §5.2).
pub fn unfold(bytes: &[u8]) -> Vec<u8> {
    let mut unfolded = bytes.to_vec();
    for at in 2..bytes.len() {
        let is_fold = matches!(bytes[at - 2..=at], [b'\r', b'\n', b' ' | b'\t']);
        // After an empty line it is what follows the head.
        if is_fold && !bytes[..at - 2].ends_with(b"\r\n") {
            unfolded[at - 2..=at].fill(b' ');
        }
    }
    unfolded
}

impl<'a> Head<'a> {
    /// All values of a field.
    pub fn all(&self, name: &str) -> Vec<&'a [u8]> {
        self.fields
            .iter()
            .filter(|field| field.0.eq_ignore_ascii_case(name))
            .map(|field| field.1)
            .collect()
    }

    /// The value of a field that must occur once.
    pub fn one(&self, name: &str) -> &'a str {
        let all = self.all(name);
        assert_eq!(all.len(), 1, "{name}");
        std::str::from_utf8(all[0]).expect("text")
    }

    /// Whether a list contains this element, case-insensitively.
    pub fn lists(&self, name: &str, element: &str) -> bool {
        let values = self.all(name);
        let mut elements = values.iter().flat_map(|value| value.split(|byte| *byte == b','));
        elements.any(|other| other.trim_ascii().eq_ignore_ascii_case(element.as_bytes()))
    }
}
