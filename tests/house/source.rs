//! Files of the tree, and as much of Rust's grammar as the rules need.

use std::{fmt, fs, path::Path};

/// A text file of the tree.
#[derive(Debug, Clone)]
pub struct File {
    /// Below the project's root, with slashes.
    pub path: String,
    pub text: String,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Violation {
    pub file: String,
    pub line: usize,
    pub what: String,
    pub rule: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {} ({})", self.file, self.line, self.what, self.rule)
    }
}

/// What the code of a file names, each with its line.
#[derive(Debug, Default)]
pub struct Names {
    pub imports: Vec<Import>,
    /// Of two names and more.
    pub paths: Vec<(usize, Vec<String>)>,
    /// Of one name, keywords among them.
    pub alone: Vec<(usize, Vec<String>)>,
}

/// One name that a `use` brings.
#[derive(Debug)]
pub struct Import {
    pub line: usize,
    pub path: Vec<String>,
    /// What it is called here.
    pub name: String,
    /// Whether others may take it from here.
    pub is_public: bool,
}

/// What is not the project's own text: built, run, or pinned from elsewhere.
const NOT_OURS: &[&str] = &["target", "data", ".git", "node_modules", "static/vendor"];

impl File {
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// Every text file of the project.
    pub fn all() -> Vec<Self> {
        let mut files = Vec::new();
        walk(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    }

    pub fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|extension| extension == "rs")
    }

    /// Source of the program; files that hold nothing but unit tests are not.
    pub fn is_source(&self) -> bool {
        self.path.starts_with("src/")
            && self.is_rust()
            && !self.path.ends_with("/tests.rs")
            && !self.path.contains("/tests/")
    }

    /// The path of the module below the crate's root: `["store", "writer"]`.
    pub fn module(&self) -> Vec<&str> {
        let path = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let mut parts: Vec<_> = path.trim_end_matches(".rs").split('/').collect();
        parts.pop_if(|last| *last == "mod" || *last == "lib");
        parts
    }

    pub fn violation(&self, line: usize, what: String, rule: &'static str) -> Violation {
        Violation { file: self.path.clone(), line, what, rule }
    }

    /// The code by itself: comments, text in quotes and unit tests are blank, lines stay where they
    /// are.
    pub fn code(&self) -> String {
        without_unit_tests(&blank(&self.text))
    }

    /// Every path that the code names, with its line: `use` trees are spelled out, what begins with
    /// an imported name begins with its import, and `self` and `super` begin with `crate`.
    pub fn paths(&self) -> Vec<(usize, Vec<String>)> {
        let Names { imports, mut paths, .. } = self.names();
        paths.extend(imports.into_iter().map(|import| (import.line, import.path)));
        paths.sort_by_key(|(line, _)| *line);
        paths
    }

    /// The same, told apart: what is imported, the paths in the code, and names that stand alone.
    pub fn names(&self) -> Names {
        let tokens = tokens(&self.code());
        let mut names = Names::default();
        // The modules that are written out here and that `at` is inside of, each with the braces around it.
        let (mut inside, mut braces) = (Vec::<(String, usize)>::new(), 0);
        let mut at = 0;
        while at < tokens.len() {
            let (line, token) = &tokens[at];
            braces += usize::from(token == "{");
            if token == "}" {
                braces = braces.saturating_sub(1);
                inside.pop_if(|(_, around)| *around == braces);
            } else if token == "mod" && tokens.get(at + 2).is_some_and(|(_, next)| next == "{") {
                inside.push((tokens[at + 1].1.clone(), braces));
            }
            // `use<…>` in a return type names what it captures and imports nothing.
            let is_import = tokens.get(at + 1).is_some_and(|(_, next)| next != "<");
            if token == "use" && is_import {
                let first = names.imports.len();
                let before = at.checked_sub(1).map_or("", |before| &*tokens[before].1);
                let is_public = ["pub", ")"].contains(&before);
                at = use_tree(&tokens, at + 1, &[], &mut names.imports);
                for import in &mut names.imports[first..] {
                    import.is_public = is_public;
                    import.path = self.resolve(&inside, std::mem::take(&mut import.path));
                }
            } else if is_name(token) && (at == 0 || !["::", "."].contains(&&*tokens[at - 1].1)) {
                let mut path = vec![token.clone()];
                while tokens.get(at + 1).is_some_and(|(_, next)| next == "::")
                    && tokens.get(at + 2).is_some_and(|(_, next)| is_name(next))
                {
                    path.push(tokens[at + 2].1.clone());
                    at += 2;
                }
                names.paths.push((*line, self.resolve(&inside, path)));
                at += 1;
            } else {
                at += 1;
            }
        }
        let (alone, longer) = names.paths.into_iter().partition(|(_, path)| path.len() == 1);
        (names.alone, names.paths) = (alone, longer);
        for (_, path) in &mut names.paths {
            let import = names.imports.iter().find(|import| Some(&import.name) == path.first());
            if let Some(import) = import {
                path.splice(..1, import.path.iter().cloned());
            }
        }
        names
    }

    /// A path as named inside of these modules of this file.
    fn resolve(&self, inside: &[(String, usize)], path: Vec<String>) -> Vec<String> {
        let mut base: Vec<String> = self.module().into_iter().map(str::to_owned).collect();
        base.extend(inside.iter().map(|(module, _)| module.clone()));
        let mut rest = path.as_slice();
        match rest.first().map(String::as_str) {
            Some("crate" | "appliance") => base.clear(),
            Some("self") => {}
            Some("super") => {
                while let Some(after) = rest.strip_prefix(&["super".to_owned()]) {
                    base.pop();
                    rest = after;
                }
                return prefixed(base, rest);
            }
            _ => return path,
        }
        prefixed(base, &rest[1..])
    }
}

