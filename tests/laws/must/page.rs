//! Writes `CONFORMANCE.md`: the table for people.

use std::fmt::Write;

use super::table::{KEY_WORDS, OTHER_LEVELS, Requirement, Rfc};

const INTRODUCTION: &str = "\
# Conformance

Every sentence of RFC 6455, RFC 7692 and RFC 8441 that requires something, where the code obeys it, and which test proves it; or
why it does not apply. The sentences are the RFCs' own, shortened where an … stands.

This page is written by a test, which also fails if a requirement has lost one of its ends: a line of code that no longer stands
in its file, or a test that no longer exists. The table behind it is in `tests/must/`, with the very lines that are cited.

```text
UPDATE=1 cargo test --test laws must::
```

Beside the key words of RFC 2119 there are *steps*: imperatives and conditions of an algorithm that a MUST introduces (RFC 6455
§2); *must*, in the small letters in which the RFC has it; *says*, a definition or an example that the code follows; and *MAY*,
where it does what it may.
";

pub fn write(rfcs: &[Rfc]) -> String {
    let mut page = String::from(INTRODUCTION);
    summarize(&mut page, rfcs);
    for rfc in rfcs {
        write!(page, "\n## RFC {}: {}\n", rfc.number, rfc.title).unwrap();
        for section in &rfc.sections {
            write!(page, "\n### §{} {}\n\n", section.number, escape(&section.title)).unwrap();
            page.push_str(
                "| | level | sentence | binds | obeyed | proved |\n|---|---|---|---|---|---|\n",
            );
            for requirement in &section.requirements {
                row(&mut page, requirement);
            }
        }
    }
    page
}

/// How many there are, and what has become of them.
fn summarize(page: &mut String, rfcs: &[Rfc]) {
    let columns: Vec<String> = rfcs.iter().map(|rfc| format!("RFC {}", rfc.number)).collect();
    write!(page, "\n| level | {} |\n|---|{}\n", columns.join(" | "), "---:|".repeat(rfcs.len()))
        .unwrap();
    let mut line = |name: &str, counted: &dyn Fn(&Requirement) -> bool| {
        let counts: Vec<_> =
            rfcs.iter().map(|rfc| rfc.requirements().filter(|one| counted(one)).count()).collect();
        if counts.iter().sum::<usize>() > 0 {
            let cells: Vec<_> = counts.iter().map(ToString::to_string).collect();
            writeln!(page, "| {name} | {} |", cells.join(" | ")).unwrap();
        }
    };
    for level in KEY_WORDS.into_iter().chain(OTHER_LEVELS) {
        line(level, &|one| one.level == level);
    }
    line("**all**", &|_| true);
    line("obeyed and proved", &|one| !one.obeyed.is_empty());
    line("does not apply", &|one| one.waived.is_some());
}

fn row(page: &mut String, one: &Requirement) {
    let number = one.id.rsplit('-').next().unwrap_or_default();
    let obeyed = one.obeyed.iter().map(|place| {
        let name = place.file.trim_start_matches("src/").trim_end_matches(".rs");
        format!("[{name}]({}) {}", place.file, code(&place.text))
    });
    let proved = one.proved.iter().map(|proof| {
        let text = proof.text.as_deref().map(code).unwrap_or_default();
        format!("[{}]({}) {text}", proof.test, proof.file).trim_end().to_owned()
    });
    let (mut obeyed, mut proved) = (lines(obeyed), lines(proved));
    if let Some(reason) = &one.waived {
        (obeyed, proved) = ("–".into(), format!("*{}*", escape(reason)));
    }
    if let Some(note) = &one.note {
        write!(proved, "<br>*{}*", escape(note)).unwrap();
    }
    writeln!(
        page,
        "| {number} | {} | {} | {} | {obeyed} | {proved} |",
        one.level,
        escape(&one.sentence),
        one.binds
    )
    .unwrap();
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("<br>")
}

/// Code in a cell: nothing in it is Markdown but the end of the cell.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

/// What Markdown would take for its own.
fn escape(text: &str) -> String {
    text.chars()
        .flat_map(|c| "|*_[]<>`\\".contains(c).then_some('\\').into_iter().chain([c]))
        .collect()
}
