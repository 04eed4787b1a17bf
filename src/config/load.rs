//! Laying the sources of configuration over each other.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use toml::{Table, Value};

use super::{
    Config,
    sources::{ConfigSources, ValueSource},
};

/// The default configuration, every key present.
const DEFAULTS: &str = include_str!("../../appliance.toml");
const ENVIRONMENT_PREFIX: &str = "APPLIANCE_";
/// Keys whose values are paths, or lists of them, resolved where they are read.
const PATHS: [&str; 9] = [
    "data.directory",
    "server.control_socket",
    "tls.certificates",
    "tls.keys",
    "tls.acme_root",
    "backup.directory",
    "backup.passphrase_file",
    "mail.password_file",
    "mail.ca_file",
];

/// What is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigError {
    /// The file cannot be read.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// The text is not TOML.
    Syntax {
        /// Where it stands.
        origin: ValueSource,
        /// The parser's words, with line and column.
        reason: String,
    },
    /// No such key.
    UnknownKey {
        /// The key as written.
        key: String,
        /// Where it stands.
        origin: ValueSource,
        /// The known key that is written most alike.
        nearest: String,
    },
    /// The value does not fit the key.
    Invalid {
        /// The key.
        key: String,
        /// Where it stands.
        origin: ValueSource,
        /// What would fit.
        reason: String,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, reason } => {
                write!(f, "cannot read {}: {reason}", path.display())
            }
            Self::Syntax { origin, reason } => write!(f, "{origin}: {}", reason.trim_end()),
            Self::UnknownKey { key, origin, nearest } => {
                write!(f, "{origin}: unknown key '{key}'; did you mean '{nearest}'?")
            }
            Self::Invalid { key, origin, reason } => write!(f, "{origin}: {key}: {reason}"),
        }
    }
}

impl std::error::Error for ConfigError {}

/// One value in force.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The value.
    pub value: Value,
    /// Where it came from.
    pub origin: ValueSource,
}

/// Every value in force, by `section.key`.
#[derive(Debug, Clone)]
pub struct ConfigValues {
    values: BTreeMap<String, Setting>,
}

impl ConfigValues {
    /// Lays file, environment and flags over the defaults.
    ///
    /// # Errors
    /// [`ConfigError`] for the first key that is unknown or whose value is of the wrong type.
    pub fn load(sources: &ConfigSources) -> Result<Self, ConfigError> {
        let mut settings = Self { values: BTreeMap::new() };
        for (key, value) in keys(&parse_toml(DEFAULTS, &ValueSource::Default)?) {
            settings.values.insert(key, Setting { value, origin: ValueSource::Default });
        }
        if let Some(path) = &sources.file {
            settings.lay_file(path)?;
        }
        for (name, text) in &sources.environment {
            if let Some(key) = environment_key(name) {
                settings.set_text(&key, text, ValueSource::Environment(name.clone()))?;
            }
        }
        for (key, text) in &sources.flags {
            settings.set_text(key, text, ValueSource::Flag)?;
        }
        Ok(settings)
    }

