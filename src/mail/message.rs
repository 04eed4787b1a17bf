//! A message to one person, and how it becomes one of the Internet (RFC 5322).

use lettre::{
    Address, Message,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
};

use super::MailError;
use crate::{crypto, ids::RandomId};

/// A plain text to one person.
#[derive(Clone, PartialEq, Eq)]
pub struct MailMessage {
    /// The e-mail address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Lines of text; they may be long.
    pub text: String,
    /// What the log calls it, without an address or a secret: `password reset of user:7`.
    pub about: String,
}

/// What `appliance mail test` sends, in both languages.
pub fn test_message(to: &str, name: &str) -> MailMessage {
    let text = "This is a test. Mail from this appliance arrives.\n\n\
                Questa è una prova. Le e-mail di questo server arrivano.\n";
    MailMessage {
        to: to.to_owned(),
        subject: format!("Test / Prova - {name}"),
        text: text.to_owned(),
        about: "test".to_owned(),
    }
}

impl MailMessage {
    /// The message that is sent.
    ///
    /// # Errors
    /// [`MailError::Address`] for an address that mail cannot be sent to.
    pub(super) fn build(&self, from: &Mailbox) -> Result<Message, MailError> {
        let to: Address = self.to.parse().map_err(|_| MailError::Address(self.to.clone()))?;
        let id = RandomId::generate().map_err(unusable)?;
        // RFC 3834 §5: so that no holiday notice answers it.
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        Message::builder()
            .from(from.clone())
            .to(Mailbox::new(None, to))
            .subject(one_line(&self.subject))
            .message_id(Some(format!("<{id}@{}>", from.email.domain())))
            .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
            .header(ContentType::TEXT_PLAIN)
            .body(self.text.clone())
            .map_err(|error| MailError::Unusable(error.to_string()))
    }
}

fn unusable(error: crypto::NoRandomness) -> MailError {
    MailError::Unusable(error.to_string())
}

/// A text without anything that could begin another header.
fn one_line(text: &str) -> String {
    text.split(char::is_control).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(to: &str, subject: &str) -> MailMessage {
        MailMessage {
            to: to.to_owned(),
            subject: subject.to_owned(),
            text: "Però.\n.\nhttps://example.org/app/reset#0\n".to_owned(),
            about: "test".to_owned(),
        }
    }

    fn sent(message: &MailMessage) -> String {
        let from = "Presenze <presenze@example.org>".parse().unwrap();
        String::from_utf8(message.build(&from).unwrap().formatted()).unwrap()
    }

    #[test]
    fn a_letter_has_the_headers_that_a_mailbox_expects() {
        let message = sent(&message("ada@example.org", "Prova"));
        let (head, _) = message.split_once("\r\n\r\n").unwrap();
        for line in [
            "From: Presenze <presenze@example.org>",
            "To: ada@example.org",
            "Subject: Prova",
            "Auto-Submitted: auto-generated",
            "Content-Type: text/plain; charset=utf-8",
        ] {
            assert!(head.lines().any(|found| found == line), "{line} is not in {head}");
        }
        assert!(head.contains("\r\nDate: ") && head.contains("@example.org>"), "{head}");
    }

    #[test]
    fn no_subject_begins_another_header() {
        for evil in [
            "a\r\nBcc: b@example.org",
            "a\nBcc: b@example.org",
            "a\rBcc: b@example.org",
            "a\u{85}Bcc: b@example.org",
            "a\u{2028}Bcc: x",
            "è\r\n\r\nBcc: b@example.org",
        ] {
            let message = sent(&message("ada@example.org", evil));
            let (head, _) = message.split_once("\r\n\r\n").unwrap();
            let starts = |line: &str| line.to_ascii_lowercase().starts_with("bcc");
            assert!(!head.split(['\r', '\n']).any(starts), "{evil:?}: {head}");
        }
    }

    #[test]
    fn no_address_is_more_than_one_address() {
        let from = "presenze@example.org".parse().unwrap();
        for evil in [
            "ada@example.org\r\nBcc: bob@example.org",
            "ada@example.org\nRCPT TO:<bob@example.org>",
            "ada@example.org, bob@example.org",
            "ada@example.org> <bob@example.org",
            "Ada <ada@example.org>",
            "ada@example.org bob@example.org",
            "ada@exa\0mple.org",
            "ada",
            "",
        ] {
            let refused = message(evil, "Prova").build(&from).err();
            assert_eq!(refused, Some(MailError::Address(evil.to_owned())));
        }
    }
}
