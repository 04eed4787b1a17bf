//! What figures mean: fine, worth a look, or an alarm, each with the reason in words.
//!
//! Pure: what is known comes in, findings come out. What is not known is no finding.

use super::{
    backup_rules::{self, BackupAges},
    severity::Severity,
};
use crate::language::Text;

/// Something that somebody should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthFinding {
    /// How much it matters.
    pub level: Severity,
    /// What it is, for programs: stable, upper snake case.
    pub code: &'static str,
    /// What it is, for people.
    pub text: Text,
}

/// The level of some findings together: that of the worst.
pub(super) fn worst(findings: &[HealthFinding]) -> Severity {
    findings.iter().map(|finding| finding.level).max().unwrap_or(Severity::Ok)
}

/// What is known of the machine and of the appliance.
#[derive(Debug, Clone, Default)]
pub struct HealthFacts {
    /// Databases that take no more writes.
    pub stopped_stores: Vec<&'static str>,
    /// Free and all bytes of the data directory's filesystem.
    pub disk_free_and_total_bytes: Option<(u64, u64)>,
    /// Used and all bytes of memory.
    pub memory_used_and_total_bytes: Option<(u64, u64)>,
    /// Open files and their limit.
    pub open_files_and_limit: Option<(u64, u64)>,
    /// Days until the certificate ends; negative when it has.
    pub certificate_days_left: Option<i64>,
    /// For how many days it is good in all.
    pub certificate_life_days: Option<i64>,
    /// What there is of backups.
    pub backups: BackupAges,
    /// Letters that the mail server has not taken at the first try, and that wait for another.
    pub mails_waiting: u64,
    /// Failed and all requests of the last minutes.
    pub recent_errors_and_requests: (u64, u64),
    /// Audit events that wait for the chain.
    pub outbox_events: u64,
}

/// Shares in percent, days, hours and counts from which on something is found.
const DISK_ATTENTION_PERCENT: u64 = 10;
const DISK_ALARM_PERCENT: u64 = 3;
const MEMORY_ATTENTION_PERCENT: u64 = 95;
const FILES_ATTENTION_PERCENT: u64 = 80;
const CERTIFICATE_ATTENTION_DAYS: i64 = 14;
const CERTIFICATE_ALARM_DAYS: i64 = 2;
const CERTIFICATE_ATTENTION_SHARE: i64 = 4;
const CERTIFICATE_ALARM_SHARE: i64 = 20;
const ERRORS_ATTENTION_PERCENT: u64 = 1;
const ERRORS_ALARM_PERCENT: u64 = 10;
const ERRORS_AT_LEAST: u64 = 5;
const OUTBOX_ATTENTION: u64 = 10_000;

