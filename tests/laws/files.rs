//! Reads which file of a crate uses which other: what the paths in its code resolve to.
//!
//! An import is resolved to the file that defines the item: a module that only re-exports it is not
//! on the way. Understood is as much of the language as the source uses: `use` trees, paths from
//! `crate`, `self`, `super`, and paths from a module that is declared or imported in the file.
//! Method calls are not resolved.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// All files below a folder.
pub fn below(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { below(&path) } else { vec![path] }).collect()
}

/// The code of a file: comments are cut out, and string and character literals are empty.
pub fn code(text: &str) -> String {
    let (mut code, mut rest) = (String::new(), text);
    while let Some(next) = rest.chars().next() {
        let len = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(hashes) = raw_string(rest) {
            let (open, close) = (2 + hashes, format!("\"{}", "#".repeat(hashes)));
            rest[open..].find(&close).map_or(rest.len(), |end| open + end + close.len())
        } else if next == '"' {
            quoted(rest, '"')
        } else if next == '\'' && is_character(rest) {
            quoted(rest, '\'')
        } else {
            code.push(next);
            next.len_utf8()
        };
        rest = &rest[len..];
    }
    code
}

/// The number of hashes of the raw string that begins here.
fn raw_string(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('r')?;
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    rest[hashes..].starts_with('"').then_some(hashes)
}

/// Whether a quotation mark begins a character, not a lifetime.
fn is_character(text: &str) -> bool {
    let mut next = text.chars().skip(1);
    matches!((next.next(), next.next()), (Some('\\'), _) | (Some(_), Some('\'')))
}

/// The length of a literal in these marks.
fn quoted(text: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if !escaped && c == mark {
            return at + 1;
        }
        escaped = !escaped && c == '\\';
    }
    text.len()
}

/// A path in the code, as `["crate", "wire", "Opcode"]`, and the name that an import gives it. The
/// last segment is `*` for all that a module exports.
#[derive(Clone, Debug, PartialEq)]
struct Import {
    path: Vec<String>,
    name: String,
    /// Whether others can import it from here.
    exported: bool,
    /// In how many modules within the file it stands.
    depth: usize,
}

struct File {
    /// Where its module is: `["connection", "policy"]`.
    module: Vec<String>,
    /// Modules in files of their own.
    children: BTreeSet<String>,
    items: BTreeSet<String>,
    imports: Vec<Import>,
    /// Paths elsewhere in the code, and how deep they stand.
    paths: Vec<(Vec<String>, usize)>,
    /// All other words.
    words: BTreeSet<String>,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The words of the code with their places; between two of them there may be anything.
fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += code[at..].find(is_word)?;
        let len = code[at..].find(|c| !is_word(c)).unwrap_or(code.len() - at);
        let word = (at, &code[at..at + len]);
        at += len;
        Some(word)
    })
}

/// The bodies of the modules that stand in the file itself.
fn inline_modules(code: &str) -> Vec<Range<usize>> {
    let places = code.match_indices("mod ").filter_map(|(at, _)| {
        let rest = &code[at + 4..];
        let name = rest.find(|c| !is_word(c))?;
        let begun = at + 4 + name;
        code[begun..].trim_start().starts_with('{').then_some(begun)
    });
    let ends = |begun: usize| {
        let mut depth = 0;
        for (at, c) in code[begun..].char_indices() {
            depth += i32::from(c == '{') - i32::from(c == '}');
            if c == '}' && depth == 0 {
                return begun + at;
            }
        }
        code.len()
    };
    places.map(|begun| begun..ends(begun)).collect()
}

/// Spreads a `use` tree.
fn spread(tree: &str, before: &[String], found: &mut Vec<(Vec<String>, String)>) {
    let tree = tree.trim();
    if let Some((head, group)) = tree.split_once('{') {
        let path: Vec<_> = before.iter().cloned().chain(segments(head)).collect();
        let group = group.rsplit_once('}').map_or(group, |(group, _)| group);
        let (mut depth, mut begun) = (0, 0);
        for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
            depth += i32::from(c == '{') - i32::from(c == '}');
            if c == ',' && depth == 0 {
                if !group[begun..at].trim().is_empty() {
                    spread(&group[begun..at], &path, found);
                }
                begun = at + 1;
            }
        }
        return;
    }
    let (path, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
    let mut all = before.to_vec();
    all.extend(segments(path));
    if all.len() > 1 && all.last().is_some_and(|last| last == "self") {
        all.pop();
    }
    let name = if alias.is_empty() { all.last().cloned() } else { Some(alias.trim().into()) };
    found.push((all, name.unwrap_or_default()));
}

