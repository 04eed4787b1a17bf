//! A power cut and a disk that keeps only what it was told to keep.
//!
//! `strace` writes down what a program does to a directory and kills it in the place of a chosen sync.
//! What no sync stood for by then is taken back: new files lose what is in them, and names go back to where
//! they were. That is the most that a journaling file system may forget: a rename happens as a whole, and a
//! sync of one of its directories keeps it. What was removed stays removed. What is lost inside of a database
//! between two of its syncs is not told here but in `tests/store`.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

use crate::program::{Finished, Home, finish};

/// How much a disk forgets of what it was not told to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forgets {
    /// What is in files, but not their names: the zero-length files of folklore.
    Contents,
    /// All of it.
    Everything,
}

/// Something that a sync has yet to stand for.
#[derive(Debug)]
struct Change {
    /// Where it is now.
    path: PathBuf,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Made,
    /// Made, and its content never synced.
    Filled,
    RenamedFrom(PathBuf),
}

/// Runs the program until its `nth` sync by `call`, cuts the power there, and lets the disk forget.
pub fn power_cut(
    home: &Home,
    arguments: &[&str],
    call: &str,
    nth: usize,
    forgets: Forgets,
) -> Finished {
    let log = home.path().join("strace.log");
    let log_path = log.to_string_lossy().into_owned();
    let syncs = format!("inject={call}:signal=KILL:when={nth}");
    let traced = "trace=openat,fsync,fdatasync,rename,mkdir,unlink,unlinkat,rmdir";
    let runner = ["strace", "-D", "-f", "-y", "-qq", "-s", "0", "-o", &log_path, "-e", traced];
    let runner: Vec<_> = runner.into_iter().chain(["-e", &syncs]).collect();
    let ended = finish(home.command_under(&runner, arguments));
    if ended.code.is_none() {
        let trace = fs::read_to_string(&log).unwrap();
        forget(unsynced(&trace, &home.data()), forgets);
    }
    ended
}

/// What was changed below `root` and not synced, in the order in which it happened. Paths in `trace` may be
/// relative to the home above it.
fn unsynced(trace: &str, root: &Path) -> Vec<Change> {
    let home = root.parent().unwrap();
    let mut pending: Vec<Change> = Vec::new();
    for line in trace.lines() {
        // `12345 call(arguments) = result`
        let Some((call, rest)) = line.split_once('(') else { continue };
        let Some((arguments, result)) = rest.rsplit_once(" = ") else { continue };
        if result.starts_with(['-', '?']) {
            continue;
        }
        let call = call.rsplit(' ').next().unwrap_or(call);
        let named: Vec<_> = quoted(arguments).map(|path| home.join(path)).collect();
        let open = behind_descriptor(if call == "openat" { result } else { arguments });
        match (call, named.as_slice(), open.filter(|path| path.starts_with(root))) {
            ("openat", _, Some(path)) if makes(arguments) => {
                pending.push(Change { path: path.clone(), kind: Kind::Made });
                pending.push(Change { path, kind: Kind::Filled });
            }
            ("fsync" | "fdatasync", _, Some(path)) => {
                pending.retain(|change| !change.is_kept_by(&path));
            }
            ("mkdir", [path], _) if path.starts_with(root) => {
                pending.push(Change { path: path.clone(), kind: Kind::Made });
            }
            ("unlink" | "rmdir", [path], _) => removed(&mut pending, path),
            ("unlinkat", _, Some(directory)) => {
                for below in quoted(arguments) {
                    removed(&mut pending, &directory.join(below));
                }
            }
            ("rename", [from, to], _) if to.starts_with(root) => {
                for change in &mut pending {
                    change.follow(from, to);
                }
                let kind = Kind::RenamedFrom(from.clone());
                pending.push(Change { path: to.clone(), kind });
            }
            _ => {}
        }
    }
    pending
}

/// What is gone stays gone, whatever happened to it before.
fn removed(pending: &mut Vec<Change>, path: &Path) {
    pending.retain(|change| change.path != path);
}

/// Whether flags of `openat` make a file; of `O_CREAT` alone one cannot tell, and it is for what is there.
fn makes(flags: &str) -> bool {
    flags.contains("O_CREAT|O_EXCL") || flags.contains("O_CREAT|O_TRUNC")
}

impl Change {
    /// Whether a sync of a file or a directory makes it last.
    fn is_kept_by(&self, synced: &Path) -> bool {
        let parent = Some(synced);
        match &self.kind {
            Kind::Filled => self.path == synced,
            Kind::Made => self.path.parent() == parent,
            Kind::RenamedFrom(from) => from.parent() == parent || self.path.parent() == parent,
        }
    }

    /// Goes by the new name of something that was renamed, or of what it lies in.
    fn follow(&mut self, from: &Path, to: &Path) {
        let follow = |path: &mut PathBuf| match path.strip_prefix(from) {
            Ok(below) if below.as_os_str().is_empty() => to.clone_into(path),
            Ok(below) => *path = to.join(below),
            Err(_) => {}
        };
        follow(&mut self.path);
        if let Kind::RenamedFrom(before) = &mut self.kind {
            follow(before);
        }
    }
}

/// Takes back what was not synced, the last change first.
fn forget(mut pending: Vec<Change>, forgets: Forgets) {
    while let Some(Change { path, kind }) = pending.pop() {
        match kind {
            Kind::Filled => {
                File::options().write(true).truncate(true).open(path).unwrap();
            }
            _ if forgets == Forgets::Contents => {}
            Kind::Made if path.is_dir() => fs::remove_dir_all(path).unwrap(),
            Kind::Made => fs::remove_file(path).unwrap(),
            Kind::RenamedFrom(before) => {
                fs::rename(&path, &before).unwrap();
                for change in &mut pending {
                    change.follow(&path, &before);
                }
            }
        }
    }
}

/// The paths among the arguments of a call. None here has a quote in its name.
fn quoted(arguments: &str) -> impl Iterator<Item = &str> {
    arguments.split('"').skip(1).step_by(2)
}

/// The path that `strace -y` writes behind a descriptor.
fn behind_descriptor(text: &str) -> Option<PathBuf> {
    let (_, rest) = text.split_once('<')?;
    Some(PathBuf::from(rest.split_once('>')?.0))
}

#[test]
fn what_no_sync_stands_for_is_known() {
    let trace = r#"7 mkdir("data/work", 0700) = 0
7 openat(AT_FDCWD</h>, "data/work/a", O_WRONLY|O_CREAT|O_EXCL, 0600) = 3</h/data/work/a>
7 openat(AT_FDCWD</h>, "data/work/b", O_WRONLY|O_CREAT|O_TRUNC, 0600) = 4</h/data/work/b>
7 fsync(4</h/data/work/b>) = 0
7 rename("data/work", "data/ready") = 0
7 fsync(4</h/data>) = 0
7 rename("data/ready/a", "data/a") = 0
7 openat(AT_FDCWD</h>, "data/b", O_RDWR|O_CREAT, 0600) = -1 ENOSPC (No space left on device)
7 fsync(4</h/data/ready>) = ?
"#;
    let pending = unsynced(trace, Path::new("/h/data"));
    let told: Vec<_> = pending.iter().map(|change| format!("{change:?}")).collect();
    let change = |path: &str, kind| format!("{:?}", Change { path: path.into(), kind });
    assert_eq!(
        told,
        [
            change("/h/data/a", Kind::Made),
            change("/h/data/a", Kind::Filled),
            change("/h/data/ready/b", Kind::Made),
            change("/h/data/a", Kind::RenamedFrom("/h/data/ready/a".into())),
        ]
    );
}
