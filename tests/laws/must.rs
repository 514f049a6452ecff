//! Every requirement of RFC 6455, RFC 7692 and RFC 8441: where the code obeys it and which test
//! proves it, or why it does not apply.
//!
//! The table is `tests/must/*.txt`, read by `table.rs`; `page.rs` writes it out as
//! `CONFORMANCE.md`.

mod page;
mod quotes;
mod table;

use std::collections::HashSet;
use std::{env, fs};

use table::{KEY_WORDS, OTHER_LEVELS, Requirement, Rfc, file, root};

/// How often each section of the RFCs has a key word that requires something: counted in their
/// text, so that no sentence is left out here. §2 of each is missing because it only says what the
/// words mean.
#[rustfmt::skip]
const WORDS: [(u16, &[(&str, usize)]); 3] = [
    (6455, &[
        ("3", 2), ("4.1", 42), ("4.2.1", 2), ("4.2.2", 10), ("4.3", 1), ("4.4", 1), ("5.1", 4), ("5.2", 10), ("5.3", 4),
        ("5.4", 10), ("5.5", 2), ("5.5.1", 8), ("5.5.2", 2), ("5.6", 1), ("5.8", 1), ("6.1", 8), ("6.2", 5), ("7.1.1", 4),
        ("7.1.2", 2), ("7.1.7", 6), ("7.2.1", 3), ("7.2.2", 1), ("7.2.3", 3), ("7.3", 1), ("7.4.1", 4), ("8.1", 1), ("9", 2),
        ("9.1", 5), ("10.2", 2), ("10.3", 1), ("10.4", 2), ("10.6", 2), ("10.7", 3), ("11.1.1", 2), ("11.1.2", 2),
        ("11.3.1", 1), ("11.3.2", 1), ("11.3.3", 1), ("11.3.4", 1), ("11.3.5", 1),
    ]),
    (7692, &[
        ("4", 2), ("5", 11), ("6.1", 4), ("6.2", 2), ("7", 2), ("7.1.1.1", 1), ("7.1.1.2", 1), ("7.1.2.1", 2), ("7.1.2.2", 3),
        ("7.2.1", 7), ("7.2.2", 6), ("7.3", 1),
    ]),
    (8441, &[("3", 2), ("4", 2), ("5", 4)]),
];

/// How many requirements there are, the steps and definitions included, which are not counted in
/// the RFCs.
const ALL: [(u16, usize); 3] = [(6455, 217), (7692, 90), (8441, 22)];

fn rfcs() -> [Rfc; 3] {
    WORDS.map(|(number, _)| Rfc::read(number))
}

/// Fails with all that is wrong, not with the first of it.
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Collects what is wrong with the requirements, one by one.
fn check(wrong: impl Fn(&Requirement) -> Vec<String>) {
    let rfcs = rfcs();
    let all = rfcs.iter().flat_map(Rfc::requirements);
    let wrong =
        all.flat_map(|one| wrong(one).into_iter().map(|what| format!("{}: {what}", one.id)));
    assert_none(&wrong.collect::<Vec<_>>());
}

#[test]
fn every_requirement_cites_code_and_test_or_is_waived() {
    check(|one| match (one.obeyed.is_empty(), one.proved.is_empty(), one.waived.is_some()) {
        (false, false, false) | (true, true, true) => vec![],
        (_, _, true) => vec!["is waived, and has an end all the same".into()],
        (true, ..) => vec!["nothing in src/ obeys it".into()],
        _ => vec!["no test proves it".into()],
    });
}

#[test]
fn every_citation_is_in_its_file() {
    check(|one| {
        let places = one.obeyed.iter().map(|place| (&place.file, place.text.as_str()));
        let proofs =
            one.proved.iter().filter_map(|proof| Some((&proof.file, proof.text.as_deref()?)));
        let stands =
            |path: &str, text: &str| text.len() > 7 && solid(&file(path)).contains(&solid(text));
        places
            .chain(proofs)
            .filter(|(path, text)| !stands(path, text))
            .map(|(path, text)| format!("not in {path}: {text}"))
            .collect()
    });
}

/// The text without white space, commas and comment marks, so that it matches however lines are broken.
fn solid(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_start().trim_start_matches(['/', '!']));
    lines.flat_map(str::chars).filter(|c| !c.is_whitespace() && *c != ',').collect()
}