/// What there is to say of health.
pub(super) fn health(facts: &HealthFacts) -> Vec<HealthFinding> {
    let mut findings = Vec::new();
    let mut find = |level, code, en: String, it: String| {
        findings.push(HealthFinding { level, code, text: Text::made(en, it) });
    };
    for store in &facts.stopped_stores {
        find(
            Severity::Alarm,
            "STORE_STOPPED",
            format!("The database {store} takes no more writes."),
            format!("Il database {store} non accetta più scritture."),
        );
    }
    if let Some((free, total)) = facts.disk_free_and_total_bytes {
        let percent = share(free, total);
        if percent < DISK_ATTENTION_PERCENT {
            let level =
                if percent < DISK_ALARM_PERCENT { Severity::Alarm } else { Severity::Attention };
            find(
                level,
                "DISK_NEARLY_FULL",
                format!("{percent} % of the disk is free."),
                format!("Solo il {percent} % del disco è libero."),
            );
        }
    }
    if let Some((used, total)) = facts.memory_used_and_total_bytes {
        let percent = share(used, total);
        if percent >= MEMORY_ATTENTION_PERCENT {
            find(
                Severity::Attention,
                "MEMORY_NEARLY_FULL",
                format!("{percent} % of the machine’s memory is in use."),
                format!("Il {percent} % della memoria della macchina è in uso."),
            );
        }
    }
    if let Some((open, limit)) = facts.open_files_and_limit {
        let percent = share(open, limit);
        if percent >= FILES_ATTENTION_PERCENT {
            find(
                Severity::Attention,
                "FILES_NEARLY_USED_UP",
                format!("{open} of {limit} files and connections that are allowed are open."),
                format!("Sono aperti {open} dei {limit} file e connessioni consentiti."),
            );
        }
    }
    if let Some(days) = facts.certificate_days_left {
        let life = facts.certificate_life_days.unwrap_or(i64::MAX);
        certificate(days, life, &mut find);
    }
    backup_rules::find(&facts.backups, &mut find);
    if facts.mails_waiting > 0 {
        let mails = facts.mails_waiting;
        find(
            Severity::Attention,
            "MAIL_WAITS",
            format!(
                "E-mails that the mail server does not take, and that are tried again: {mails}."
            ),
            format!("E-mail che il server di posta non accetta e che saranno ritentate: {mails}."),
        );
    }
    let (errors, requests) = facts.recent_errors_and_requests;
    let percent = share(errors, requests);
    if errors >= ERRORS_AT_LEAST && percent >= ERRORS_ATTENTION_PERCENT {
        let level =
            if percent >= ERRORS_ALARM_PERCENT { Severity::Alarm } else { Severity::Attention };
        find(
            level,
            "REQUESTS_FAIL",
            format!("{errors} of {requests} requests failed in the last minutes."),
            format!("{errors} richieste su {requests} sono fallite negli ultimi minuti."),
        );
    }
    if facts.outbox_events >= OUTBOX_ATTENTION {
        let events = facts.outbox_events;
        find(
            Severity::Attention,
            "AUDIT_BEHIND",
            format!("{events} events wait to be written to the audit trail."),
            format!("{events} eventi attendono di essere scritti nel registro di controllo."),
        );
    }
    findings
}

