//! The data directory: whether it can be used, who may look into it, how much room there is, what was left
//! behind in it, and the backups.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use rustix::fs::statvfs;

use super::{Finding, Target, finding::quoted};
use crate::{
    backup::{BackupDirectory, is_working_directory},
    clock::Time,
    config::Config,
    paths::DataDir,
};

const MIB: u64 = 1 << 20;
/// Below this a migration, a backup or a busy day may fill the disk.
const LITTLE_SPACE_BYTES: u64 = 512 * MIB;
/// Below this the next hour may.
const NO_SPACE_BYTES: u64 = 64 * MIB;
const FEW_INODES: u64 = 1_000;
const NO_INODES: u64 = 32;
const OLD_BACKUP_SECONDS: i64 = 2 * 86_400;

pub(super) fn findings(config: &Config, target: &Target, now: Time) -> Vec<Finding> {
    const CHECK: &str = "data directory";
    let root = target.data.root();
    match fs::metadata(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let words = format!("{} is not there; the first start makes it", root.display());
            let mut found = vec![Finding::ok(CHECK, words)];
            found.extend(nearest(root).map(|above| space(&above)));
            found
        }
        Err(error) => {
            let words = format!("{} cannot be looked at: {error}", root.display());
            let mend = "run this as the user that the appliance runs as, or as root";
            vec![Finding::failed(CHECK, words, mend)]
        }
        Ok(metadata) if !metadata.is_dir() => {
            let words = format!("{} is not a directory", root.display());
            vec![Finding::failed(CHECK, words, "move it away, or set data.directory")]
        }
        Ok(metadata) => {
            let mut found = vec![Finding::ok(CHECK, root.display().to_string())];
            found.push(owner(root, metadata.uid()));
            found.push(permissions(root));
            found.push(space(root));
            found.push(leftovers(root));
            found.push(backups(&target.data, config, now));
            found
        }
    }
}

/// The nearest directory above that is there.
fn nearest(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    absolute.ancestors().find(|above| above.is_dir()).map(Path::to_owned)
}

/// Whether everything belongs to one user, and whether it is this one, unless this is root.
fn owner(root: &Path, owner: u32) -> Finding {
    const CHECK: &str = "owner";
    let me = rustix::process::geteuid().as_raw();
    if me != owner && me != 0 {
        return Finding::failed(
            CHECK,
            format!("{} belongs to user {owner}, and this is user {me}", root.display()),
            format!("run this as that user, or as root: chown -R {me} {}", quoted(root)),
        );
    }
    let others = entries(root).into_iter().find(|path| uid(path).is_some_and(|uid| uid != owner));
    match others {
        Some(path) => Finding::failed(
            CHECK,
            format!("{} does not belong to user {owner}, as the directory does", path.display()),
            format!("chown -R --reference={0} {0}", quoted(root)),
        ),
        None => Finding::ok(CHECK, format!("everything belongs to user {owner}")),
    }
}

fn uid(path: &Path) -> Option<u32> {
    fs::symlink_metadata(path).ok().map(|metadata| metadata.uid())
}

/// Whether others may read what they should not.
fn permissions(root: &Path) -> Finding {
    const CHECK: &str = "permissions";
    let mode = |path: &Path| fs::symlink_metadata(path).map_or(0, |metadata| metadata.mode());
    let is_secret = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        matches!(ending, Some("redb" | "key" | "sock"))
    };
    let open: Vec<String> = entries(root)
        .into_iter()
        .filter(is_secret)
        .filter(|path| mode(path) & 0o077 != 0)
        .map(|path| quoted(&path))
        .collect();
    if !open.is_empty() {
        let words = format!("others may read or write {}", open.join(", "));
        return Finding::failed(CHECK, words, format!("chmod 600 {}", open.join(" ")));
    }
    if mode(root) & 0o077 != 0 {
        let words = format!("others may look into {}", root.display());
        return Finding::warning(CHECK, words, format!("chmod 700 {}", quoted(root)));
    }
    Finding::ok(CHECK, "for the owner alone")
}

