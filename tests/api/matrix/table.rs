//! The one table that says who may do what. An operation that is not in it fails the test.

use serde_json::{Value, json};

use super::callers::{Role, Shows};

/// Whom an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Whoever asks, whatever they show.
    Anyone,
    /// People, also those who must enrol a second factor first.
    Enrolling,
    /// People of this role or a higher one.
    People(Role),
    /// People of this role or a higher one, and their API keys with this scope.
    Keys(Role, &'static str),
    /// Staff, and the display of the event.
    StaffAndDisplay,
    /// Displays.
    Displays,
}

use For::{Anyone, Displays, Enrolling, Keys, People, StaffAndDisplay};

const PEOPLE: For = People(Role::User);
const STAFF: For = People(Role::Staff);
const ADMINS: For = People(Role::Admin);

/// What one caller may expect of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They may: they get the answer of the table.
    May,
    /// They may not: this status, this code.
    Refused(u16, &'static str),
}

impl For {
    /// Who is told what.
    #[allow(clippy::match_same_arms, reason = "a table in the order in which it is asked")]
    pub fn judges(self, shows: Shows) -> Verdict {
        match (self, shows) {
            (Anyone, _) => Verdict::May,
            (_, Shows::Nothing) => Verdict::Refused(401, "TOKEN_MISSING"),
            (_, Shows::Bad(code)) => Verdict::Refused(401, code),
            (Displays, Shows::Display { .. }) => Verdict::May,
            (Displays, _) => Verdict::Refused(403, "DISPLAY_ONLY"),
            (StaffAndDisplay, Shows::Display { of_the_event: true }) => Verdict::May,
            (_, Shows::Display { .. }) => Verdict::Refused(403, "DISPLAY_NOT_ALLOWED"),
            (Keys(role, scope), Shows::Key { scopes, owner }) => {
                if scopes.contains(&scope) {
                    needs(role, owner)
                } else {
                    Verdict::Refused(403, "SCOPE_MISSING")
                }
            }
            (_, Shows::Key { .. }) => Verdict::Refused(403, "KEY_NOT_ALLOWED"),
            (Enrolling, Shows::Person(_) | Shows::MustEnrol) => Verdict::May,
            (_, Shows::MustEnrol) => Verdict::Refused(403, "SECOND_FACTOR_REQUIRED"),
            (StaffAndDisplay, Shows::Person(has)) => needs(Role::Staff, has),
            (People(role) | Keys(role, _), Shows::Person(has)) => needs(role, has),
        }
    }

    /// The ways in that the document names for it.
    pub fn ways(self) -> Value {
        match self {
            Anyone => Value::Null,
            Enrolling | People(_) => json!([{ "bearer": [] }]),
            Keys(..) => json!([{ "bearer": [] }, { "apiKey": [] }]),
            StaffAndDisplay => json!([{ "bearer": [] }, { "displayToken": [] }]),
            Displays => json!([{ "displayToken": [] }]),
        }
    }
}

fn needs(role: Role, has: Role) -> Verdict {
    if has >= role { Verdict::May } else { Verdict::Refused(403, "FORBIDDEN") }
}

/// An operation, whom it is for, and what whoever may is answered to the request of the test: what is
/// asked there reads what exists, makes what is in nobody's way, and changes and ends only what does not.
pub const TABLE: &[(&str, For, u16)] = &[
    ("addUser", ADMINS, 422),
    ("changePassword", Enrolling, 422),
    ("confirmSecondFactor", Enrolling, 422),
    ("createApiKey", ADMINS, 201),
    ("createBackup", ADMINS, 201),
    ("createDisplayToken", STAFF, 201),
    ("createEvent", STAFF, 422),
    ("createHold", Anyone, 404),
    ("createInvitation", ADMINS, 201),
    ("createPasswordReset", ADMINS, 404),
    ("createScan", Keys(Role::User, "attendance:write"), 404),
    ("deleteEvent", STAFF, 404),
    ("deleteUser", ADMINS, 404),
    ("downloadBackup", ADMINS, 200),
    ("endOtherSessions", Enrolling, 204),
    ("endSession", Enrolling, 404),
    ("endSessionsOfUser", ADMINS, 404),
    ("enrolSecondFactor", Enrolling, 422),
    ("exportMe", PEOPLE, 200),
    ("exportUser", ADMINS, 200),
    ("forgotPassword", Anyone, 422),
    ("getDashboardHealth", ADMINS, 200),
    ("getDashboardInsights", ADMINS, 200),
    ("getDashboardLogs", ADMINS, 200),
    ("getDashboardSecurity", ADMINS, 200),
    ("getDashboardSeries", ADMINS, 200),
    ("getDisplay", Displays, 200),
    ("getEvent", Keys(Role::Staff, "attendance:read"), 200),
    ("getEventCode", StaffAndDisplay, 200),
    ("getEventStatistics", Keys(Role::Staff, "attendance:read"), 200),
    ("getInstance", Anyone, 200),
    ("getMe", Enrolling, 200),
    ("getSecondFactor", Enrolling, 200),
    ("getSocialFeedSize", ADMINS, 200),
    ("getUser", STAFF, 200),
    ("importUsers", ADMINS, 422),
    ("listApiKeys", ADMINS, 200),
    ("listAudit", ADMINS, 200),
    ("listBackups", ADMINS, 200),
    ("listDisplayTokens", STAFF, 200),
    ("listEventAttendance", Keys(Role::Staff, "attendance:read"), 200),
    ("listEvents", Keys(Role::Staff, "attendance:read"), 200),
    ("listInvitations", ADMINS, 200),
    ("listMyAttendance", PEOPLE, 200),
    ("listMyAttendanceToday", PEOPLE, 200),
    ("listSessions", Enrolling, 200),
    ("listSocialLogs", Keys(Role::Staff, "social:read"), 200),
    ("listUsers", STAFF, 200),
    ("login", Anyone, 422),
    ("logout", Enrolling, 204),
    ("refresh", Anyone, 422),
    ("register", Anyone, 422),
    ("removeSecondFactor", Enrolling, 422),
    ("removeSocialLogs", ADMINS, 422),
    ("renewRecoveryCodes", Enrolling, 422),
    ("resetPassword", Anyone, 422),
    ("resetSecondFactor", ADMINS, 404),
    ("revokeApiKey", ADMINS, 404),
    ("revokeDisplayToken", STAFF, 404),
    ("revokeInvitation", ADMINS, 404),
    ("setRole", ADMINS, 404),
    ("setUp", Anyone, 422),
    ("submitSocialLogs", Keys(Role::User, "social:write"), 201),
    ("updateEvent", STAFF, 404),
    ("updateMe", PEOPLE, 200),
    ("updateUser", ADMINS, 404),
    ("verifyAudit", ADMINS, 200),
];

/// What is sent; a list, which is no form of anything, where the table expects that it does not fit.
pub fn body(operation: &str) -> Value {
    match operation {
        "createApiKey" => json!({ "name": "Prova", "scopes": ["social:read"] }),
        "createHold" => json!({ "code": "nothing" }),
        "createScan" => json!({ "code": "nothing", "nonce": "nonce-0001" }),
        "createDisplayToken" | "createInvitation" | "updateUser" => json!({}),
        "setRole" => json!({ "role": "admin" }),
        "submitSocialLogs" => json!({
            "social": "instagram", "timestamp": "2026-11-23T09:30:00+01:00", "content": "Ciao",
            "status": "published",
        }),
        "updateEvent" => json!({ "is_active": false }),
        "updateMe" => json!({ "language": "it" }),
        _ => json!([]),
    }
}