#[test]
fn every_named_test_exists() {
    check(|one| {
        let missing = one.proved.iter().filter(|proof| !is_test(&file(&proof.file), &proof.test));
        missing.map(|proof| format!("no test {} in {}", proof.test, proof.file)).collect()
    });
}

/// Whether a function has this name, and an attribute that makes it a test.
fn is_test(text: &str, name: &str) -> bool {
    let Some((before, _)) = text.split_once(&format!("fn {name}(")) else { return false };
    let Some((above, _)) = before.rsplit_once('\n') else { return false };
    let mut attributes = above
        .lines()
        .rev()
        .map(str::trim)
        .take_while(|line| line.starts_with("#[") || line.starts_with("//"));
    attributes.any(|line| line == "#[test]" || line.starts_with("#[tokio::test"))
}

/// Each key word of the RFCs is in one sentence here, and that sentence has no other.
#[test]
fn every_key_word_of_the_rfcs_is_in_the_table() {
    let mut wrong = Vec::new();
    for (rfc, (number, words)) in rfcs().iter().zip(WORDS) {
        for (section, count) in words {
            let here = rfc
                .sections
                .iter()
                .filter(|one| one.number == *section)
                .flat_map(|section| &section.requirements);
            let here = here.filter(|one| KEY_WORDS.contains(&one.level.as_str())).count();
            if here != *count {
                wrong.push(format!(
                    "RFC {number} §{section} has {count} key words, and {here} of them are here"
                ));
            }
        }
        let (here, all) =
            (rfc.requirements().count(), ALL.iter().find(|(rfc, _)| *rfc == number).unwrap().1);
        if here != all {
            wrong.push(format!("RFC {number} has {all} requirements, and {here} of them are here"));
        }
        let sections: HashSet<&str> =
            rfc.sections.iter().map(|section| section.number.as_str()).collect();
        assert_eq!(sections.len(), rfc.sections.len(), "a section comes twice");
        for section in &rfc.sections {
            for (i, one) in section.requirements.iter().enumerate() {
                let (id, words) =
                    (format!("{number}-{}-{}", section.number, i + 1), key_words(&one.sentence));
                if one.id != id {
                    wrong.push(format!("{} should be {id}", one.id));
                }
                let expected = if OTHER_LEVELS.contains(&one.level.as_str()) {
                    vec![]
                } else {
                    vec![one.level.as_str()]
                };
                if words != expected {
                    wrong.push(format!(
                        "{id}: a sentence with the key words {words:?} is no {}",
                        one.level
                    ));
                }
            }
        }
    }
    assert_none(&wrong);
}

fn key_words(sentence: &str) -> Vec<&'static str> {
    let mut found = Vec::new();
    let mut rest = sentence;
    while !rest.is_empty() {
        let word = KEY_WORDS.into_iter().find(|word| rest.starts_with(word));
        found.extend(word);
        rest = &rest[word.map_or(rest.chars().next().map_or(0, char::len_utf8), str::len)..];
    }
    found
}

/// A comment in `src/` may quote the RFCs only with words that are in the table, in the section
/// that it names.
#[test]
fn every_quote_in_the_source_is_in_the_table() {
    let rfcs = rfcs();
    let quotes = quotes::in_source();
    let wrong = quotes.iter().filter(|quote| {
        let sections =
            rfcs.iter().filter(|rfc| rfc.number == quote.rfc).flat_map(|rfc| &rfc.sections);
        let sentences = sections
            .filter(|section| section.number == quote.section)
            .flat_map(|section| &section.requirements);
        !quote.is_in(sentences.map(|one| one.sentence.as_str()))
    });
    assert_none(
        &wrong
            .map(|quote| {
                format!(
                    "{}: not in RFC {} §{}: {}",
                    quote.file, quote.rfc, quote.section, quote.text
                )
            })
            .collect::<Vec<_>>(),
    );
    assert!(
        quotes.len() > 40,
        "only {} quotes were found: is the test still reading them?",
        quotes.len()
    );
}

#[test]
fn conformance_md_is_up_to_date() {
    let path = root().join("CONFORMANCE.md");
    let page = page::write(&rfcs());
    if env::var_os("UPDATE").is_some() {
        fs::write(path, page).unwrap();
        return;
    }
    let written = fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    let stale = page
        .lines()
        .zip(written.lines().chain([""].into_iter().cycle()))
        .find(|(is, was)| is != was);
    assert!(
        page == written,
        "CONFORMANCE.md is stale ({stale:?}); write it with: UPDATE=1 cargo test --test laws must::"
    );
}
