//! `appliance api-key`: what machines use, by the running appliance or on the data directory of a stopped
//! one.

use clap::{Args, Subcommand};

use super::{
    Failure, Global,
    on_accounts::{Answer, Place},
    print,
};
use crate::control::{ApiKeyMade, ApiKeyView, CreateKey, KeyRequest, Request, execute_on_keys};

/// Makes, lists and revokes API keys.
#[derive(Debug, Subcommand)]
pub(super) enum ApiKeyVerb {
    /// Make an API key, and print its secret: this once.
    Create(CreateKeyArgs),
    /// List API keys, the oldest first.
    List,
    /// Revoke an API key.
    Revoke(RevokeKeyArgs),
}

/// Makes an API key.
#[derive(Debug, Args)]
pub(super) struct CreateKeyArgs {
    /// What to call it.
    #[arg(long)]
    name: String,
    /// What it may be used for, with commas between: social:write, social:read, attendance:read,
    /// attendance:write, metrics:read.
    #[arg(long, required = true, value_delimiter = ',', value_name = "SCOPE,…")]
    scopes: Vec<String>,
    /// Whom it acts for: an id, an e-mail address or a username. The first administrator when left out.
    #[arg(long, value_name = "USER")]
    owner: Option<String>,
    /// Days until it ends; it does not when left out.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    expires_in_days: Option<u32>,
}

/// Revokes an API key.
#[derive(Debug, Args)]
pub(super) struct RevokeKeyArgs {
    /// Its id, as `api-key list` shows it.
    id: String,
}

impl ApiKeyVerb {
    pub(super) fn run(self, global: &Global) -> Result<(), Failure> {
        let place = Place::of(global)?;
        match self {
            Self::Create(create) => create.run(global, &place),
            Self::List => list(global, execute(&place, KeyRequest::List)?),
            Self::Revoke(RevokeKeyArgs { id }) => {
                execute(&place, KeyRequest::Revoke { id: id.clone() })?;
                global.say(format_args!("revoked {id}"));
                Ok(())
            }
        }
    }
}

impl CreateKeyArgs {
    fn run(self, global: &Global, place: &Place<'_>) -> Result<(), Failure> {
        let Self { name, scopes, owner, expires_in_days } = self;
        let scopes = scopes.iter().map(|scope| scope.trim().to_owned()).collect();
        let request = KeyRequest::Create(CreateKey { name, scopes, owner, expires_in_days });
        let result = execute(place, request)?.result;
        if global.json {
            return print(serde_json::to_string_pretty(&result)?);
        }
        let ApiKeyMade { key, secret } = serde_json::from_value(result)?;
        let end = key.expires_at.map_or("for good".to_owned(), |end| format!("until {end}"));
        let (id, owner, scopes) = (key.id, key.owner, key.scopes.join(", "));
        global.say(format_args!("made API key {id}, which acts for {owner} {end}: {scopes}"));
        global.say("this is its secret; nothing will ever show it again:");
        print(secret)
    }
}

fn execute(place: &Place<'_>, request: KeyRequest) -> Result<Answer, Failure> {
    let asked = Request::Key(request.clone());
    place.execute(&asked, |people, lines| Box::pin(execute_on_keys(&people.auth, request, lines)))
}

fn list(global: &Global, answer: Answer) -> Result<(), Failure> {
    let mut keys = Vec::with_capacity(answer.items.len());
    for item in answer.items {
        keys.push(serde_json::from_value::<ApiKeyView>(item)?);
    }
    keys.sort_by(|a, b| (&a.created_at, &a.id).cmp(&(&b.created_at, &b.id)));
    if global.json {
        return print(serde_json::to_string_pretty(&keys)?);
    }
    keys.iter().try_for_each(|key| print(as_line(key)))
}

fn as_line(key: &ApiKeyView) -> String {
    let ApiKeyView { id, name, owner, scopes, .. } = key;
    let end = key.expires_at.as_deref().unwrap_or("never");
    let used = key.last_used_at.as_deref().unwrap_or("never");
    format!("{id}\t{owner}\t{}\t{end}\t{used}\t{name}", scopes.join(","))
}