fn segments(path: &str) -> impl Iterator<Item = String> {
    path.split("::")
        .map(|segment| segment.trim().trim_start_matches('$').to_owned())
        .filter(|segment| !segment.is_empty())
}

impl File {
    fn read(module: Vec<String>, text: &str) -> Self {
        let mut code = code(text);
        let modules = inline_modules(&code);
        let depth = |at: usize| modules.iter().filter(|module| module.contains(&at)).count();
        let mut file = Self {
            module,
            children: BTreeSet::new(),
            items: BTreeSet::new(),
            imports: vec![],
            paths: vec![],
            words: BTreeSet::new(),
        };
        let mut statements = vec![];
        let all: Vec<_> = words(&code).collect();
        for (i, &(at, word)) in all.iter().enumerate() {
            let next = all.get(i + 1).map(|(_, next)| *next).unwrap_or_default();
            let line = code[..at].rfind('\n').map_or(0, |end| end + 1);
            let outermost = !code[line..].starts_with(' ');
            if word == "use" && !code[at + 3..].starts_with('<') {
                let end = at + code[at..].find(';').unwrap_or(code.len() - at);
                statements.push(at..end);
            }
            let defines = ["struct", "enum", "trait", "fn", "const", "static", "type", "union"];
            if outermost && (defines.contains(&word) || word == "macro_rules") {
                file.items.insert(next.to_owned());
            }
            if word == "mod" && depth(at) == 0 {
                let rest = code[at + 3..].trim_start();
                if rest[next.len()..].trim_start().starts_with(';') {
                    file.children.insert(next.to_owned());
                } else {
                    file.items.insert(next.to_owned());
                }
            }
        }
        for statement in &statements {
            let line = code[..statement.start].rfind(['\n', ';', '}']).map_or(0, |end| end + 1);
            let exported = code[line..statement.start].contains("pub");
            let mut found = vec![];
            spread(&code[statement.start + 3..statement.end], &[], &mut found);
            file.imports.extend(found.into_iter().map(|(path, name)| Import {
                path,
                name,
                exported,
                depth: depth(statement.start),
            }));
        }
        for statement in statements.into_iter().rev() {
            // What follows keeps its place.
            let blank = " ".repeat(statement.len());
            code.replace_range(statement, &blank);
        }
        let mut path: Vec<String> = vec![];
        let mut end = 0;
        for (at, word) in words(&code).chain([(code.len(), "")]) {
            let follows = !path.is_empty() && code[end..at].trim() == "::";
            if !follows {
                if path.len() > 1 {
                    file.paths.push((std::mem::take(&mut path), depth(end.saturating_sub(1))));
                }
                path.clear();
            }
            path.push(word.to_owned());
            file.words.insert(word.to_owned());
            end = at + word.len();
        }
        file
    }
}

/// The files of a crate.
pub struct Crate {
    files: BTreeMap<String, File>,
    modules: HashMap<Vec<String>, String>,
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq)]
enum Target {
    Module(Vec<String>),
    /// An item in this file.
    Item(String),
}

impl Crate {
    /// From the files' names below the folder of `lib.rs`, and their texts.
    pub fn new(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let files: BTreeMap<_, _> = files
            .into_iter()
            .map(|(name, text)| {
                let stem = name.trim_end_matches(".rs");
                let mut module: Vec<_> = stem.split('/').map(String::from).collect();
                if ["mod", "lib"].contains(&module.last().map_or("", String::as_str)) {
                    module.pop();
                }
                let file = File::read(module, &text);
                (name, file)
            })
            .collect();
        let modules = files.iter().map(|(name, file)| (file.module.clone(), name.clone()));
        Self { modules: modules.collect(), files }
    }

