//! What the configuration is read from.

use std::{fmt, path::PathBuf};

/// What configuration is read from, strongest last.
#[derive(Debug, Clone, Default)]
pub struct ConfigSources {
    /// The configuration file, when there is one.
    pub file: Option<PathBuf>,
    /// Environment variables; those that begin with `APPLIANCE_` and name a section are read.
    pub environment: Vec<(String, String)>,
    /// `section.key` and value, from `--set` and other flags.
    pub flags: Vec<(String, String)>,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueSource {
    /// The embedded `appliance.toml`.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// The command line.
    Flag,
}

impl fmt::Display for ValueSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "${name}"),
            Self::Flag => f.write_str("command line"),
        }
    }
}
