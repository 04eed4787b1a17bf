//! The letter to administrators when no backup is taken: at most one a day, also across restarts.

use std::{io::Write, path::Path};

use super::Backups;
use crate::{
    auth::Account, clock::Time, ids::Role, language::Language, mail::MailMessage,
    paths::open_or_create, telemetry::BackupFacts,
};

/// How long after a letter there is no other, in seconds.
const PAUSE_SECONDS: i64 = 86_400;
/// How many administrators are written to.
const MOST_LETTERS: usize = 20;
/// How many accounts are looked at in one go.
const ACCOUNTS_AT_ONCE: usize = 500;

impl Backups {
    /// Makes what letters need to be kept in, while there is room for it.
    pub(super) fn prepare_letters(&self) {
        let path = self.data.backup_letter();
        if self.mail_queue.is_some()
            && !path.exists()
            && let Err(error) = keep(&path, Time::EPOCH)
        {
            tracing::warn!(%error, "cannot make what keeps when administrators were written to");
        }
    }

    /// Writes to administrators when a backup failed or is missing and they were not written to today.
    pub(super) async fn tell_administrators(&self, now: Time) {
        let Some(mail_queue) = &self.mail_queue else { return };
        let facts = self.domains.metrics.backups.facts();
        if facts.failure.is_none() && !facts.is_overdue(now) {
            return;
        }
        let path = self.data.backup_letter();
        if written_lately(&path, now) {
            return;
        }
        let administrators = match self.administrators().await {
            Ok(administrators) => administrators,
            Err(error) => {
                return tracing::error!(%error, "cannot write to administrators about backups");
            }
        };
        // First, and only if it can be kept: a letter in every loop of restarts would be worse than none.
        if let Err(error) = keep(&path, now) {
            return tracing::error!(%error, "cannot keep when administrators were written to");
        }
        for (account, language) in administrators {
            let about = format!("missing backup, to user:{}", account.id);
            mail_queue.send(letter(language, account.email, &self.name, &facts, about));
        }
    }

    /// Administrators who may log in, with the language that each reads.
    async fn administrators(&self) -> Result<Vec<(Account, Language)>, crate::auth::AuthError> {
        let (mut found, mut after) = (Vec::new(), 0);
        let profiles = self.domains.profiles();
        while found.len() < MOST_LETTERS {
            let accounts = self.domains.auth.list(after, ACCOUNTS_AT_ONCE).await?;
            let Some(last) = accounts.last() else { break };
            after = last.id.0;
            for account in accounts {
                if account.role < Role::Admin || account.disabled || found.len() >= MOST_LETTERS {
                    continue;
                }
                let person = profiles.person(&account).await.ok();
                let language = person.and_then(|person| Language::from_code(&person.language));
                let language = language.unwrap_or(account.language);
                found.push((account, language));
            }
        }
        Ok(found)
    }
}

/// Keeps when the last letter was written. In place, and all moments are as long: a disk that is full, which may be
/// why there is no backup, has room for that once the file is there.
fn keep(path: &Path, time: Time) -> std::io::Result<()> {
    let mut file = open_or_create(path)?;
    file.write_all(time.to_string().as_bytes())?;
    file.sync_all()
}

/// Whether the last letter is younger than a day. One from the future says that a clock was wrong.
fn written_lately(path: &Path, now: Time) -> bool {
    let last = std::fs::read_to_string(path).ok();
    let last = last.and_then(|text| Time::parse_rfc3339(text.trim()).ok());
    last.is_some_and(|last| last <= now && now < last.plus_seconds(PAUSE_SECONDS))
}

/// The letter. It names no path and nobody: what is behind it is in the log.
fn letter(
    language: Language,
    to: String,
    appliance: &str,
    facts: &BackupFacts,
    about: String,
) -> MailMessage {
    let last = facts.last_success.map(|last| last.to_string());
    let (subject, text) = match language {
        Language::English => {
            let what = match facts.failure {
                Some(failure) => format!("The backup of {} failed ({}).", failure.at, failure.code),
                None => "The backup that the schedule asks for was not taken.".to_owned(),
            };
            let last = last.map_or_else(
                || "There is no backup that is known to be good.".to_owned(),
                |last| format!("The newest good one is of {last}."),
            );
            (
                format!("No backup - {appliance}"),
                format!(
                    "{what} {last}\n\n\
                     The System page and the log of {appliance} say more; `appliance backup create` on the \
                     machine tries again at once. You get this letter once a day until there is a backup.\n"
                ),
            )
        }
        Language::Italian => {
            let what = match facts.failure {
                Some(failure) => {
                    format!("Il backup del {} non è riuscito ({}).", failure.at, failure.code)
                }
                None => "Il backup previsto dalla pianificazione non è stato eseguito.".to_owned(),
            };
            let last = last.map_or_else(
                || "Non c'è alcun backup di cui si sappia che è integro.".to_owned(),
                |last| format!("L'ultimo backup integro è del {last}."),
            );
            (
                format!("Nessun backup - {appliance}"),
                format!(
                    "{what} {last}\n\n\
                     La pagina Sistema e il log di {appliance} dicono di più; `appliance backup create` sul \
                     server riprova subito. Riceverai questa e-mail una volta al giorno finché non ci sarà un \
                     backup.\n"
                ),
            )
        }
    };
    MailMessage { to, subject, text, about }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::BackupFailure;

    #[test]
    fn a_letter_says_what_failed_and_what_there_is_in_either_language() {
        let at = Time::parse_rfc3339("2026-11-24T01:00:00Z").unwrap();
        let failed = BackupFacts {
            last_success: Some(at.plus_seconds(-86_400)),
            failure: Some(BackupFailure { at, code: "FAILED" }),
            ..BackupFacts::default()
        };
        for (language, words) in [
            (Language::English, ["failed (FAILED)", "newest good one is of 2026-11-23"]),
            (Language::Italian, ["non è riuscito (FAILED)", "è del 2026-11-23"]),
        ] {
            let letter =
                letter(language, "a@b.c".to_owned(), "Liceo Volta", &failed, String::new());
            assert!(letter.subject.ends_with("Liceo Volta"));
            assert!(words.iter().all(|word| letter.text.contains(word)), "{}", letter.text);
            let missing = BackupFacts::default();
            let other =
                super::letter(language, String::new(), "Liceo Volta", &missing, String::new());
            assert_ne!(letter.text, other.text);
        }
    }

    #[test]
    fn there_is_one_letter_a_day_and_a_clock_that_was_wrong_stops_none() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("letter");
        let now = Time::parse_rfc3339("2026-11-24T01:00:00Z").unwrap();
        assert!(!written_lately(&path, now));
        keep(&path, Time::EPOCH).unwrap();
        assert!(!written_lately(&path, now));
        keep(&path, now).unwrap();
        assert!(written_lately(&path, now));
        assert!(written_lately(&path, now.plus_seconds(PAUSE_SECONDS - 1)));
        assert!(!written_lately(&path, now.plus_seconds(PAUSE_SECONDS)));
        assert!(!written_lately(&path, now.plus_seconds(-1)));
        std::fs::write(&path, "yesterday").unwrap();
        assert!(!written_lately(&path, now));
    }
}
