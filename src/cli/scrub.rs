//! Taking out of a text what nobody else should read, before it leaves the machine.
//!
//! Nothing that is bundled should hold a secret in the first place. This is the second wall: e-mail
//! addresses, tokens and the tokens in links are masked wherever they stand, by their form alone.

const ADDRESS: &str = "(address)";
const SECRET: &str = "(secret)";
/// No token of the appliance is shorter; a word with digits and capitals of that length is nothing else.
const SHORTEST_TOKEN: usize = 20;

/// The text without addresses and tokens.
pub(super) fn scrub(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| !is_of_word(c)).unwrap_or(rest.len());
        if length == 0 {
            clean.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        let (word, after) = rest.split_at(length);
        clean.push_str(&masked(word));
        rest = after;
    }
    clean
}

/// What addresses and tokens are made of.
const fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '+' | '%') || !c.is_ascii()
}

fn masked(word: &str) -> String {
    if is_address(word) {
        return ADDRESS.to_owned();
    }
    // A token with dots is a JWT, of which every part is masked.
    let parts: Vec<&str> =
        word.split('.').map(|part| if is_token(part) { SECRET } else { part }).collect();
    parts.join(".")
}

fn is_address(word: &str) -> bool {
    word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        || word.contains("%40")
}

/// Long, and with digits and capitals: ids of requests, hashes of entries, names of metrics and dates
/// are not of that form.
fn is_token(part: &str) -> bool {
    let has = |is: fn(&u8) -> bool| part.as_bytes().iter().any(is);
    part.len() >= SHORTEST_TOKEN && has(u8::is_ascii_digit) && has(u8::is_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_tokens_are_masked_wherever_they_stand() {
        for (text, clean) in [
            ("login of ada.prova+x@example.org failed", "login of (address) failed"),
            ("\"email\":\"ada@example.org\"", "\"email\":\"(address)\""),
            ("?email=ada%40example.org&x=1", "?email=(address)&x=1"),
            (
                "https://localhost/app/setup#8DDNF7DMDW7RZ3FRFG463PR51YYJPFTV",
                "https://localhost/app/setup#(secret)",
            ),
            (
                "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3OD.c2lnbmF0dXJlMTIzNDU2Nzg5MA",
                "Bearer (secret).(secret).(secret)",
            ),
            ("ünï@example.org", "(address)"),
        ] {
            assert_eq!(scrub(text), clean);
        }
    }

    #[test]
    fn what_helps_to_find_a_fault_is_left() {
        for text in [
            "request 58a510ea28566686eed2a976045e3aaf",
            "2026-11-24T00:20:40.859Z INFO ready address=127.0.0.1:8443",
            "appliance_commit_duration_seconds_bucket{database=\"auth\",le=\"0.005\"} 3",
            "data/social_log.redb",
            "",
            "@ 20 % é",
        ] {
            assert_eq!(scrub(text), text);
        }
    }
}
