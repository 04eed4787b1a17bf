//! `[rate_limit]`: what one client may ask for in a minute.

use std::num::NonZeroU32;

use serde::Deserialize;

/// See `appliance.toml`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimitConfig {
    /// Off only for load tests.
    pub enabled: bool,
    /// Requests of one person.
    pub signed_in_per_minute: NonZeroU32,
    /// Requests of one person, or of one machine, that hand in what was collected.
    pub ingest_per_minute: NonZeroU32,
    /// Requests of one person for whole files.
    pub export_per_minute: NonZeroU32,
    /// Wrong secrets of one kind from one network.
    pub anonymous_failures_per_minute: NonZeroU32,
    /// Wrong passwords for one account.
    pub login_failures_per_account: NonZeroU32,
    /// Wrong passwords from one network.
    pub login_failures_per_network: NonZeroU32,
    /// Accounts that are registered from one network, an hour.
    pub registrations_per_network_per_hour: NonZeroU32,
    /// Registrations that are refused for what others have, or for an invitation, from one network, an hour.
    pub refused_registrations_per_network_per_hour: NonZeroU32,
    /// Links for a forgotten password that are asked for on one network, an hour.
    pub password_resets_per_network_per_hour: NonZeroU32,
    /// Wrong typed codes of one person, an hour.
    pub typed_code_misses_per_person_per_hour: NonZeroU32,
    /// Wrong typed codes from one network, an hour.
    pub typed_code_misses_per_network_per_hour: NonZeroU32,
}
