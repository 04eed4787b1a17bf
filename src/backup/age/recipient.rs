//! Who a file is encrypted for, and who opens it.

/// What every other key of a file is made of.
pub(in crate::backup) type FileKey = [u8; 16];

/// Who a file is encrypted for.
#[derive(Clone)]
pub(in crate::backup) enum Recipient {
    /// Whoever knows it.
    Passphrase(String),
    /// Whoever has the secret key of any of these.
    Keys(Vec<[u8; 32]>),
}

/// Who wants to open a file.
#[derive(Clone)]
pub(in crate::backup) enum Identity {
    /// Somebody who knows it.
    Passphrase(String),
    /// Somebody who has these secret keys.
    Keys(Vec<[u8; 32]>),
    /// Whoever wrote the file, and still has its key.
    Writer(FileKey),
}
