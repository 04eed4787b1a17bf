//! The codes by which clients know why they were refused, and whether any test ever provoked them.

use std::collections::BTreeMap;

use crate::source::{File, Violation};

/// Every code that the program answers with, and where it first stands: what is written in capitals
/// right after a status, or is what a kind of refusal is called.
pub fn codes(files: &[File]) -> BTreeMap<&str, (&File, usize)> {
    let mut codes = BTreeMap::new();
    for file in files.iter().filter(|file| file.is_source()) {
        let code = file.code();
        let is_code = |line: usize| code.lines().nth(line - 1).is_some_and(has_signs);
        for (at, _) in file.text.match_indices('"') {
            let (before, rest) = (&file.text[..at], &file.text[at + 1..]);
            let word = rest.split('"').next().unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            if is_in_capitals(word) && follows_a_status(before) && is_code(line) {
                codes.entry(word).or_insert((file, line));
            }
        }
    }
    codes
}

/// Codes that no test outside of this one names.
pub fn untested(files: &[File]) -> Vec<Violation> {
    let is_test =
        |file: &&File| file.path.starts_with("tests/") && !file.path.starts_with("tests/house/");
    let tests: Vec<_> = files.iter().filter(is_test).collect();
    let mut found = Vec::new();
    for (code, (file, line)) in codes(files) {
        let quoted = format!("\"{code}\"");
        if !tests.iter().any(|test| test.text.contains(&quoted)) {
            found.push(file.violation(line, format!("`{code}`"), "every refusal has a test"));
        }
    }
    found
}

/// What is left of a comment or of a unit test has none.
fn has_signs(line: &str) -> bool {
    !line.trim().is_empty()
}

fn is_in_capitals(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_uppercase())
        && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn follows_a_status(before: &str) -> bool {
    let before = before.trim_end();
    if let Some(before) = before.strip_suffix("=>") {
        return before
            .split_whitespace()
            .next_back()
            .is_some_and(|kind| kind.starts_with("Self::"));
    }
    let Some(before) = before.strip_suffix(',') else { return false };
    let last = before.rsplit([' ', '\n', '(']).next().unwrap_or_default();
    last.contains("StatusCode::") || before.ends_with("status()")
}
