//! A socket in the file system: made for those it is meant for alone, and taken away at the end.
//!
//! It is made under another name, given its permissions, and only then renamed, so whoever finds it finds
//! it closed to others, and what a killed appliance left is replaced in one step.

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt, MetadataExt},
    os::unix::net::UnixStream as BlockingStream,
    path::{Path, PathBuf},
};

use tokio::net::{UnixListener, UnixStream};

use crate::{paths::set_mode, server::StartError};

/// What a socket is for.
#[derive(Debug, Clone, Copy)]
pub(in crate::server) enum SocketPurpose {
    /// The command line asks at it: its owner's alone.
    Control,
    /// A proxy sends requests to it: its owner's and its group's.
    Http,
}

impl SocketPurpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Control => "control socket",
            Self::Http => "HTTP socket",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Control => "server.control_socket",
            Self::Http => "server.listen",
        }
    }

    const fn mode(self) -> u32 {
        match self {
            Self::Control => 0o600,
            Self::Http => 0o660,
        }
    }
}

/// A listening socket; its file is removed when it is dropped.
#[derive(Debug)]
pub(in crate::server) struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode of the file that was made: another's is not removed.
    file: (u64, u64),
}

impl UnixSocket {
    /// Listens at `path`. A socket that nobody listens at any more is replaced when it is the own user's.
    ///
    /// # Errors
    /// [`StartError`], in words for the person who starts it.
    pub(in crate::server) fn bind(path: &Path, purpose: SocketPurpose) -> Result<Self, StartError> {
        make_way(path, purpose)?;
        let failed = |error: io::Error| {
            let (name, key, shown) = (purpose.name(), purpose.key(), path.display());
            StartError::Socket(match error.kind() {
                io::ErrorKind::InvalidInput => format!(
                    "the path of the {name}, {shown}, is longer than the system allows; set {key} to a \
                     shorter one in /run/appliance"
                ),
                _ => format!("cannot make the {name} {shown}: {error}"),
            })
        };
        let draft = path.with_extension("new");
        // Left by a start that was cut short. A directory or somebody else's file makes the bind fail.
        if is_own_socket(&draft) {
            fs::remove_file(&draft).map_err(failed)?;
        }
        let listener = UnixListener::bind(&draft).map_err(failed)?;
        let published = set_mode(&draft, purpose.mode())
            .and_then(|()| fs::symlink_metadata(&draft))
            .and_then(|made| fs::rename(&draft, path).map(|()| made));
        let made = published.map_err(|error| {
            let _ = fs::remove_file(&draft);
            failed(error)
        })?;
        Ok(Self { listener, path: path.to_owned(), file: (made.dev(), made.ino()) })
    }

    pub(in crate::server) fn path(&self) -> &Path {
        &self.path
    }

    pub(in crate::server) async fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        let is_ours = |there: fs::Metadata| (there.dev(), there.ino()) == self.file;
        if fs::symlink_metadata(&self.path).is_ok_and(is_ours) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Sees to it that nothing of worth is at `path`.
fn make_way(path: &Path, purpose: SocketPurpose) -> Result<(), StartError> {
    let (name, key) = (purpose.name(), purpose.key());
    let in_the_way = |what: &str| {
        let path = path.display();
        StartError::Socket(format!("{path} is {what}; move it away or set {key}"))
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(in_the_way(&format!("not to be looked at ({error})"))),
        Ok(there) if !there.file_type().is_socket() => {
            return Err(in_the_way(&format!("in the way of the {name}")));
        }
        Ok(_) if !is_own_socket(path) => return Err(in_the_way("another user's socket")),
        Ok(_) => {}
    }
    match BlockingStream::connect(path) {
        Ok(_) => {
            let path = path.display();
            Err(StartError::SocketInUse(format!(
                "another appliance listens at the {name} {path}; stop it or set {key}"
            )))
        }
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) => Err(in_the_way("a socket of something else")),
    }
}

fn is_own_socket(path: &Path) -> bool {
    let own = rustix::process::geteuid().as_raw();
    fs::symlink_metadata(path)
        .is_ok_and(|there| there.file_type().is_socket() && there.uid() == own)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn bind(path: &Path) -> Result<UnixSocket, String> {
        UnixSocket::bind(path, SocketPurpose::Control).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_socket_is_its_owners_alone_and_goes_with_its_server() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.sock");
        let socket = bind(&path).unwrap();
        let mode = || fs::symlink_metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        drop(socket);
        let socket = UnixSocket::bind(&path, SocketPurpose::Http).unwrap();
        assert_eq!(mode(), 0o660);
        drop(socket);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_socket_that_nobody_listens_at_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        drop(std::os::unix::net::UnixListener::bind(path.with_extension("new")).unwrap());
        let _socket = bind(&path).unwrap();
        assert!(BlockingStream::connect(&path).is_ok());
    }

    #[tokio::test]
    async fn a_socket_that_somebody_listens_at_is_left_to_them() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.sock");
        let first = bind(&path).unwrap();
        assert!(bind(&path).unwrap_err().contains("another appliance"));
        assert!(BlockingStream::connect(&path).is_ok());
        drop(first);
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_never_removed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.sock");
        fs::write(&path, "kept").unwrap();
        assert!(bind(&path).unwrap_err().contains("in the way"));
        assert_eq!(fs::read(&path).unwrap(), b"kept");
    }

    #[tokio::test]
    async fn a_server_removes_its_own_socket_and_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("control.sock");
        let socket = bind(&path).unwrap();
        fs::rename(&path, directory.path().join("kept")).unwrap();
        fs::write(&path, "another").unwrap();
        drop(socket);
        assert!(path.exists());
    }

    #[tokio::test]
    async fn a_path_that_is_too_long_is_refused_with_what_to_set() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a".repeat(120));
        assert!(bind(&path).unwrap_err().contains("server.control_socket"));
    }
}
