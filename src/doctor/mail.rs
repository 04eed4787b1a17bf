//! The mail server: whether it lets us in. Nothing is sent.

use super::Finding;
use crate::{
    config::Config,
    mail::{MailError, SmtpTransport},
};

const CHECK: &str = "mail";

/// Nothing when no mail server is configured.
pub(super) fn finding(config: &Config) -> Option<Finding> {
    if !config.mail.is_on() {
        return None;
    }
    let (host, port) = (&config.mail.host, config.mail.port);
    Some(match look(config) {
        Ok(()) => Finding::ok(CHECK, format!("{host}:{port} lets this appliance send")),
        Err(error) => {
            let mend = "correct [mail], then appliance mail test ADDRESS";
            Finding::failed(CHECK, format!("{host}:{port}: {error}"), mend)
        }
    })
}

fn look(config: &Config) -> Result<(), MailError> {
    let transport = SmtpTransport::open(&config.mail, config.server.public_url.host())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| MailError::Unusable(error.to_string()))?;
    runtime.block_on(transport.look())
}
