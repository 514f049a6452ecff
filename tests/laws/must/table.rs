//! Reads the table: a paragraph a requirement.
//!
//! ```text
//! 6455-5.4-4 · MUST NOT · both                             number · level · whom it binds
//!     "Control frames themselves MUST NOT be fragmented"   the sentence; … is what is left out of it
//!     src/wire/header.rs: if !fin {                        where it is obeyed: a file, and what stands in it
//!     tests/frames.rs::every_line: C 0900 => error 1002    which test proves it, and what stands there if it proves much else
//!     note: …                                              what is to be known, if anything
//!     waived: …                                            why it does not apply, instead of both ends
//! ```

use std::fs;
use std::path::Path;

/// The key words of RFC 2119 that require something.
pub const KEY_WORDS: [&str; 6] =
    ["MUST NOT", "MUST", "SHOULD NOT", "SHOULD", "REQUIRED", "RECOMMENDED"];

/// What else a sentence may be, in addition to its key word: a step or condition of an algorithm that a
/// MUST introduces (RFC 6455 §2), a "must" in small letters, a definition that the code follows, or
/// something allowed that it does.
pub const OTHER_LEVELS: [&str; 4] = ["step", "must", "says", "MAY"];

pub struct Rfc {
    pub number: u16,
    pub title: String,
    pub sections: Vec<Section>,
}

pub struct Section {
    pub number: String,
    pub title: String,
    pub requirements: Vec<Requirement>,
}

#[derive(Default)]
pub struct Requirement {
    pub id: String,
    pub level: String,
    pub binds: String,
    pub sentence: String,
    pub obeyed: Vec<Place>,
    pub proved: Vec<Proof>,
    pub note: Option<String>,
    pub waived: Option<String>,
}

/// A file, and what stands in it.
pub struct Place {
    pub file: String,
    pub text: String,
}

/// A test in a file, and what stands there if the test proves much else.
pub struct Proof {
    pub file: String,
    pub test: String,
    pub text: Option<String>,
}

impl Rfc {
    pub fn read(number: u16) -> Self {
        let text = file(&format!("tests/must/rfc{number}.txt"));
        let mut lines = text.lines();
        let title = lines
            .next()
            .and_then(|line| line.strip_prefix(&format!("RFC {number} ")))
            .expect("a title");
        let mut rfc = Self { number, title: title.into(), sections: Vec::new() };
        for line in lines.filter(|line| !line.is_empty()) {
            rfc.take(line).unwrap_or_else(|| panic!("rfc{number}.txt: what is this? {line}"));
        }
        rfc
    }

    pub fn requirements(&self) -> impl Iterator<Item = &Requirement> {
        self.sections.iter().flat_map(|section| &section.requirements)
    }

    fn take(&mut self, line: &str) -> Option<()> {
        if let Some(heading) = line.strip_prefix("§ ") {
            let (number, title) = heading.split_once(' ')?;
            self.sections.push(Section {
                number: number.into(),
                title: title.into(),
                requirements: Vec::new(),
            });
            return Some(());
        }
        let requirements = &mut self.sections.last_mut()?.requirements;
        let Some(part) = line.strip_prefix("    ") else {
            let [id, level, binds] = line.split(" · ").collect::<Vec<_>>().try_into().ok()?;
            requirements.push(Requirement {
                id: id.into(),
                level: level.into(),
                binds: binds.into(),
                ..Requirement::default()
            });
            return Some(());
        };
        requirements.last_mut()?.take(part)
    }
}

impl Requirement {
    fn take(&mut self, part: &str) -> Option<()> {
        if let Some(sentence) = part.strip_prefix('"') {
            self.sentence = sentence.strip_suffix('"')?.into();
        } else if part.starts_with("src/") {
            let (file, text) = part.split_once(": ")?;
            self.obeyed.push(Place { file: file.into(), text: text.into() });
        } else if part.starts_with("tests/") {
            let (name, text) = part
                .split_once(": ")
                .map_or((part, None), |(name, text)| (name, Some(text.into())));
            let (file, test) = name.split_once("::")?;
            self.proved.push(Proof { file: file.into(), test: test.into(), text });
        } else {
            let (what, text) = part.split_once(": ")?;
            *match what {
                "note" => &mut self.note,
                "waived" => &mut self.waived,
                _ => return None,
            } = Some(text.into());
        }
        Some(())
    }
}

/// A file of the project, as text.
pub fn file(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub fn root() -> &'static Path {
    support::repository()
}
