//! The requirements of a standard in docs/security.md: each is answered once, and what is said to show it
//! is there.
//!
//! A row is `| V6.2.1 | 1 | what it asks for | yes | how it is met | what shows it |`. The last cell names
//! tests (`file::test`), links to a heading (`[words](access.md#heading)`), or says why there is neither
//! (`none: …`).

use std::collections::BTreeSet;

use crate::source::{File, Violation};

const DOCUMENT: &str = "docs/security.md";
const LEVELS: &[&str] = &["1", "2"];
const ANSWERS: &[&str] = &["yes", "partly", "no"];

/// A line of a table whose first cell is the id of a requirement.
struct Row<'f> {
    file: &'f File,
    line: usize,
    id: &'f str,
    /// What stands behind the id, cell by cell.
    rest: Vec<&'f str>,
}

impl Row<'_> {
    fn violation(&self, what: String, rule: &'static str) -> Violation {
        self.file.violation(self.line, what, rule)
    }
}

/// How many requirements are answered.
pub fn count(files: &[File]) -> usize {
    rows(files).len()
}

/// Requirements that are answered a second time.
pub fn repeated(files: &[File]) -> Vec<Violation> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for row in rows(files) {
        if !seen.insert(row.id) {
            found.push(row.violation(format!("`{}` again", row.id), "each is answered once"));
        }
    }
    found
}

/// Rows of another form, and those that name a test or a heading that is not there, or nothing at all.
pub fn unproven(files: &[File]) -> Vec<Violation> {
    let mut found = Vec::new();
    for row in rows(files) {
        let [level, _, answer, _, proof] = row.rest.as_slice() else {
            let what = format!("`{}` has {} cells", row.id, row.rest.len() + 1);
            found.push(row.violation(what, "a requirement has six cells"));
            continue;
        };
        if !LEVELS.contains(level) || !ANSWERS.contains(answer) {
            let what = format!("`{}` is of level `{level}` and met `{answer}`", row.id);
            found.push(row.violation(what, "a level is 1 or 2, an answer yes, partly or no"));
        }
        let (tests, links) = (tests(proof), links(proof));
        if tests.is_empty() && links.is_empty() && !proof.starts_with("none: ") {
            let what = format!("nothing shows `{}`", row.id);
            found.push(
                row.violation(what, "a requirement names what shows it, or why nothing does"),
            );
        }
        for test in tests.into_iter().filter(|test| !is_test(files, test)) {
            found.push(row.violation(format!("`{test}` is no test"), "what is named exists"));
        }
        for link in links.into_iter().filter(|link| !is_heading(files, link)) {
            found.push(row.violation(format!("`{link}` is no heading"), "what is named exists"));
        }
    }
    found
}

fn rows(files: &[File]) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for file in files.iter().filter(|file| file.path == DOCUMENT) {
        for (line, text) in (1..).zip(file.text.lines()) {
            let Some(text) = text.strip_prefix('|') else { continue };
            let text = text.strip_suffix('|').unwrap_or(text);
            let mut cells = text.split('|').map(str::trim);
            if let Some(id) = cells.next().filter(|id| is_id(id)) {
                rows.push(Row { file, line, id, rest: cells.collect() });
            }
        }
    }
    rows
}

/// `V6.2.1`: chapter, section and number.
fn is_id(text: &str) -> bool {
    let Some(numbers) = text.strip_prefix('V') else { return false };
    let numbers: Vec<_> = numbers.split('.').map(str::parse::<u8>).collect();
    numbers.len() == 3 && numbers.iter().all(Result::is_ok)
}

/// What stands between backticks.
fn tests(proof: &str) -> Vec<&str> {
    proof.split('`').skip(1).step_by(2).collect()
}

/// Where links lead.
fn links(proof: &str) -> Vec<&str> {
    let targets = proof.split("](").skip(1);
    targets.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target).collect()
}

/// Whether `file::test` names a function of that file with the attribute of a test.
fn is_test(files: &[File], named: &str) -> bool {
    let Some((path, test)) = named.split_once("::") else { return false };
    let Some(file) = files.iter().find(|file| file.path == path) else { return false };
    let heads = [format!("fn {test}("), format!("async fn {test}(")];
    let lines: Vec<_> = file.text.lines().map(str::trim).collect();
    lines.iter().enumerate().any(|(at, line)| {
        let mut above = lines[..at].iter().rev().take_while(|above| above.starts_with("#["));
        heads.iter().any(|head| line.starts_with(head.as_str()))
            && above.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

/// Whether a link from the document leads to a heading of it or of a file beside it.
fn is_heading(files: &[File], link: &str) -> bool {
    let Some((name, anchor)) = link.split_once('#') else { return false };
    let path = if name.is_empty() { DOCUMENT.to_owned() } else { format!("docs/{name}") };
    let Some(file) = files.iter().find(|file| file.path == path) else { return false };
    let headings = file.text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor_of(line.trim_start_matches('#').trim())).any(|own| own == anchor)
}

/// What a heading is called in a link: in lower case, with hyphens for spaces and without other signs.
fn anchor_of(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}
