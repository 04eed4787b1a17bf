//! Who imports whom back, be it by others in between: no file does, so that each can be read after those that it needs.
//!
//! A file imports another when its code names something that stands there, wherever it takes the name
//! from: `crate::store::Store` is an import of `store/open.rs`, because `store/mod.rs` only passes it on.
//! So a `mod.rs` that declares its parts and passes on what is in them imports none of them, until its own
//! code uses what it passes on; and a part that takes from its parent what the parent has from another
//! part imports that part alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{File, Names, Violation};

/// The files of the program by the path of their module, with what each names.
struct Tree<'a>(BTreeMap<Vec<String>, (&'a File, Names)>);

impl<'a> Tree<'a> {
    fn of(files: &'a [File]) -> Self {
        let sources = files.iter().filter(|file| file.is_source() && file.path != "src/main.rs");
        Self(sources.map(|file| (owned(&file.module()), (file, file.names()))).collect())
    }

    /// The module in whose file stands what a path names; nothing when that is not ours.
    fn place_of(&self, from: &[String], path: &[String], depth: usize) -> Option<&[String]> {
        let path = self.below_the_root(from, path)?;
        let inside = (1..=path.len()).rev().find(|length| self.0.contains_key(&path[..*length]))?;
        let (module, (_, names)) = self.0.get_key_value(&path[..inside])?;
        // A module by itself is a place to name things from, and nothing that stands anywhere.
        let wanted = path.get(inside)?;
        let passed_on = names.imports.iter().find(|import| import.name == *wanted);
        match passed_on {
            Some(import) if depth > 0 => {
                let whole = import.path.iter().chain(&path[inside + 1..]);
                self.place_of(module, &whole.cloned().collect::<Vec<_>>(), depth - 1)
            }
            _ => Some(module),
        }
    }

    /// A path that begins with `crate` or with a part of the module that names it, without `crate`.
    fn below_the_root(&self, from: &[String], path: &[String]) -> Option<Vec<String>> {
        let first = path.first()?;
        if first == "crate" {
            return Some(path[1..].to_vec());
        }
        let part = [from, std::slice::from_ref(first)].concat();
        self.0.contains_key(&part).then(|| [from, path].concat())
    }

    /// What a file imports: the other module, and the line that says so first.
    fn imports_of(&self, module: &[String]) -> BTreeMap<&[String], usize> {
        let Some((_, names)) = self.0.get(module) else { return BTreeMap::new() };
        let is_used =
            |name: &String| names.alone.iter().any(|(_, path)| path.first() == Some(name));
        let imports =
            names.imports.iter().filter(|import| !import.is_public || is_used(&import.name));
        let imports = imports.map(|import| (import.line, &import.path));
        let mut found = BTreeMap::new();
        for (line, path) in imports.chain(names.paths.iter().map(|(line, path)| (*line, path))) {
            if let Some(place) = self.place_of(module, path, 8)
                && place != module
            {
                let first = found.entry(place).or_insert(line);
                *first = line.min(*first);
            }
        }
        found
    }
}

fn owned(module: &[&str]) -> Vec<String> {
    module.iter().map(|part| (*part).to_owned()).collect()
}

/// What each file imports, with the line that says so first.
type Graph<'a> = BTreeMap<&'a str, (&'a File, BTreeMap<&'a str, usize>)>;

/// Every circle of files that import each other, the shortest through its first file. Circles of two that are `known`
/// are taken for cut; those of them that are no circles are told.
pub fn found(files: &[File], known: &[(&str, &str)]) -> Vec<Violation> {
    let tree = Tree::of(files);
    let mut graph = Graph::new();
    for (module, (file, _)) in &tree.0 {
        let imports = tree.imports_of(module).into_iter();
        let imports = imports.filter_map(|(other, line)| Some((&*tree.0.get(other)?.0.path, line)));
        graph.insert(&file.path, (file, imports.collect()));
    }
    let mut found = Vec::new();
    for (one, other) in known {
        let imports =
            |from: &str, to: &str| graph.get(from).is_some_and(|it| it.1.contains_key(to));
        if let Some((file, _)) =
            graph.get(one).filter(|_| !imports(one, other) || !imports(other, one))
        {
            let what = format!("is in no circle with `{other}`");
            found.push(file.violation(1, what, "a circle that is gone is known no longer"));
        }
    }
    for (path, (_, imports)) in &mut graph {
        imports.retain(|other, _| {
            !known.contains(&(*path, *other)) && !known.contains(&(*other, *path))
        });
    }
    for (path, (file, _)) in &graph {
        let circle = shortest_circle(&graph, path);
        let [(line, next), rest @ ..] = &*circle else { continue };
        if circle.iter().any(|(_, other)| other < path) {
            continue;
        }
        let mut what = format!("imports `{next}`");
        for (line, other) in rest {
            let other = if other == path { "it" } else { &format!("`{other}`") };
            what = format!("{what}, which imports {other} at line {line}");
        }
        found.push(file.violation(*line, what, "no two files import each other"));
    }
    found
}

/// The shortest way of imports from a file back to it: the line of each import, and what it is of.
fn shortest_circle<'a>(graph: &Graph<'a>, start: &'a str) -> Vec<(usize, &'a str)> {
    let mut ways = vec![(start, Vec::new())];
    let mut seen = BTreeSet::new();
    let mut at = 0;
    while let Some((file, way)) = ways.get(at).cloned() {
        for (other, line) in graph.get(file).into_iter().flat_map(|(_, imports)| imports) {
            let way = [way.as_slice(), &[(*line, *other)]].concat();
            if *other == start {
                return way;
            }
            if seen.insert(*other) {
                ways.push((other, way));
            }
        }
        at += 1;
    }
    Vec::new()
}
