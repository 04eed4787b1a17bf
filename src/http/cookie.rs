//! Cookies (RFC 6265bis): read from a request, and put together for an answer.
//!
//! Each is named `__Host-…`, which makes browsers insist on `Secure`, `Path=/` and no `Domain` (§4.1.3.2), and
//! none is readable by scripts or sent along by other sites.

use poem::{Request, http::header};

/// The value of a request's cookie of this name.
pub fn cookie_of(request: &Request, wanted: &str) -> Option<String> {
    let cookies = request.headers().get_all(header::COOKIE).iter();
    let mut pairs = cookies.filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(';'));
    pairs.find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == wanted).then(|| value.to_owned())
    })
}

/// A `Set-Cookie` that keeps a value for so many seconds; 0 removes it.
pub fn set_cookie(name: &str, value: &str, seconds: u32) -> String {
    format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict")
}