    /// The values in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Setting)> {
        self.values.iter().map(|(key, setting)| (key.as_str(), setting))
    }

    /// Turns the values into checked sections.
    ///
    /// # Errors
    /// [`ConfigError::Invalid`] for the first value that does not make sense.
    pub fn parse(&self) -> Result<Config, ConfigError> {
        let mut sections = Table::new();
        for (key, setting) in &self.values {
            let (section, name) = key.split_once('.').unwrap_or(("", key));
            self.check_alone(section, name, setting)?;
            let table = sections.entry(section).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(table) = table {
                table.insert(name.to_owned(), setting.value.clone());
            }
        }
        let config = Value::Table(sections)
            .try_into::<Config>()
            .map_err(|error| self.invalid("server", error.message()))?;
        config.check().map_err(|(key, reason)| self.invalid(key, &reason))?;
        Ok(config)
    }

    /// Parses the configuration with only this value changed from the default, so that serde's
    /// complaint can be laid at the key that caused it.
    fn check_alone(&self, section: &str, name: &str, setting: &Setting) -> Result<(), ConfigError> {
        if setting.origin == ValueSource::Default {
            return Ok(());
        }
        let mut defaults = parse_toml(DEFAULTS, &ValueSource::Default)?;
        if let Some(Value::Table(table)) = defaults.get_mut(section) {
            table.insert(name.to_owned(), setting.value.clone());
        }
        match Value::Table(defaults).try_into::<Config>() {
            Ok(_) => Ok(()),
            Err(error) => Err(self.invalid(&format!("{section}.{name}"), error.message())),
        }
    }

    fn invalid(&self, key: &str, reason: &str) -> ConfigError {
        let origin = self.values.get(key).map_or(ValueSource::Default, |s| s.origin.clone());
        ConfigError::Invalid { key: key.to_owned(), origin, reason: reason.trim().to_owned() }
    }

    fn lay_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let origin = ValueSource::File(path.to_owned());
        for (key, value) in keys(&parse_toml(&text, &origin)?) {
            self.set(&key, value, origin.clone())?;
        }
        Ok(())
    }

    /// Sets a value that was written as text: as it is for a string, as TOML for anything else.
    fn set_text(&mut self, key: &str, text: &str, origin: ValueSource) -> Result<(), ConfigError> {
        let known = self.known(key, &origin)?;
        let value = if known.value.is_str() {
            Value::String(text.to_owned())
        } else {
            format!("value = {text}")
                .parse::<Table>()
                .ok()
                .and_then(|mut table| table.remove("value"))
                .ok_or_else(|| mismatch(key, &origin, &known.value))?
        };
        self.set(key, value, origin)
    }

    fn set(&mut self, key: &str, mut value: Value, origin: ValueSource) -> Result<(), ConfigError> {
        let known = self.known(key, &origin)?;
        if !known.value.same_type(&value) {
            return Err(mismatch(key, &origin, &known.value));
        }
        if let ValueSource::File(file) = &origin
            && PATHS.contains(&key)
        {
            let base = file.parent().unwrap_or_else(|| Path::new(""));
            match &mut value {
                Value::Array(paths) => paths.iter_mut().for_each(|path| lay_at(base, path)),
                path => lay_at(base, path),
            }
        }
        self.values.insert(key.to_owned(), Setting { value, origin });
        Ok(())
    }

    fn known(&self, key: &str, origin: &ValueSource) -> Result<&Setting, ConfigError> {
        self.values.get(key).ok_or_else(|| {
            let nearest = self
                .values
                .keys()
                .min_by_key(|known| strsim::damerau_levenshtein(known, key))
                .cloned()
                .unwrap_or_default();
            ConfigError::UnknownKey { key: key.to_owned(), origin: origin.clone(), nearest }
        })
    }
}

/// Makes a path relative to `base`. An empty one stands for none.
fn lay_at(base: &Path, path: &mut Value) {
    if let Value::String(text) = path
        && !text.is_empty()
    {
        *text = base.join(&*text).to_string_lossy().into_owned();
    }
}

fn mismatch(key: &str, origin: &ValueSource, known: &Value) -> ConfigError {
    let reason = match known {
        Value::String(_) => "must be a text in quotes",
        Value::Integer(_) => "must be a whole number",
        Value::Float(_) => "must be a number",
        Value::Boolean(_) => "must be true or false",
        Value::Array(_) => "must be a list of texts in square brackets",
        Value::Table(_) | Value::Datetime(_) => "has the wrong type",
    };
    ConfigError::Invalid { key: key.to_owned(), origin: origin.clone(), reason: reason.to_owned() }
}

fn parse_toml(text: &str, origin: &ValueSource) -> Result<Table, ConfigError> {
    text.parse::<Table>()
        .map_err(|error| ConfigError::Syntax { origin: origin.clone(), reason: error.to_string() })
}

/// The leaves of a document, as `section.key`; what lies outside of a section keeps its bare name.
fn keys(document: &Table) -> Vec<(String, Value)> {
    let mut leaves = Vec::new();
    for (section, value) in document {
        match value {
            Value::Table(table) => leaves.extend(
                table.iter().map(|(key, value)| (format!("{section}.{key}"), value.clone())),
            ),
            other => leaves.push((section.clone(), other.clone())),
        }
    }
    leaves
}

