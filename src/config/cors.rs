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
        match self.allowed_origins.iter().find(|origin| !is_origin(origin)) {
            Some(origin) => Err((
                "cors.allowed_origins",
                format!("'{origin}' is not an origin as browsers write it: https://example.org"),
            )),
            None => Ok(()),
        }
    }
}

/// Whether this is an origin as browsers serialise it (RFC 6454 §6.2), in lower case and without the port
/// that goes without saying: in any other spelling it would never match. No pattern is one.
fn is_origin(text: &str) -> bool {
    let (authority, own_port) = match (text.strip_prefix("https://"), text.strip_prefix("http://"))
    {
        (Some(authority), _) => (authority, 443),
        (_, Some(authority)) => (authority, 80),
        _ => return false,
    };
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    let parsed = authority.parse::<http::uri::Authority>().ok();
    authority.bytes().all(plain)
        && !authority.bytes().any(|byte| byte.is_ascii_uppercase())
        && parsed.is_some_and(|parsed| match parsed.port() {
            Some(port) => port.as_u16() != own_port && port.as_str() == port.as_u16().to_string(),
            None => !authority.ends_with(':'),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for origin in ["https://example.org", "http://localhost:3000", "https://[2001:db8::1]:8443"]
        {
            assert!(is_origin(origin), "{origin}");
        }
        let others = [
            "*",
            "null",
            "",
            "https://",
            "https://*",
            "https://*.example.org",
            "https://example.org/",
            "https://example.org:443",
            "http://example.org:80",
            "https://example.org:",
            "https://example.org:0443",
            "https://Example.org",
            "HTTPS://example.org",
            "https://user@example.org",
            "https://example.org, https://other.example",
            "ftp://example.org",
            "example.org",
        ];
        for origin in others {
            assert!(!is_origin(origin), "{origin}");
        }
    }
}
