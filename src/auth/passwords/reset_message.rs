//! The words of the message with a link.
//!
//! They name the appliance and nobody: a name is typed by whoever registers, and must not be a way to have
//! strangers sent a text.

use crate::{language::Language, mail::MailMessage};

/// The message with a link that sets another password.
pub(super) fn reset_message(
    language: Language,
    to: String,
    appliance: &str,
    url: &str,
    about: String,
) -> MailMessage {
    let (subject, text) = match language {
        Language::English => (
            format!("A new password - {appliance}"),
            format!(
                "Somebody, probably you, has forgotten the password of your account at {appliance}.\n\n\
                 Open this link to choose a new one:\n\n\
                 {url}\n\n\
                 It is valid for one hour and works once. If it was not you, do nothing: your password \
                 stays as it is.\n"
            ),
        ),
        Language::Italian => (
            format!("Una nuova password - {appliance}"),
            format!(
                "Qualcuno, probabilmente tu, ha dimenticato la password del tuo account su {appliance}.\n\n\
                 Apri questo link per sceglierne una nuova:\n\n\
                 {url}\n\n\
                 È valido per un'ora e funziona una volta sola. Se non sei stato tu, non fare nulla: la tua \
                 password resta quella di prima.\n"
            ),
        ),
    };
    MailMessage { to, subject, text, about }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_has_the_link_and_how_long_it_is_valid_in_either_language() {
        for (language, hour) in
            [(Language::English, "valid for one hour"), (Language::Italian, "valido per un'ora")]
        {
            let to = "ada@example.org".to_owned();
            let url = "https://example.org/app/reset#0123";
            let message = reset_message(language, to, "Liceo Volta", url, "test".to_owned());
            assert!(message.text.lines().any(|line| line == url), "{}", message.text);
            assert!(message.text.contains(hour) && message.text.contains("Liceo Volta"));
            assert!(message.subject.ends_with("Liceo Volta"));
            assert!(!message.about.contains('@') && !message.about.contains("0123"));
        }
    }
}