    /// From the files on the disk.
    pub fn read(folder: &Path) -> Self {
        Self::new(below(folder).into_iter().map(|path| {
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
            (name, fs::read_to_string(&path).unwrap())
        }))
    }

    /// What a path of a file leads to, if that is in the crate.
    fn resolve(&self, file: &File, path: &[String], depth: usize, fuel: usize) -> Option<Target> {
        let mut module = file.module.clone();
        let mut rest = path;
        let mut left = depth;
        let mut anchored = false;
        while let Some(first) = rest.first() {
            match first.as_str() {
                "crate" => module.clear(),
                "self" => {}
                "super" if left > 0 => left -= 1,
                "super" => {
                    module.pop()?;
                }
                _ => break,
            }
            anchored = true;
            rest = &rest[1..];
        }
        // A path without an anchor begins with something that the file declares or imports.
        if !anchored && !file.children.contains(path.first()?) {
            let name = path.first()?;
            let import = file.imports.iter().find(|import| import.name == *name)?;
            let begun = import.path.first().is_some_and(|first| first == name);
            let target = (!begun && fuel > 0)
                .then(|| self.resolve(file, &import.path, import.depth, fuel - 1))??;
            return self.walk(target, &path[1..], fuel);
        }
        self.walk(Target::Module(module), rest, fuel)
    }

    fn walk(&self, from: Target, path: &[String], fuel: usize) -> Option<Target> {
        let Target::Module(module) = &from else { return Some(from) };
        let Some(first) = path.first() else { return Some(from) };
        let name = self.modules.get(module)?;
        let file = &self.files[name];
        if file.children.contains(first) {
            let child = [&module[..], std::slice::from_ref(first)].concat();
            return self.walk(Target::Module(child), &path[1..], fuel);
        }
        if file.items.contains(first) || first == "*" {
            return Some(Target::Item(name.clone()));
        }
        let fuel = fuel.checked_sub(1)?;
        let by_name = file.imports.iter().filter(|import| import.name == *first);
        let globs = file.imports.iter().filter(|import| import.name == "*");
        by_name.chain(globs).find_map(|import| {
            let mut whole = import.path.clone();
            if import.name == "*" {
                whole.pop();
                whole.push(first.clone());
            }
            let target = self.resolve(file, &whole, import.depth, fuel)?;
            self.walk(target, &path[1..], fuel)
        })
    }

    /// Which files each file uses. What a file only passes on, by `pub use`, it does not use.
    pub fn uses(&self) -> BTreeMap<&str, BTreeSet<String>> {
        const FUEL: usize = 8;
        let of = |name: &str, file: &File| {
            let imports = file
                .imports
                .iter()
                .filter(|import| !import.exported || file.words.contains(&import.name))
                .map(|import| (&import.path, import.depth));
            let paths = file.paths.iter().map(|(path, depth)| (path, *depth));
            let targets = imports
                .chain(paths)
                .filter_map(|(path, depth)| self.resolve(file, path, depth, FUEL));
            let files = targets.filter_map(|target| match target {
                Target::Item(file) => Some(file),
                // A module by itself is no dependency: what is used of it is a path of its own.
                Target::Module(_) => None,
            });
            files.filter(|used| used != name).collect::<BTreeSet<_>>()
        };
        self.files.iter().map(|(name, file)| (name.as_str(), of(name, file))).collect()
    }

