//! Profiles over a real file.

use super::House;
use crate::{
    audit_event::AuditContext,
    clock::Time,
    http::{Credential, Principal},
    ids::{RandomId, Role, UserId},
    language::Language,
    user::{ProfileChanges, UserError},
};

fn principal(id: u64) -> Principal {
    Principal {
        id: UserId(id),
        role: Role::User,
        credential: Credential::Session(RandomId([0; 16])),
        needs_second_factor: false,
        email: "ada@example.org".to_owned(),
        username: "ada".to_owned(),
        created_at: Time::EPOCH,
        last_login_at: None,
    }
}

fn renamed(name: &str, username: Option<&str>) -> ProfileChanges {
    ProfileChanges {
        name: Some(name.to_owned()),
        username: username.map(str::to_owned),
        ..ProfileChanges::default()
    }
}

#[tokio::test]
async fn a_missing_profile_is_made_of_the_registration_and_one_that_is_there_stays() {
    let house = House::new();
    let healed = house.users.profile(UserId(2)).await.unwrap();
    assert_eq!((healed.name.as_str(), healed.language), ("Name 2", Language::Italian));
    let changes = renamed("Ada", None);
    let from = AuditContext::COMMAND_LINE;
    let (_, kept) = house.users.update_profile(&principal(2), changes, from).await.unwrap();
    assert_eq!(house.users.profile(UserId(2)).await, Ok(kept));
    assert_eq!(house.users.profile(UserId(99)).await, Err(UserError::UserNotFound));
}

#[tokio::test]
async fn start_up_makes_what_is_missing_and_passes_over_accounts_that_are_gone() {
    let house = House::new();
    house.users.profile(UserId(2)).await.unwrap();
    let ids = || [1, 2, 3, 99].map(UserId).to_vec();
    assert_eq!(house.users.ensure_profiles(ids()).await, Ok(2));
    assert_eq!(house.users.ensure_profiles(ids()).await, Ok(0));
}

#[tokio::test]
async fn a_change_is_told_by_its_fields_and_never_by_a_name() {
    let house = House::new();
    let changes = renamed(" <b>Ada</b> ", Some("ada2"));
    let from = AuditContext::COMMAND_LINE;
    let answer = house.users.update_profile(&principal(1), changes, from).await;
    let (username, profile) = answer.unwrap();
    assert_eq!((username.as_str(), profile.name.as_str()), ("ada2", "<b>Ada</b>"));
    assert_eq!(profile.surname, "Surname 1");

    let audit = house.audit();
    assert_eq!((audit[0].action.as_str(), audit[0].target.as_str()), ("profile.updated", "user:1"));
    let told = (audit[0].before.as_deref(), audit[0].after.as_deref());
    assert_eq!(told, (None, Some(r#"{"changed":["name"]}"#)));
}

#[tokio::test]
async fn a_refused_username_changes_nothing_else() {
    let house = House::new();
    let changes = renamed("Ada", Some("taken"));
    let from = AuditContext::COMMAND_LINE;
    assert!(house.users.update_profile(&principal(1), changes, from).await.is_err());
    assert_eq!(house.users.profile(UserId(1)).await.unwrap().name, "Name 1");
    assert!(house.audit().is_empty());
}
