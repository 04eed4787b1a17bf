//! `[cors]`: other sites whose pages may call the API.

use serde::Deserialize;

/// See `appliance.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorsConfig {
    /// Origins, each compared as a whole (RFC 6454).
    pub allowed_origins: Vec<String>,
}

impl CorsConfig {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let plain = |origin: &String| {
            let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
            rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', '*', ' ']))
        };
        match self.allowed_origins.iter().find(|origin| !plain(origin)) {
            Some(origin) => Err((
                "cors.allowed_origins",
                format!("'{origin}' is not an origin such as https://example.org"),
            )),
            None => Ok(()),
        }
    }
}
