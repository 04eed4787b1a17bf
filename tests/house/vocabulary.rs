//! One word for one thing: no two public types of one name, and no file called by a word that the glossary gives up.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{File, Violation};

const GLOSSARY: &str = "docs/glossary.md";
const KINDS: &[&str] = &["struct", "enum", "trait", "type", "union"];

/// Public types that have the name of another one, but for the first.
pub fn names_twice(files: &[File]) -> Vec<Violation> {
    let mut first = BTreeMap::new();
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is_source()) {
        for (line, text) in (1..).zip(file.code().lines()) {
            let Some(name) = public_type(text) else { continue };
            if let Some((path, at)) = first.get(&name) {
                let what = format!("`{name}` is the name of a type at {path}:{at} already");
                found.push(file.violation(line, what, "no public type name stands twice"));
            } else {
                first.insert(name, (file.path.clone(), line));
            }
        }
    }
    found
}

/// The name of the type that a line declares for others.
fn public_type(line: &str) -> Option<String> {
    let rest = line.trim_start().strip_prefix("pub")?;
    let rest = match rest.strip_prefix('(') {
        Some(rest) => rest.split_once(')')?.1,
        None => rest,
    };
    let (kind, rest) = rest.strip_prefix(' ')?.split_once(' ')?;
    let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
    (KINDS.contains(&kind) && !name.is_empty()).then(|| name.to_owned())
}

/// Files and folders whose name is in a last column of the glossary.
pub fn given_up(files: &[File]) -> Vec<Violation> {
    let words: BTreeSet<_> =
        files.iter().filter(|file| file.path == GLOSSARY).flat_map(words_given_up).collect();
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("src/") && file.is_rust()) {
        let parts = file.path.trim_end_matches(".rs").split('/');
        for word in parts.filter(|part| words.contains(part)) {
            let what = format!("`{word}` has another word in {GLOSSARY}");
            found.push(file.violation(1, what, "files are called by the words of the glossary"));
        }
    }
    found
}

/// What stands in backticks in the last column of the tables that have three.
fn words_given_up(glossary: &File) -> Vec<&str> {
    let rows = glossary.text.lines().filter(|line| line.starts_with('|'));
    let last = rows.filter_map(|row| match row.split('|').collect::<Vec<_>>()[..] {
        ["", _, _, last, ""] => Some(last),
        _ => None,
    });
    last.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect()
}

/// How many words the glossary gives up: none when its tables are no longer found.
pub fn count_given_up(files: &[File]) -> usize {
    files.iter().filter(|file| file.path == GLOSSARY).map(|file| words_given_up(file).len()).sum()
}

#[test]
fn a_name_that_stands_twice_is_caught_wherever_it_is_public() {
    let one = File::new("src/x/one.rs", "pub struct Standing;\npub(crate) enum Other<T> { A(T) }");
    for text in ["pub trait Standing {}", "pub(in crate::y) type Standing = u8;"] {
        let two = File::new("src/y/two.rs", text);
        let found = names_twice(&[File::new("src/x/one.rs", &one.text), two]);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!((&*found[0].file, found[0].line), ("src/y/two.rs", 1), "{text}");
    }
    for text in ["struct Standing;", "// pub struct Standing;", "pub fn other() {}"] {
        let two = File::new("src/y/two.rs", text);
        assert!(names_twice(&[File::new("src/x/one.rs", &one.text), two]).is_empty(), "{text}");
    }
}

#[test]
fn a_file_that_is_called_by_a_word_of_old_is_caught() {
    let table = "| Word | What | Instead of |\n| --- | --- | --- |\n| pause | It stands. | `hold`, `held` |\n";
    let glossary = || File::new(GLOSSARY, table);
    for path in ["src/store/hold.rs", "src/held/mod.rs"] {
        assert_eq!(given_up(&[glossary(), File::new(path, "")]).len(), 1, "{path}");
    }
    for path in ["src/store/pause.rs", "src/store/holder.rs", "tests/hold.rs"] {
        assert!(given_up(&[glossary(), File::new(path, "")]).is_empty(), "{path}");
    }
    assert_eq!(count_given_up(&[glossary()]), 2);
}
