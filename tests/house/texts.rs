//! What can be seen in a file's text alone.

use std::collections::BTreeSet;

use crate::{
    CAREFUL, CARELESS, DECLARED_IN, DOMAINS, LONGEST_FILE, MACHINE_PATHS, UNFINISHED,
    source::{File, Violation},
};

pub fn without_a_doc(files: &[File]) -> Vec<Violation> {
    let sources = files.iter().filter(|file| file.path.starts_with("src/") && file.is_rust());
    sources
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| {
            file.violation(1, "does not begin with `//!`".to_owned(), "a module says what it is")
        })
        .collect()
}

pub fn too_long(files: &[File]) -> Vec<Violation> {
    let ours = |file: &&File| file.path.starts_with("src/") || file.path.starts_with("tests/");
    files
        .iter()
        .filter(|file| file.is_rust())
        .filter(ours)
        .filter_map(|file| {
            let lines = file.text.lines().count();
            let what = || format!("{lines} lines");
            (lines > LONGEST_FILE)
                .then(|| file.violation(lines, what(), "a file has at most 400 lines"))
        })
        .collect()
}

/// Tables and migrations of a domain outside of the file for them.
pub fn declared_elsewhere(files: &[File]) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is_source()) {
        let module = file.module();
        if !module.first().is_some_and(|top| DOMAINS.contains(top)) {
            continue;
        }
        for (line, text) in (1..).zip(file.code().lines()) {
            for (declaration, part) in DECLARED_IN {
                if has_word(text, declaration) && !module[1..].contains(part) {
                    let what = format!("`{declaration}` belongs into `{part}`");
                    found.push(file.violation(line, what, "tables and migrations stand together"));
                }
            }
        }
    }
    found
}

/// Files that are made or opened to be written elsewhere than where it is done without following links.
pub fn carelessly_opened(files: &[File]) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is_source()) {
        if file.module().first() == Some(&CAREFUL) {
            continue;
        }
        for (line, text) in (1..).zip(file.code().lines()) {
            for word in CARELESS.iter().filter(|word| has_word(text, word)) {
                let what = format!("`{word}`, which `{CAREFUL}` does for all");
                found.push(file.violation(line, what, "no write follows a link"));
            }
        }
    }
    found
}

pub fn untranslated(files: &[File]) -> Vec<Violation> {
    let find = |language: &str| {
        let path = format!("static/i18n/{language}.json");
        files.iter().find(|file| file.path == path)
    };
    let (english, italian) = (find("en"), find("it"));
    let keys = |file: Option<&File>| {
        let mut keys = BTreeSet::new();
        if let Some(file) = file {
            let json = serde_json::from_str(&file.text).expect("a file of messages is JSON");
            collect_keys("", &json, &mut keys);
        }
        keys
    };
    let (in_english, in_italian) = (keys(english), keys(italian));
    let missing = |file: Option<&File>, keys: Vec<&String>| -> Vec<Violation> {
        let rule = "every message exists in both languages";
        let nowhere = File::new("static/i18n", "");
        let file = file.unwrap_or(&nowhere);
        keys.iter().map(|key| file.violation(1, format!("`{key}` is missing"), rule)).collect()
    };
    let mut found = missing(italian, in_english.difference(&in_italian).collect());
    found.extend(missing(english, in_italian.difference(&in_english).collect()));
    found
}

fn collect_keys(prefix: &str, json: &serde_json::Value, keys: &mut BTreeSet<String>) {
    match json.as_object() {
        Some(object) => {
            for (key, value) in object {
                collect_keys(&format!("{prefix}/{key}"), value, keys);
            }
        }
        None => {
            keys.insert(prefix.trim_start_matches('/').to_owned());
        }
    }
}

/// Keys of appliance.toml with no comment above them or above the keys right before them.
pub fn unexplained_keys(files: &[File]) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.path == "appliance.toml") {
        let mut explained = false;
        let mut open_brackets = 0_isize;
        for (number, line) in (1..).zip(file.text.lines()) {
            let line = line.trim();
            let inside_a_value = open_brackets > 0;
            if line.starts_with('#') {
                explained = true;
            } else if line.is_empty() || (line.starts_with('[') && !inside_a_value) {
                explained &= inside_a_value;
            } else {
                let key = line.split_once('=').map(|(key, _)| key.trim());
                if let Some(key) = key.filter(|_| !inside_a_value && !explained) {
                    let what = format!("`{key}` has no comment");
                    found.push(file.violation(number, what, "every key is explained"));
                }
                let count = |sign| isize::try_from(line.matches(sign).count()).unwrap();
                open_brackets += count('[') - count(']');
            }
        }
    }
    found
}

pub fn machine_paths(files: &[File]) -> Vec<Violation> {
    naming(files, MACHINE_PATHS, "no file names a path of one machine")
}

pub fn unfinished(files: &[File]) -> Vec<Violation> {
    naming(files, UNFINISHED, "nothing is left unfinished")
}

fn naming(files: &[File], words: &[&str], rule: &'static str) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in files {
        for (number, line) in (1..).zip(file.text.lines()) {
            for word in words.iter().filter(|word| has_word(line, word)) {
                found.push(file.violation(number, format!("`{word}`"), rule));
            }
        }
    }
    found
}

/// Whether `word` stands in `line` and is not a part of a longer word or path.
fn has_word(line: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let ends_open = word.ends_with(joins);
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let in_a_path = |c| word.starts_with('/') && "./}>)".contains(c);
        let begins_within = before.is_some_and(|c| joins(c) || in_a_path(c));
        let ends_within = ends_open && after.is_some_and(joins);
        !begins_within && !ends_within
    })
}
