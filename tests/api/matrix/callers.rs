//! Everybody who may come: with nothing, as a person, as a machine, as a screen, with what is none.

use serde_json::{Value, json};

use crate::support::{Appliance, PASSWORD, Person, START, authenticator::Authenticator};

/// Every scope that a key can have.
pub const SCOPES: [&str; 5] =
    ["attendance:read", "attendance:write", "metrics:read", "social:read", "social:write"];
/// What ends a key of the test before the test begins.
const SOON: &str = "2026-11-23T07:05:00Z";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    User,
    Staff,
    Admin,
}

/// What a caller shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    Nothing,
    /// That they are a person of this role.
    Person(Role),
    /// That they are a person whose role must have a second factor, and have none.
    MustEnrol,
    /// An API key with these scopes, of a person of this role.
    Key {
        scopes: &'static [&'static str],
        owner: Role,
    },
    /// A display token: of the event that the test asks for, or of another.
    Display {
        of_the_event: bool,
    },
    /// What holds no more, or never did; and what they are told.
    Bad(&'static str),
}

pub struct Caller {
    pub who: &'static str,
    pub shows: Shows,
    token: Option<String>,
}

impl Caller {
    fn new(who: &'static str, shows: Shows, token: String) -> Self {
        Self { who, shows, token: Some(token) }
    }

