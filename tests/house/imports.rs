//! Who imports what: the layers, the crates and the pure files.

use crate::{
    CRATES, DOMAINS, FORBIDDEN, IMPURE_PARTS, LAYERS, PURE_CRATES, PURE_MODULES, PURE_PARTS,
    WRAPPED_BY_ERRORS,
    source::{File, Violation},
};

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

fn is_domain(module: &str) -> bool {
    DOMAINS.contains(&module)
}

/// Whether a file is, or lies in, one of these parts of its domain.
fn is_part(module: &[&str], parts: &[&str]) -> bool {
    module.first().is_some_and(|top| is_domain(top))
        && module[1..].iter().any(|part| parts.contains(part))
}

/// Every import of a module by a source file: file, line, path without `crate`.
fn of_modules(files: &[File]) -> impl Iterator<Item = (&File, usize, Vec<String>)> {
    files.iter().filter(|file| file.is_source()).flat_map(|file| {
        file.paths().into_iter().filter_map(move |(line, mut path)| {
            let inside = path.first().is_some_and(|first| first == "crate") && path.len() > 1;
            inside.then(|| (file, line, path.split_off(1)))
        })
    })
}

/// Source files of a module that `LAYERS` does not know.
pub fn without_a_place(files: &[File]) -> Vec<Violation> {
    files
        .iter()
        .filter(|file| file.is_source())
        .filter_map(|file| {
            let top = *file.module().first()?;
            layer(top).is_none().then(|| {
                file.violation(1, format!("`{top}` is in no row"), "every module has its layer")
            })
        })
        .collect()
}

/// Imports of a higher layer, of another domain, or that `FORBIDDEN` names.
pub fn upwards(files: &[File]) -> Vec<Violation> {
    let mut found = Vec::new();
    for (file, line, path) in of_modules(files) {
        let module = file.module();
        let (Some(from), Some(to)) = (module.first().copied(), path.first()) else { continue };
        let (Some(own), Some(other)) = (layer(from), layer(to)) else { continue };
        let rule = if from == to {
            continue;
        } else if other < own {
            "a module imports its own layer and those below"
        } else if is_domain(from) && is_domain(to) {
            "domains never import each other"
        } else if FORBIDDEN.iter().any(|(who, whom)| *who == from && whom.contains(&&**to)) {
            "this import is forbidden by name"
        } else {
            continue;
        };
        found.push(file.violation(line, format!("`{from}` imports `{}`", path.join("::")), rule));
    }
    found
}

/// Crates named outside of the places that `CRATES` gives them.
pub fn misplaced_crates(files: &[File]) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is_source()) {
        let module = file.module();
        let place = module.join("/");
        for (line, path) in file.paths() {
            let Some(rule) = CRATES.iter().find(|rule| path[0] == rule.name) else { continue };
            let allowed = is_part(&module, rule.parts)
                || rule.modules.iter().any(|allowed| {
                    place
                        .strip_prefix(allowed)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                });
            if !allowed {
                let what = format!("names `{}`", path.join("::"));
                found.push(file.violation(line, what, "a crate is named only where it belongs"));
            }
        }
    }
    found
}

/// Imports that a rule, a model or an error of a domain must not have.
pub fn impure(files: &[File]) -> Vec<Violation> {
    let dependencies = dependencies(files);
    let mut found = Vec::new();
    for file in files.iter().filter(|file| file.is_source() && is_part(&file.module(), PURE_PARTS))
    {
        let own = file.module();
        let is_error = is_part(&own, &["error"]);
        for (line, path) in file.paths() {
            let named = path[1..].join("::");
            let wraps = |error: &&str| named.strip_prefix(error).is_some_and(ends_or_goes_on);
            if is_error && path[0] == "crate" && WRAPPED_BY_ERRORS.iter().any(wraps) {
                continue;
            }
            let bad = match path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                ["crate", top, rest @ ..] if *top == own[0] => {
                    rest.iter().any(|part| IMPURE_PARTS.contains(part))
                }
                ["crate", top, ..] => layer(top).is_some() && !PURE_MODULES.contains(top),
                [name, ..] => {
                    dependencies.iter().any(|dependency| dependency == name)
                        && !PURE_CRATES.contains(name)
                }
                [] => false,
            };
            if bad {
                let what = format!("imports `{}`", path.join("::"));
                let rule = "rules, models and errors import only std, pure crates, clock, ids, \
                            language";
                found.push(file.violation(line, what, rule));
            }
        }
    }
    found
}

/// Whether a path ends where a name in a table does, or names something inside of it.
fn ends_or_goes_on(rest: &str) -> bool {
    rest.is_empty() || rest.starts_with("::")
}

/// The crates of Cargo.toml, as code spells them.
fn dependencies(files: &[File]) -> Vec<String> {
    let manifest = files.iter().find(|file| file.path == "Cargo.toml");
    let text = manifest.map_or("", |file| &file.text);
    text.lines()
        .skip_while(|line| *line != "[dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('=').map(|(name, _)| name.trim().replace('-', "_")))
        .collect()
}
