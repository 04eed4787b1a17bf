//! Whether files were changed, by what the file system says of them: cheap enough to ask every few
//! seconds, and it holds for links that are pointed elsewhere, which watches of a directory miss.

use std::{fs, os::unix::fs::MetadataExt, path::PathBuf};

/// What the file system says of files at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::server) struct FileVersions(Vec<Option<FileVersion>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileVersion {
    file: (u64, u64),
    bytes: u64,
    modified: (i64, i64),
    /// Of the permissions, too.
    changed: (i64, i64),
}

impl FileVersions {
    /// Of these files, following links. One that is not there has none.
    pub(in crate::server) fn of(paths: &[PathBuf]) -> Self {
        let stamp = |path: &PathBuf| {
            let there = fs::metadata(path).ok()?;
            Some(FileVersion {
                file: (there.dev(), there.ino()),
                bytes: there.len(),
                modified: (there.mtime(), there.mtime_nsec()),
                changed: (there.ctime(), there.ctime_nsec()),
            })
        };
        Self(paths.iter().map(stamp).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_written_replaced_linked_or_removed_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| directory.path().join(name));
        let paths = [link.clone()];
        let mut last = FileVersions::of(&paths);
        let mut is_seen = || {
            let now = FileVersions::of(&paths);
            std::mem::replace(&mut last, now.clone()) != now
        };
        assert!(!is_seen());
        fs::write(&file, "one").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert!(is_seen());
        fs::write(&file, "longer").unwrap();
        assert!(is_seen());
        let other = directory.path().join("other");
        fs::write(&other, "longer").unwrap();
        fs::rename(&other, &file).unwrap();
        assert!(is_seen());
        assert!(!is_seen());
        fs::remove_file(&file).unwrap();
        assert!(is_seen());
    }
}
