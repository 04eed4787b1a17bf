//! Which modules of the web app need which others before they run. `build.rs` uses this file, too, so it knows
//! nothing but text.
//!
//! Imports stand at the top of a module, as they do in all of ours and in those of others that we have: the first
//! statement that is none ends them. What is fetched when first needed (`import('…')`) is none.

use std::collections::BTreeMap;

/// The module `entry` and all that it needs to start, each once: first what it imports itself, then what those import.
///
/// # Errors
/// When a module is not there, in words for whoever builds.
pub(crate) fn start_graph(
    modules: &BTreeMap<String, String>,
    entry: &str,
) -> Result<Vec<String>, String> {
    let mut graph = vec![entry.to_owned()];
    let mut at = 0;
    while let Some(module) = graph.get(at).cloned() {
        let text = modules.get(&module).ok_or_else(|| format!("there is no module {module}"))?;
        for name in imports(text) {
            let path = path_of(&module, name)
                .filter(|path| modules.contains_key(path))
                .ok_or_else(|| format!("{module} imports {name}, which is not there"))?;
            if !graph.contains(&path) {
                graph.push(path);
            }
        }
        at += 1;
    }
    Ok(graph)
}

/// What a module imports, as it names it.
fn imports(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = after_blank(text);
    loop {
        let string = if let Some(clause) = keyword(rest, "import") {
            if clause.starts_with(['(', '.']) {
                break;
            }
            string(clause)
        } else if let Some(list) = keyword(rest, "export").filter(|it| it.starts_with(['{', '*'])) {
            let after = list.strip_prefix('{').and_then(|list| list.split_once('}'));
            match after.map(|(_, after)| after_blank(after)) {
                // A list of its own names.
                Some(after) if keyword(after, "from").is_none() => {
                    rest = after;
                    continue;
                }
                Some(after) => string(after),
                None => string(list),
            }
        } else {
            break;
        };
        let Some((name, after)) = string else { break };
        names.push(name);
        rest = after_blank(after);
    }
    names
}

/// What follows a word, if it is this one.
fn keyword<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let after = text.strip_prefix(word)?;
    let ends = |next: char| !next.is_alphanumeric() && !['_', '$'].contains(&next);
    after.chars().next().is_none_or(ends).then(|| after_blank(after))
}

/// The next text between quotes, and what follows it; comments on the way are none.
fn string(text: &str) -> Option<(&str, &str)> {
    let mut rest = text;
    loop {
        rest = after_blank(rest);
        let first = rest.chars().next()?;
        let after = &rest[first.len_utf8()..];
        if ['\'', '"'].contains(&first) {
            return after.split_once(first);
        }
        rest = after;
    }
}

/// What follows white space, semicolons and comments.
fn after_blank(text: &str) -> &str {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|next: char| next.is_whitespace() || next == ';');
        let comment = match rest.get(..2) {
            Some("//") => rest.split_once('\n'),
            Some("/*") => rest.split_once("*/"),
            _ => return rest,
        };
        rest = comment.map_or("", |(_, after)| after);
    }
}

/// The path of a module that another names; nothing when the name is not relative or leads out.
fn path_of(from: &str, name: &str) -> Option<String> {
    if !name.starts_with("./") && !name.starts_with("../") {
        return None;
    }
    let mut path: Vec<_> = from.split('/').collect();
    path.pop();
    for part in name.split('/') {
        match part {
            "." => {}
            ".." => drop(path.pop()?),
            part => path.push(part),
        }
    }
    Some(path.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modules(all: &[(&str, &str)]) -> BTreeMap<String, String> {
        all.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn imports_are_found_however_they_are_written() {
        for (text, expected) in [
            ("import { a } from './a.js';", &["./a.js"][..]),
            ("import a from \"./a.js\"\nimport * as b from './b.js'", &["./a.js", "./b.js"]),
            ("import{a as b}from\"./a.js\";var c=1;", &["./a.js"]),
            ("// It's here.\n/* it's */ import './a.js';", &["./a.js"]),
            ("import {\n  a, // don't\n  b,\n} from './a.js';", &["./a.js"]),
            ("import a, { b } from './a.js';\n\nimport c from './c.js';", &["./a.js", "./c.js"]),
            ("export { a } from './a.js';\nexport * from './b.js';", &["./a.js", "./b.js"]),
            ("export { a };\nexport {\n  b,\n} from './b.js';", &["./b.js"]),
            ("import a from './a.js'; export const b = 'import';", &["./a.js"]),
            ("", &[]),
            ("const a = 1;", &[]),
        ] {
            assert_eq!(imports(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_fetched_later_or_only_looks_like_an_import_is_none() {
        for text in [
            "import('./a.js').then(f);",
            "const load = () => import('./a.js');",
            "import.meta.url;",
            "// import './a.js';",
            "/* import './a.js'; */",
            "importance('./a.js');",
            "import_a = './a.js';",
            "export const a = './a.js';",
            "export default './a.js';",
            "const a = \"import './a.js';\";",
        ] {
            assert_eq!(imports(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn all_that_a_module_needs_is_found_once_and_the_nearest_first() {
        let modules = modules(&[
            ("js/main.js", "import './a.js'; import './deep/b.js'; import('./later.js');"),
            ("js/a.js", "import '../vendor/v.js';"),
            ("js/deep/b.js", "import '../a.js'; import '../main.js'; import './c.js';"),
            ("js/deep/c.js", ""),
            ("js/later.js", ""),
            ("vendor/v.js", ""),
        ]);
        let expected = ["js/main.js", "js/a.js", "js/deep/b.js", "vendor/v.js", "js/deep/c.js"];
        assert_eq!(start_graph(&modules, "js/main.js").unwrap(), expected);
    }

    #[test]
    fn a_module_that_is_not_there_is_told_with_whoever_imports_it() {
        for name in ["./gone.js", "../../x.js", "preact", "/js/a.js", "https://example.org/a.js"] {
            let text = format!("import '{name}';");
            let modules = modules(&[("js/main.js", &text), ("js/a.js", "")]);
            let error = start_graph(&modules, "js/main.js").unwrap_err();
            assert!(error.contains("js/main.js") && error.contains(name), "{error}");
        }
        assert!(start_graph(&modules(&[]), "js/main.js").is_err());
    }
}
