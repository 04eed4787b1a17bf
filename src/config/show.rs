//! Printing the configuration in force, each value with where it came from, secrets masked.

use serde_json::json;
use toml::Value;

use super::load::{ConfigValues, Setting};

const MASK: &str = "********";

/// One line a value: `key = value  # origin`.
pub fn show_text(settings: &ConfigValues) -> String {
    let lines: Vec<(String, String)> = settings
        .iter()
        .map(|(key, setting)| {
            (format!("{key} = {}", masked(key, setting)), setting.origin.to_string())
        })
        .collect();
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
    lines
        .iter()
        .fold(String::new(), |text, (line, origin)| text + &format!("{line:width$}  # {origin}\n"))
}

/// `{"section.key": {"value": …, "origin": "…"}}`.
pub fn show_json(settings: &ConfigValues) -> serde_json::Value {
    settings
        .iter()
        .map(|(key, setting)| {
            let value = masked(key, setting);
            (key.to_owned(), json!({ "value": value, "origin": setting.origin.to_string() }))
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The value, or stars for what only its owner may know. An unset secret is shown to be unset.
fn masked(key: &str, setting: &Setting) -> Value {
    let secret = ["password", "secret", "token", "passphrase"]
        .iter()
        .any(|word| key.rsplit('.').next().is_some_and(|name| name.ends_with(word)));
    match &setting.value {
        Value::String(text) if secret && !text.is_empty() => Value::String(MASK.to_owned()),
        value => value.clone(),
    }
}
