//! A file system of a few MiB below a data directory, to be filled to its last block.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
    process::Command,
};

use crate::program::{Home, finish};

/// A home whose data directory is a file system of its own; unmounted when dropped.
pub struct SmallDisk {
    pub home: Home,
}

impl SmallDisk {
    /// Mounts one of so many MiB, or gives nothing where mounting is not allowed.
    pub fn mount(mib: usize) -> Option<Self> {
        Self::mount_with(&format!("size={mib}m"))
    }

    /// Mounts one with these options of tmpfs.
    pub fn mount_with(options: &str) -> Option<Self> {
        let home = Home::default();
        fs::DirBuilder::new().mode(0o700).create(home.data()).unwrap();
        let options = format!("{options},mode=0700");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(home.data());
        let mounted = finish(mount);
        if mounted.code == Some(0) {
            return Some(Self { home });
        }
        eprintln!("not tested, mounting is not allowed here: {}", mounted.stderr);
        None
    }

    fn filler(&self) -> PathBuf {
        self.home.data().join("filler")
    }

    /// Fills it until so many KiB are left; with 0, until a write is told that there is no space.
    pub fn fill(&self, left_kib: u64) {
        let mut filler = File::options().create(true).append(true).open(self.filler()).unwrap();
        let block = [b'f'; 4_096];
        while left_kib == 0 || self.free_kib() > left_kib {
            match filler.write_all(&block) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => {
                    assert_eq!(left_kib, 0);
                    return;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Takes away what [`SmallDisk::fill`] put there.
    pub fn make_room(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn free_kib(&self) -> u64 {
        let disk = rustix::fs::statvfs(self.home.data()).unwrap();
        disk.f_bavail * disk.f_frsize / 1_024
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let mut unmount = Command::new("umount");
        // Lazily: a server that was killed a moment ago may still be letting go.
        unmount.arg("-l").arg(self.home.data());
        finish(unmount);
    }
}