    /// The request, with what they show.
    pub fn sign(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

/// An appliance with everything in it that can be read, and everybody who asks.
pub struct Stage {
    pub app: Appliance,
    pub event: String,
    pub backup: String,
    /// A person who is no caller.
    pub somebody: Person,
    pub callers: Vec<Caller>,
}

impl Stage {
    pub async fn set(settings: &[(&str, &str)]) -> Self {
        let settings = [
            &[("rate_limit.enabled", "false"), ("auth.require_second_factor_for", "[\"staff\"]")],
            settings,
        ]
        .concat();
        let app = Appliance::start_with(&settings).await;
        let admin = app.admin().await;
        let somebody = app.person("somebody").await;
        let event = app.event(&admin, "Corso", "static").await;
        let other = app.event(&admin, "Laboratorio", "static").await;
        let backup = app.post("/backups", Some(&admin), json!({})).await.expect(201);
        let backup = backup["name"].as_str().unwrap().to_owned();
        let expired = expired(&app, &admin).await;
        let admin = app.login("capo").await;
        let mut callers = vec![Caller { who: "nobody", shows: Shows::Nothing, token: None }];
        callers.extend(people(&app, &admin).await);
        callers.extend(keys(&app, &admin).await);
        for (who, of_the_event, event) in
            [("a display", true, &event), ("a display of another event", false, &other)]
        {
            let token = display(&app, &admin, event).await["token"].as_str().unwrap().to_owned();
            callers.push(Caller::new(who, Shows::Display { of_the_event }, token));
        }
        callers.extend(expired);
        callers.extend(revoked(&app, &admin, &event).await);
        Self { app, event, backup, somebody, callers }
    }

    /// The caller of that name.
    pub fn caller(&self, who: &str) -> &Caller {
        self.callers.iter().find(|caller| caller.who == who).unwrap()
    }
}

async fn people(app: &Appliance, admin: &Person) -> Vec<Caller> {
    let user = app.person("ada").await.access_token;
    let other = app.person("bob").await.access_token;
    let staff = app.person_as(admin, "bea", "staff").await;
    enrol(app, &staff).await;
    let bare = app.person_as(admin, "gil", "staff").await.access_token;
    let second = app.person_as(admin, "vera", "admin").await.access_token;
    vec![
        Caller::new("a user", Shows::Person(Role::User), user),
        Caller::new("another user", Shows::Person(Role::User), other),
        Caller::new("staff", Shows::Person(Role::Staff), staff.access_token),
        Caller::new("staff who must enrol", Shows::MustEnrol, bare),
        Caller::new("an administrator", Shows::Person(Role::Admin), second),
    ]
}

async fn keys(app: &Appliance, admin: &Person) -> Vec<Caller> {
    let user = app.person("ugo").await;
    let owned = [
        ("a key for attendance:read", &SCOPES[..1], admin, Role::Admin),
        ("a key for attendance:write", &SCOPES[1..2], admin, Role::Admin),
        ("a key for metrics:read", &SCOPES[2..3], admin, Role::Admin),
        ("a key for social:read", &SCOPES[3..4], admin, Role::Admin),
        ("a key for social:write", &SCOPES[4..], admin, Role::Admin),
        ("a key for everything", &SCOPES[..], admin, Role::Admin),
        ("a key of a user for everything", &SCOPES[..], &user, Role::User),
    ];
    let mut callers = Vec::new();
    for (who, scopes, owner, role) in owned {
        let made = key(app, admin, owner, scopes, None).await;
        callers.push(Caller::new(who, Shows::Key { scopes, owner: role }, secret(&made)));
    }
    callers
}

/// What has ended by itself. Moves the clock past the end of every access token so far.
async fn expired(app: &Appliance, admin: &Person) -> [Caller; 2] {
    assert_eq!(app.clock.now(), START);
    let late = app.person("lea").await.access_token;
    let key = key(app, admin, admin, &SCOPES, Some(SOON)).await;
    app.advance(606);
    [
        Caller::new("an expired access token", Shows::Bad("TOKEN_EXPIRED"), late),
        Caller::new("an expired key", Shows::Bad("KEY_EXPIRED"), secret(&key)),
    ]
}

/// What somebody has ended, and what never was anything.
async fn revoked(app: &Appliance, admin: &Person, event: &str) -> Vec<Caller> {
    let left = app.person("rita").await;
    app.post("/auth/logout", Some(&left), json!({})).await.expect(204);
    let disabled = app.person("dan").await;
    let key_of_disabled = key(app, admin, &disabled, &SCOPES, None).await;
    let path = format!("/users/{}", disabled.id);
    app.patch(&path, admin, json!({ "status": "disabled" })).await.expect(200);
    let deleted = app.person("eva").await;
    app.delete(&format!("/users/{}", deleted.id), admin).await.expect(204);
    let revoked = key(app, admin, admin, &SCOPES, None).await;
    let path = format!("/auth/api-keys/{}", revoked["id"].as_str().unwrap());
    app.delete(&path, admin).await.expect(204);
    let screen = display(app, admin, event).await;
    let path = format!("/events/{event}/display-tokens/{}", screen["id"].as_str().unwrap());
    app.delete(&path, admin).await.expect(204);
    let screen = screen["token"].as_str().unwrap().to_owned();
    let refresh_token = app.login("somebody").await.refresh_token;
    vec![
        Caller::new("an ended session", Shows::Bad("SESSION_ENDED"), left.access_token),
        Caller::new("somebody disabled", Shows::Bad("SESSION_ENDED"), disabled.access_token),
        Caller::new(
            "a key of somebody disabled",
            Shows::Bad("KEY_INVALID"),
            secret(&key_of_disabled),
        ),
        Caller::new("somebody deleted", Shows::Bad("SESSION_ENDED"), deleted.access_token),
        Caller::new("a revoked key", Shows::Bad("KEY_INVALID"), secret(&revoked)),
        Caller::new("a revoked display", Shows::Bad("DISPLAY_INVALID"), screen),
        Caller::new("a refresh token", Shows::Bad("TOKEN_INVALID"), refresh_token),
    ]
}

async fn enrol(app: &Appliance, person: &Person) {
    let begun = app.post("/auth/totp", Some(person), json!({ "password": PASSWORD })).await;
    let begun = begun.expect(201);
    let authenticator = Authenticator::of(begun["secret"].as_str().unwrap());
    let code = json!({ "code": authenticator.code(app.clock.now(), 0) });
    app.post("/auth/totp/confirm", Some(person), code).await.expect(200);
}

async fn key(
    app: &Appliance,
    admin: &Person,
    owner: &Person,
    scopes: &[&str],
    expires_at: Option<&str>,
) -> Value {
    let body = json!({
        "name": "Prova", "scopes": scopes, "owner_id": owner.id, "expires_at": expires_at,
    });
    app.post("/auth/api-keys", Some(admin), body).await.expect(201)
}

fn secret(made: &Value) -> String {
    made["secret"].as_str().unwrap().to_owned()
}

async fn display(app: &Appliance, admin: &Person, event: &str) -> Value {
    let path = format!("/events/{event}/display-tokens");
    app.post(&path, Some(admin), json!({})).await.expect(201)
}
