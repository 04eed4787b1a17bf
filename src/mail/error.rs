//! What can go wrong with a message, in words for whoever runs the appliance.

use std::{error::Error, fmt, io};

use lettre::transport::smtp;

/// Why a message was not delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailError {
    /// The configuration does not hold what it must; names the key.
    Unusable(String),
    /// Mail cannot be sent to this.
    Address(String),
    /// Nobody answers there.
    Unreachable(String),
    /// It took more than so many seconds.
    TooSlow(u64),
    /// The server does not offer to encrypt.
    NoStartTls,
    /// The server's certificate, or how it encrypts, is not good.
    Untrusted(String),
    /// The server does not take the username and password.
    Login(String),
    /// The server refuses, and will again.
    Refused(String),
    /// The server refuses for now.
    Later(String),
    /// The server says what makes no sense.
    Unclear(String),
}

impl MailError {
    /// Whether a later try may end otherwise without anybody changing anything.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::TooSlow(_) | Self::Later(_) | Self::Unclear(_))
    }
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(reason) => f.write_str(reason),
            Self::Address(address) => write!(f, "'{address}' is no address to send mail to"),
            Self::Unreachable(reason) => write!(
                f,
                "the mail server cannot be reached: {reason}; see mail.host and mail.port, and whether a \
                 firewall lets it through"
            ),
            Self::TooSlow(seconds) => {
                write!(f, "the mail server did not take it within {seconds} seconds")
            }
            Self::NoStartTls => f.write_str(
                "the mail server does not offer STARTTLS, so nothing was sent; if it encrypts from the \
                 start, as on port 465, set mail.encryption to \"tls\"",
            ),
            Self::Untrusted(reason) => write!(
                f,
                "no safe connection to the mail server: {reason}; mail.host must be the name in its \
                 certificate, and mail.ca_file the authority's when the system does not know it"
            ),
            Self::Login(reason) => write!(
                f,
                "the mail server does not accept mail.username with the password in mail.password_file: \
                 {reason}"
            ),
            Self::Refused(reason) => write!(f, "the mail server refuses: {reason}"),
            Self::Later(reason) => write!(f, "the mail server refuses for now: {reason}"),
            Self::Unclear(reason) => {
                write!(f, "the mail server says what makes no sense: {reason}")
            }
        }
    }
}

impl Error for MailError {}

/// The codes with which a server turns a login down (RFC 4954 §6), besides those that pass.
const LOGIN_REFUSED: [u16; 4] = [530, 534, 535, 538];

impl From<smtp::Error> for MailError {
    fn from(error: smtp::Error) -> Self {
        let reason = innermost(&error);
        if let Some(code) = error.status() {
            let code = u16::from(code);
            return match code {
                _ if LOGIN_REFUSED.contains(&code) => Self::Login(reason),
                400..=499 => Self::Later(reason),
                _ => Self::Refused(reason),
            };
        }
        if error.is_tls() || is_of_tls(&error) {
            return Self::Untrusted(reason);
        }
        if error.is_client() && reason.contains("STARTTLS") {
            return Self::NoStartTls;
        }
        if error.is_client() && reason.contains("authentication") {
            return Self::Login(reason);
        }
        if error.is_response() || error.is_client() {
            return Self::Unclear(reason);
        }
        Self::Unreachable(reason)
    }
}

/// What the lowest layer says; those above only repeat it.
fn innermost(error: &smtp::Error) -> String {
    let mut last: &dyn Error = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// Whether rustls is what complains: it does so inside of an error of reading.
fn is_of_tls(error: &smtp::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if error.is::<rustls::Error>()
            || inner.is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>)
        {
            return true;
        }
        source = error.source();
    }
    false
}
