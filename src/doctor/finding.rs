//! What a check found.

use serde::{Deserialize, Serialize};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was looked at: stable words for programs.
    pub check: String,
    /// How it is.
    pub health: Health,
    /// What was seen, in words.
    pub message: String,
    /// The command that mends it, or what else does.
    pub mend: Option<String>,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it should be.
    Ok,
    /// It works, and somebody should look at it.
    Warning,
    /// It does not work, or soon will not.
    Failed,
}

impl Health {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

impl Finding {
    pub(super) fn ok(check: &str, message: impl Into<String>) -> Self {
        Self::new(check, Health::Ok, message, None)
    }

    pub(super) fn warning(
        check: &str,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self::new(check, Health::Warning, message, Some(mend.into()))
    }

    pub(super) fn failed(check: &str, message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(check, Health::Failed, message, Some(mend.into()))
    }

    fn new(check: &str, health: Health, message: impl Into<String>, mend: Option<String>) -> Self {
        Self { check: check.to_owned(), health, message: message.into(), mend }
    }

    /// The configuration cannot be read, so nothing else can be looked at.
    pub fn of_configuration(error: &dyn std::fmt::Display) -> Self {
        let mend = "correct what it names; appliance.toml of the program explains every key";
        Self::failed("configuration", error.to_string(), mend)
    }
}

/// A path as one word of a shell.
pub(super) fn quoted(path: &std::path::Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        let quoted = |text: &str| quoted(std::path::Path::new(text));
        assert_eq!(quoted("/srv/data-1"), "/srv/data-1");
        assert_eq!(quoted("/srv/my data"), "'/srv/my data'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