/// One of a short life is renewed late by the calendar and early by its life.
fn certificate(
    days: i64,
    life: i64,
    find: &mut impl FnMut(Severity, &'static str, String, String),
) {
    let attention = CERTIFICATE_ATTENTION_DAYS.min(life / CERTIFICATE_ATTENTION_SHARE);
    let alarm = CERTIFICATE_ALARM_DAYS.min(life / CERTIFICATE_ALARM_SHARE);
    if days < 0 {
        find(
            Severity::Alarm,
            "CERTIFICATE_EXPIRED",
            "The certificate has expired; browsers warn of this site.".to_owned(),
            "Il certificato è scaduto: i browser mettono in guardia da questo sito.".to_owned(),
        );
    } else if days < attention {
        let level = if days < alarm { Severity::Alarm } else { Severity::Attention };
        find(
            level,
            "CERTIFICATE_EXPIRES",
            format!("The certificate expires in {days} days."),
            format!("Il certificato scade tra {days} giorni."),
        );
    }
}

/// What is known of who tries what.
#[derive(Debug, Clone, Copy, Default)]
pub struct SecurityFacts {
    /// Logins and failed logins of the last hour.
    pub logins_and_failures_last_hour: Option<(u64, u64)>,
    /// Refresh tokens that were used twice in the last day.
    pub refresh_reuse_last_day: Option<u64>,
    /// Requests that were refused for asking too often, of the last minutes.
    pub recent_rate_limited: u64,
    /// Enabled administrators.
    pub administrators: Option<u64>,
}

const FAILURES_ATTENTION: u64 = 20;
const FAILURES_ALARM: u64 = 200;
const REUSE_ALARM: u64 = 5;
const RATE_LIMITED_ATTENTION: u64 = 100;

/// What there is to say of security.
pub(super) fn security(facts: &SecurityFacts) -> Vec<HealthFinding> {
    let mut findings = Vec::new();
    let mut find = |level, code, en: String, it: String| {
        findings.push(HealthFinding { level, code, text: Text::made(en, it) });
    };
    if let Some((logins, failures)) = facts.logins_and_failures_last_hour
        && failures >= FAILURES_ATTENTION
        && failures > logins
    {
        let level = if failures >= FAILURES_ALARM { Severity::Alarm } else { Severity::Attention };
        find(
            level,
            "LOGINS_FAIL",
            format!("{failures} logins failed in the last hour and {logins} succeeded."),
            format!("Nell’ultima ora {failures} accessi sono falliti e {logins} sono riusciti."),
        );
    }
    if let Some(reuse) = facts.refresh_reuse_last_day.filter(|reuse| *reuse > 0) {
        let level = if reuse >= REUSE_ALARM { Severity::Alarm } else { Severity::Attention };
        find(
            level,
            "REFRESH_TOKEN_REUSED",
            format!(
                "Refresh tokens used twice in the last day: {reuse}. Somebody may have copied one; those sessions were ended."
            ),
            format!(
                "Token di rinnovo usati due volte nell’ultimo giorno: {reuse}. Qualcuno potrebbe averne copiato uno; quelle sessioni sono state chiuse."
            ),
        );
    }
    let limited = facts.recent_rate_limited;
    if limited >= RATE_LIMITED_ATTENTION {
        find(
            Severity::Attention,
            "RATE_LIMITS_HIT",
            format!("{limited} requests were refused in the last minutes for asking too often."),
            format!(
                "Negli ultimi minuti {limited} richieste sono state rifiutate perché troppo frequenti."
            ),
        );
    }
    if facts.administrators == Some(0) {
        find(
            Severity::Attention,
            "NO_ADMINISTRATOR",
            "There is no administrator.".to_owned(),
            "Non c’è alcun amministratore.".to_owned(),
        );
    }
    findings
}

/// How the level of security comes about, in words.
pub(super) fn security_rule() -> Text {
    Text::made(
        format!(
            "Attention from {FAILURES_ATTENTION} failed logins in the last hour if they are more than \
             those that succeeded, any refresh token used twice in the last day, {RATE_LIMITED_ATTENTION} \
             requests refused for asking too often in the last five minutes, or no administrator. Alarm \
             from {FAILURES_ALARM} such failed logins or {REUSE_ALARM} such refresh tokens."
        ),
        format!(
            "Attenzione da {FAILURES_ATTENTION} accessi falliti nell’ultima ora se sono più di quelli \
             riusciti, con qualsiasi token di rinnovo usato due volte nell’ultimo giorno, con \
             {RATE_LIMITED_ATTENTION} richieste rifiutate perché troppo frequenti negli ultimi cinque \
             minuti, o senza amministratori. Allarme da {FAILURES_ALARM} di tali accessi falliti o da \
             {REUSE_ALARM} di tali token."
        ),
    )
}

/// A part of a whole, in whole percent, rounded down.
fn share(part: u64, whole: u64) -> u64 {
    let percent = u128::from(part) * 100 / u128::from(whole.max(1));
    u64::try_from(percent).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_health(facts: &HealthFacts) -> Vec<(Severity, &'static str)> {
        health(facts).iter().map(|finding| (finding.level, finding.code)).collect()
    }

    fn of_security(facts: SecurityFacts) -> Vec<(Severity, &'static str)> {
        security(&facts).iter().map(|finding| (finding.level, finding.code)).collect()
    }

    #[test]
    fn what_is_not_known_is_no_finding() {
        assert_eq!(of_health(&HealthFacts::default()), []);
        assert_eq!(of_security(SecurityFacts::default()), []);
        assert_eq!(worst(&[]), Severity::Ok);
    }

    #[test]
    fn a_disk_is_worth_a_look_before_it_is_an_alarm() {
        let of = |free| {
            let facts = HealthFacts {
                disk_free_and_total_bytes: Some((free, 1_000)),
                ..Default::default()
            };
            of_health(&facts)
        };
        assert_eq!(of(100), []);
        assert_eq!(of(99), [(Severity::Attention, "DISK_NEARLY_FULL")]);
        assert_eq!(of(29), [(Severity::Alarm, "DISK_NEARLY_FULL")]);
    }

    #[test]
    fn a_certificate_is_found_as_its_end_comes_near() {
        let of = |days| {
            of_health(&HealthFacts { certificate_days_left: Some(days), ..Default::default() })
        };
        assert_eq!(of(14), []);
        assert_eq!(of(13), [(Severity::Attention, "CERTIFICATE_EXPIRES")]);
        assert_eq!(of(1), [(Severity::Alarm, "CERTIFICATE_EXPIRES")]);
        assert_eq!(of(-1), [(Severity::Alarm, "CERTIFICATE_EXPIRED")]);
    }

    #[test]
    fn a_certificate_of_a_short_life_is_not_always_about_to_end() {
        let of = |days| {
            let (left, life) = (Some(days), Some(6));
            let facts = HealthFacts {
                certificate_days_left: left,
                certificate_life_days: life,
                ..Default::default()
            };
            of_health(&facts)
        };
        assert_eq!(of(1), []);
        assert_eq!(of(0), [(Severity::Attention, "CERTIFICATE_EXPIRES")]);
    }

    #[test]
    fn failing_requests_count_when_they_are_several_and_a_share() {
        let of = |errors, requests| {
            let recent_errors_and_requests = (errors, requests);
            of_health(&HealthFacts { recent_errors_and_requests, ..Default::default() })
        };
        assert_eq!(of(4, 4), []);
        assert_eq!(of(5, 1_000), []);
        assert_eq!(of(10, 1_000), [(Severity::Attention, "REQUESTS_FAIL")]);
        assert_eq!(of(100, 1_000), [(Severity::Alarm, "REQUESTS_FAIL")]);
    }

    #[test]
    fn the_worst_finding_is_the_level() {
        let facts = HealthFacts {
            stopped_stores: vec!["user"],
            memory_used_and_total_bytes: Some((96, 100)),
            open_files_and_limit: Some((900, 1_000)),
            backups: BackupAges { last_hours: Some(48), ..BackupAges::default() },
            mails_waiting: 1,
            outbox_events: 10_000,
            ..Default::default()
        };
        assert_eq!(of_health(&facts).len(), 6);
        assert_eq!(worst(&health(&facts)), Severity::Alarm);
    }

    #[test]
    fn failed_logins_matter_when_they_outweigh_the_good_ones() {
        let of = |logins, failures| {
            let logins_and_failures_last_hour = Some((logins, failures));
            of_security(SecurityFacts { logins_and_failures_last_hour, ..Default::default() })
        };
        assert_eq!(of(0, 19), []);
        assert_eq!(of(300, 300), [], "a class that mistypes is no attack");
        assert_eq!(of(19, 20), [(Severity::Attention, "LOGINS_FAIL")]);
        assert_eq!(of(0, 200), [(Severity::Alarm, "LOGINS_FAIL")]);
    }

    #[test]
    fn a_refresh_token_that_was_used_twice_is_never_fine() {
        let of = |reuse| {
            of_security(SecurityFacts { refresh_reuse_last_day: Some(reuse), ..Default::default() })
        };
        assert_eq!(of(0), []);
        assert_eq!(of(1), [(Severity::Attention, "REFRESH_TOKEN_REUSED")]);
        assert_eq!(of(5), [(Severity::Alarm, "REFRESH_TOKEN_REUSED")]);
    }

    #[test]
    fn hit_limits_and_a_missing_administrator_are_worth_a_look() {
        let facts = SecurityFacts {
            recent_rate_limited: 100,
            administrators: Some(0),
            ..Default::default()
        };
        let expected =
            [(Severity::Attention, "RATE_LIMITS_HIT"), (Severity::Attention, "NO_ADMINISTRATOR")];
        assert_eq!(of_security(facts), expected);
    }
}