fn prefixed(base: Vec<String>, rest: &[String]) -> Vec<String> {
    std::iter::once("crate".to_owned()).chain(base).chain(rest.iter().cloned()).collect()
}

fn walk(root: &Path, below: &str, files: &mut Vec<File>) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        let kind = entry.file_type().unwrap();
        if NOT_OURS.contains(&&*path) {
        } else if kind.is_dir() {
            walk(root, &path, files);
        } else if kind.is_file()
            && let Ok(text) = String::from_utf8(fs::read(entry.path()).unwrap())
        {
            files.push(File { path, text });
        }
    }
}

/// Reads one `use` tree from `at`; returns where it ends.
fn use_tree(
    tokens: &[(usize, String)],
    mut at: usize,
    prefix: &[String],
    found: &mut Vec<Import>,
) -> usize {
    let mut path = prefix.to_vec();
    let mut name = prefix.last().cloned().unwrap_or_default();
    while let Some((line, token)) = tokens.get(at) {
        match token.as_str() {
            "::" => at += 1,
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|(_, token)| token != "}") {
                    at = use_tree(tokens, at, &path, found);
                    // Past the comma; or past a sign that no use tree has, so that this ends.
                    at += usize::from(tokens.get(at).is_some_and(|(_, token)| token != "}"));
                }
                return at + 1;
            }
            "as" => {
                name = tokens.get(at + 1).map(|(_, name)| name.clone()).unwrap_or_default();
                at += 2;
            }
            "," | "}" | ";" => {
                found.push(Import { line: *line, path, name, is_public: false });
                return at;
            }
            // The module itself, of which other names follow.
            "self" if !path.is_empty() => at += 1,
            part => {
                path.push(part.to_owned());
                part.clone_into(&mut name);
                at += 1;
            }
        }
    }
    at
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Names, `::`, and single signs, each with its line.
fn tokens(code: &str) -> Vec<(usize, String)> {
    let mut tokens = Vec::new();
    for (number, line) in (1..).zip(code.lines()) {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = if first.is_alphanumeric() || first == '_' {
                rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            let (token, after) = rest.split_at(length);
            tokens.push((number, token.to_owned()));
            rest = after.trim_start();
        }
    }
    tokens
}

/// Blanks comments and what stands between quotes.
fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after_name = out.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = raw_string(rest).filter(|_| !after_name) {
            length
        } else if first == '"' {
            quoted(rest, '"')
        } else if first == '\'' && is_character(rest) {
            quoted(rest, '\'')
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        let (gone, kept) = rest.split_at(skipped);
        out.push(' ');
        out.extend(gone.chars().filter(|c| *c == '\n'));
        rest = kept;
    }
    out
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// The length of `r"…"`, `br#"…"#` and their like.
fn raw_string(text: &str) -> Option<usize> {
    let marked = text.strip_prefix('b').unwrap_or(text).strip_prefix('r')?;
    let body = marked.trim_start_matches('#');
    let end = format!("\"{}", "#".repeat(marked.len() - body.len()));
    let start = text.len() - body.len() + 1;
    body.starts_with('"')
        .then(|| text[start..].find(&end).map_or(text.len(), |length| start + length + end.len()))
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// A quote begins a character and not a lifetime when another follows it at once.
fn is_character(text: &str) -> bool {
    let mut inside = text.chars().skip(1);
    inside.next() == Some('\\') || inside.next() == Some('\'')
}

/// Blanks `#[cfg(test)] mod … { … }`, whoever may see it.
fn without_unit_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find(MARK) {
        let (kept, marked) = rest.split_at(start);
        out.push_str(kept);
        let item = marked[MARK.len()..].trim_start();
        let end = match item.find(['{', ';']) {
            Some(at) if is_module(&item[..at]) && item[at..].starts_with('{') => {
                marked.len() - item.len() + at + braces(&item[at..])
            }
            _ => MARK.len(),
        };
        out.extend(marked[..end].chars().filter(|c| *c == '\n'));
        rest = &marked[end..];
    }
    out + rest
}

/// `mod name`, `pub mod name` or `pub(…) mod name`.
fn is_module(head: &str) -> bool {
    head.split_whitespace().rev().nth(1) == Some("mod")
}

fn braces(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}