/// `APPLIANCE_SERVER__LISTEN` is `server.listen`; other names are not ours.
fn environment_key(name: &str) -> Option<String> {
    let (section, key) = name.strip_prefix(ENVIRONMENT_PREFIX)?.split_once("__")?;
    Some(format!("{}.{}", section.to_lowercase(), key.to_lowercase()))
}

impl Config {
    /// Loads, parses and checks.
    ///
    /// # Errors
    /// [`ConfigError`] for the first thing that is wrong, in words for the person who wrote it.
    pub fn load(sources: &ConfigSources) -> Result<Self, ConfigError> {
        ConfigValues::load(sources)?.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(flags: &[(&str, &str)]) -> ConfigSources {
        let flags = flags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        ConfigSources { flags, ..ConfigSources::default() }
    }

    #[test]
    fn the_defaults_are_valid() {
        Config::load(&ConfigSources::default()).unwrap();
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_one() {
        let error = Config::load(&flags(&[("server.lisen", "x")])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "command line: unknown key 'server.lisen'; did you mean 'server.listen'?"
        );
    }

    #[test]
    fn a_flag_beats_the_environment_which_beats_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("appliance.toml");
        std::fs::write(&file, "[server]\nname = 'file'\n[store]\ncache_mib = 7\n").unwrap();
        let mut sources = flags(&[("server.name", "flag")]);
        sources.file = Some(file);
        sources.environment = vec![
            ("APPLIANCE_SERVER__NAME".to_owned(), "environment".to_owned()),
            ("APPLIANCE_STORE__MAX_BATCH".to_owned(), "9".to_owned()),
            ("PATH".to_owned(), "/bin".to_owned()),
        ];
        let config = Config::load(&sources).unwrap();
        assert_eq!(config.server.name, "flag");
        assert_eq!(config.store.cache_mib, 7);
        assert_eq!(config.store.max_batch, 9);
    }

    #[test]
    fn a_path_in_the_file_is_relative_to_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("appliance.toml");
        let text = "[data]\ndirectory = 'kept'\n[tls]\ncertificates = ['a.pem', '/b.pem']\n";
        std::fs::write(&file, text).unwrap();
        let sources = ConfigSources { file: Some(file), ..ConfigSources::default() };
        let config = Config::load(&sources).unwrap();
        assert_eq!(config.data.directory, directory.path().join("kept"));
        assert_eq!(config.tls.certificates, [directory.path().join("a.pem"), "/b.pem".into()]);
    }

    #[test]
    fn a_value_that_makes_no_sense_is_laid_at_its_key() {
        for (key, value) in [
            ("server.listen", "nowhere"),
            ("server.public_url", "ftp://x"),
            ("store.cache_mib", "many"),
            ("store.cache_mib", "-1"),
            ("attendance.timezone", "Europe/Atlantis"),
            ("attendance.rotation_seconds", "4"),
            ("attendance.open_early_minutes", "1441"),
            ("social.who_may_post", "[\"guest\"]"),
            ("social.total_mib", "0"),
            ("auth.registration", "sometimes"),
            ("auth.session_idle_days", "0"),
            ("auth.signing_key_days", "0"),
            ("auth.hash_concurrency", "1025"),
            ("auth.forbidden_words", "['ab']"),
            ("limits.connections", "0"),
            ("limits.idle_seconds", "0"),
            ("limits.h2_resets", "0"),
            ("limits.head_bytes", "8191"),
            ("limits.bodies_in_flight_mib", "7"),
            ("access.metrics_networks", "['10.0.0.0/33']"),
            ("tls.mode", "letsencrypt"),
            ("tls.acme_challenge", "dns-01"),
            ("mail.encryption", "ssl"),
            ("backup.schedule", "hourly"),
            ("backup.timezone", "Europe/Atlantis"),
            ("backup.keep_last", "0"),
            ("cors.allowed_origins", "['*']"),
        ] {
            let error = Config::load(&flags(&[(key, value)])).unwrap_err();
            assert!(
                matches!(&error, ConfigError::Invalid { key: named, .. } if named == key),
                "{key} = {value}: {error}"
            );
        }
    }
}