    /// Every set of files that use each other in a circle, but for what is known: a file, and one
    /// that it uses.
    pub fn circles(&self, known: &[(&str, &str)]) -> Vec<BTreeSet<String>> {
        let mut uses = self.uses();
        for (file, used) in known {
            uses.get_mut(file).map(|files| files.remove(*used));
        }
        let reached = |from: &str| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(file) = open.pop() {
                for next in uses.get(file).into_iter().flatten() {
                    if seen.insert(next.as_str()) {
                        open.push(next);
                    }
                }
            }
            seen
        };
        let reach: BTreeMap<_, _> = uses.keys().map(|file| (*file, reached(file))).collect();
        let mut circles: Vec<BTreeSet<String>> = vec![];
        for (file, reachable) in &reach {
            if !reachable.contains(file) || circles.iter().any(|circle| circle.contains(*file)) {
                continue;
            }
            let circle = reachable.iter().filter(|other| reach[**other].contains(file));
            circles.push(circle.map(|&file| file.to_owned()).collect());
        }
        circles
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Crate, code};

    fn made_up(files: &[(&str, &str)]) -> Crate {
        Crate::new(files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())))
    }

    fn set(files: &[&str]) -> BTreeSet<String> {
        files.iter().map(|file| (*file).to_owned()).collect()
    }

    #[test]
    fn two_files_that_import_each_other_are_a_circle() {
        let sources = made_up(&[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::b::B;\npub struct A(B);"),
            ("b.rs", "use crate::a::A;\npub struct B(Box<A>);"),
            ("c.rs", "use crate::a::A;\npub struct C(A);"),
        ]);
        assert_eq!(sources.circles(&[]), [set(&["a.rs", "b.rs"])]);
        assert_eq!(sources.circles(&[("b.rs", "a.rs")]), []);
        assert_eq!(sources.circles(&[("c.rs", "a.rs")]), [set(&["a.rs", "b.rs"])]);
    }

    #[test]
    fn a_circle_of_three_is_found_through_re_exports_aliases_and_paths() {
        let sources = made_up(&[
            ("lib.rs", "mod a;"),
            ("a/mod.rs", "mod one;\nmod two;\nmod three;\npub use one::One;\npub use three::*;"),
            ("a/one.rs", "use super::two;\npub struct One(two::Two);"),
            ("a/two.rs", "pub struct Two(Box<crate::a::Three>);"),
            ("a/three.rs", "use super::{One as First};\npub struct Three(First);"),
        ]);
        assert_eq!(sources.circles(&[]), [set(&["a/one.rs", "a/three.rs", "a/two.rs"])]);
    }

    #[test]
    fn a_module_and_its_child_that_use_each_other_are_a_circle() {
        let child = ("a/b.rs", "use super::A;\npub struct B(Box<A>);");
        let user = "mod b;\npub use self::b::B;\npub struct A(B);";
        let sources = made_up(&[("lib.rs", "mod a;"), ("a/mod.rs", user), child]);
        assert_eq!(sources.circles(&[]), [set(&["a/b.rs", "a/mod.rs"])]);
        let re_exporter = "mod b;\npub use self::b::B;\npub struct A;";
        let sources = made_up(&[("lib.rs", "mod a;"), ("a/mod.rs", re_exporter), child]);
        assert_eq!(sources.circles(&[]), []);
    }

    #[test]
    fn siblings_behind_a_module_that_re_exports_are_no_circle() {
        let sources = made_up(&[
            ("lib.rs", "mod a;\npub use a::{Left, Right};"),
            ("a/mod.rs", "mod left;\nmod right;\npub use {left::Left, right::Right};"),
            ("a/left.rs", "use super::Right;\npub struct Left(Right);"),
            ("a/right.rs", "pub struct Right;"),
        ]);
        assert_eq!(sources.uses()["a/left.rs"], set(&["a/right.rs"]));
        assert_eq!((sources.uses()["a/mod.rs"].len(), sources.circles(&[])), (0, vec![]));
    }

    #[test]
    fn comments_literals_and_other_crates_are_no_uses() {
        let sources = made_up(&[
            ("lib.rs", "mod a; mod b;"),
            (
                "a.rs",
                "// use crate::b::B;\n/* crate::b::B */\nuse std::io::b;\nconst A: &str = \"crate::b::B\";",
            ),
            (
                "b.rs",
                "mod inside {\n    use super::B;\n    fn f(b: B<'_>, c: char) -> bool { c == '\"' }\n}\npub struct B;",
            ),
        ]);
        assert!(sources.uses().values().all(BTreeSet::is_empty), "{:?}", sources.uses());
        assert_eq!(code("let c = '\\''; let s = r#\"a\"b\"#; // c"), "let c = ; let s = ; ");
    }
}
