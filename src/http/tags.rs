//! The groups of operations in the OpenAPI document.

use poem_openapi::Tags;

/// A group of operations.
#[derive(Tags)]
pub enum Tag {
    /// Registration, login, sessions.
    Auth,
    /// People and their accounts, for staff and administrators.
    Users,
    /// Your own profile and attendance.
    Me,
    /// Events and their codes.
    Events,
    /// Scanning codes, and the attendance that comes of it.
    Attendance,
    /// What other systems report.
    SocialLog,
    /// Who did what.
    Audit,
    /// Watching the appliance.
    Dashboard,
    /// The appliance itself.
    Instance,
}