/// Room for bytes and for files.
fn space(directory: &Path) -> Finding {
    const CHECK: &str = "free space";
    let shown = quoted(directory);
    let found = match statvfs(directory) {
        Ok(found) => found,
        Err(error) => {
            let words = format!("the room on the disk of {shown} cannot be asked for: {error}");
            return Finding::warning(CHECK, words, format!("df {shown}"));
        }
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    // Filesystems that make inodes as they need them have no number of them.
    let inodes = if found.f_files == 0 { u64::MAX } else { found.f_favail };
    let bytes = format!("{} MiB free", free / MIB);
    let big = format!("du -xh {shown} | sort -h | tail shows what is big; free some, or move it");
    if free < NO_SPACE_BYTES {
        Finding::failed(CHECK, bytes, big)
    } else if inodes < NO_INODES {
        Finding::failed(CHECK, format!("room for {inodes} more files"), format!("df -i {shown}"))
    } else if free < LITTLE_SPACE_BYTES {
        Finding::warning(CHECK, bytes, big)
    } else if inodes < FEW_INODES {
        Finding::warning(CHECK, format!("room for {inodes} more files"), format!("df -i {shown}"))
    } else {
        Finding::ok(CHECK, bytes)
    }
}

/// What a start, a restore or a write that was cut short left behind.
fn leftovers(root: &Path) -> Finding {
    const CHECK: &str = "leftovers";
    let is_left = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".new") || name.starts_with("restore-") || is_working_directory(path)
    };
    let left: Vec<String> =
        entries(root).into_iter().filter(is_left).map(|path| quoted(&path)).collect();
    if left.is_empty() {
        return Finding::ok(CHECK, "none");
    }
    Finding::warning(
        CHECK,
        format!("unfinished files and copies kept by a restore: {}", left.join(", ")),
        format!(
            "once nothing runs on the directory and nobody needs them: rm -r {}",
            left.join(" ")
        ),
    )
}

/// The newest backup that can be counted on.
fn backups(data: &DataDir, config: &Config, now: Time) -> Finding {
    const CHECK: &str = "backup";
    const MEND: &str = "appliance backup create";
    let directory = BackupDirectory::new(config.backup.directory_or(data.backups()), data);
    let listed = match directory.list() {
        Ok(listed) => listed,
        Err(error) => return Finding::warning(CHECK, error.to_string(), "see backup.directory"),
    };
    if let Some(ahead) = listed.iter().find(|listed| listed.name.is_from_the_future(now)) {
        return Finding::warning(
            CHECK,
            format!("{} is of a time that has not come, and counts for nothing", ahead.name),
            "look at the clock (timedatectl), then remove or rename it",
        );
    }
    let (good, newest) = (listed.iter().rev().find(|listed| listed.verified), listed.last());
    match (good.map(|good| good.name), newest.map(|newest| newest.name)) {
        (None, None) => {
            let words = format!("none in {}", directory.path().display());
            Finding::warning(CHECK, words, MEND)
        }
        (None, Some(name)) => Finding::warning(
            CHECK,
            format!("{name} was not verified here, and there is no other"),
            format!("appliance backup verify {name}"),
        ),
        (Some(name), _) if name.time.plus_seconds(OLD_BACKUP_SECONDS) < now => {
            let words = format!("the newest that verified, {name}, is of {}", name.time);
            Finding::warning(CHECK, words, MEND)
        }
        (Some(name), _) => Finding::ok(CHECK, format!("{name} of {}", name.time)),
    }
}

/// What lies in the data directory and in the folders of the appliance's own.
fn entries(root: &Path) -> Vec<PathBuf> {
    let of = |directory: PathBuf| fs::read_dir(directory).into_iter().flatten().flatten();
    let folders = [root.to_owned(), root.join("tls"), root.join("backups")];
    let mut entries: Vec<_> = folders.into_iter().flat_map(of).map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::ConfigSources, doctor::Health};

    #[test]
    fn the_newest_backup_that_verified_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::new(directory.path());
        let config = Config::load(&ConfigSources::default()).unwrap();
        let now = Time::parse_rfc3339("2026-11-24T08:00:00Z").unwrap();
        let health = || backups(&data, &config, now).health;
        assert_eq!(health(), Health::Warning);
        let make = |name: &str| fs::write(data.backups().join(name), "").unwrap();
        let verify = |name: &str| {
            let directory = BackupDirectory::new(data.backups(), &data);
            directory.take_for_verified(name.parse().unwrap()).unwrap();
        };
        fs::create_dir(data.backups()).unwrap();
        make("appliance-20261101T020000Z.tar.zst");
        make("appliance-20261124T020000Z.tar.zst.new");
        make("notes.txt");
        make("appliance-20261123T020000Z.tar.zst.age");
        assert_eq!(health(), Health::Warning);
        verify("appliance-20261101T020000Z.tar.zst");
        assert_eq!(health(), Health::Warning);
        verify("appliance-20261123T020000Z.tar.zst.age");
        assert_eq!(health(), Health::Ok);
        make("appliance-20290101T000000Z.tar.zst");
        assert_eq!(health(), Health::Warning);
    }

    #[test]
    fn a_working_directory_that_was_left_is_told_of() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(leftovers(directory.path()).health, Health::Ok);
        fs::create_dir(directory.path().join(".appliance-working-0123456789abcdef")).unwrap();
        assert_eq!(leftovers(directory.path()).health, Health::Warning);
    }

    #[test]
    fn a_backup_directory_that_is_a_file_is_told_of() {
        let directory = tempfile::tempdir().unwrap();
        let data = DataDir::new(directory.path());
        fs::write(data.backups(), "").unwrap();
        let config = Config::load(&ConfigSources::default()).unwrap();
        assert_eq!(backups(&data, &config, Time::EPOCH).health, Health::Warning);
    }
}
