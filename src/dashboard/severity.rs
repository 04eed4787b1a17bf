//! How bad it is: what every finding says first.

/// How much somebody should care.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is wrong as far as anyone can see.
    Ok,
    /// Worth a look today.
    Attention,
    /// Worth a look now.
    Alarm,
}
