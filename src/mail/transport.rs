//! Speaking to the mail server: encrypted, or on this machine.

use std::{fmt, fs, net::IpAddr, path::Path, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters, TlsParametersBuilder},
        extension::ClientId,
    },
};

use super::{MailError, MailMessage};
use crate::config::{MailConfig, MailEncryption};

/// The way to one mail server. Each message has a connection of its own.
pub struct SmtpTransport {
    smtp: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout_seconds: u64,
}

impl SmtpTransport {
    /// Reads what the configuration names; asks nobody yet. `own_host` is what the server is told that
    /// we are.
    ///
    /// # Errors
    /// [`MailError::Unusable`], naming the key.
    pub fn open(config: &MailConfig, own_host: &str) -> Result<Self, MailError> {
        let from = config.from.parse();
        let from = from.map_err(|_| unusable("mail.from", "is no address to send mail from"))?;
        let timeout = Duration::from_secs(config.timeout_seconds);
        let tls = match config.encryption {
            MailEncryption::Starttls => Tls::Required(trust(config)?),
            MailEncryption::Tls => Tls::Wrapper(trust(config)?),
            MailEncryption::Off => Tls::None,
        };
        let mut smtp = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .tls(tls)
            .timeout(Some(timeout))
            .hello_name(own_name(own_host));
        if !config.username.is_empty() {
            let password = first_line(&config.password_file)
                .map_err(|error| unusable("mail.password_file", error))?;
            smtp = smtp.credentials(Credentials::new(config.username.clone(), password));
        }
        Ok(Self { smtp: smtp.build(), from, timeout_seconds: config.timeout_seconds })
    }

    /// Delivers a message to the server.
    ///
    /// # Errors
    /// [`MailError`]; after [`MailError::TooSlow`] nobody knows whether the server has it.
    pub async fn send(&self, message: &MailMessage) -> Result<(), MailError> {
        let message = message.build(&self.from)?;
        self.within(self.smtp.send(message)).await?;
        Ok(())
    }

    /// Connects and logs in, and sends nothing.
    ///
    /// # Errors
    /// [`MailError`].
    pub async fn look(&self) -> Result<(), MailError> {
        if self.within(self.smtp.test_connection()).await? {
            Ok(())
        } else {
            Err(MailError::Unclear("it does not answer NOOP".to_owned()))
        }
    }

    /// The time is for all of it: a server could go on for ever by a byte at a time.
    async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
    ) -> Result<T, MailError> {
        let seconds = self.timeout_seconds;
        let done = tokio::time::timeout(Duration::from_secs(seconds), work).await;
        Ok(done.map_err(|_| MailError::TooSlow(seconds))??)
    }
}

/// The certificates that the server is trusted by: those of the system, and those of a file.
fn trust(config: &MailConfig) -> Result<TlsParameters, MailError> {
    let mut parameters = TlsParametersBuilder::new(config.host.clone());
    if let Some(file) = config.ca_file() {
        let fault = |error: &dyn fmt::Display| unusable("mail.ca_file", error);
        let pem = fs::read(file).map_err(|error| fault(&error))?;
        let is_empty = !pem.windows(10).any(|window| window == b"-----BEGIN");
        if is_empty {
            return Err(fault(&"it holds no certificate in PEM"));
        }
        let certificate = Certificate::from_pem(&pem).map_err(|error| fault(&error))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    parameters.build().map_err(|error| unusable("mail.ca_file", error))
}

fn own_name(host: &str) -> ClientId {
    match host.trim_start_matches('[').trim_end_matches(']').parse() {
        Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::Domain(host.to_owned()),
    }
}

/// The password: the first line of a file, which may end with it.
fn first_line(file: &Path) -> Result<String, String> {
    let text = fs::read_to_string(file)
        .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(format!("{} has nothing in its first line", file.display())),
    }
}

fn unusable(key: &str, reason: impl fmt::Display) -> MailError {
    MailError::Unusable(format!("{key}: {reason}"))
}
