//! Reading a password, which has one way in: none is left in the history of a shell.

use std::io::Read;

use crate::{cli::Failure, control::Password};

/// A password from standard input, without the end of its line.
pub(super) fn password_from_stdin() -> Result<Password, Failure> {
    let mut password = String::new();
    std::io::stdin().read_to_string(&mut password)?;
    Ok(Password(password.trim_end_matches(['\r', '\n']).to_owned()))
}
