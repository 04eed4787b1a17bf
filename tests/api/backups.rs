//! Backups over the API, when several administrators want one at once.

use serde_json::json;

use crate::support::Appliance;

#[tokio::test]
async fn of_several_backups_at_once_one_is_taken_and_the_others_are_told() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let answers = futures_util::future::join_all(
        (0..5).map(|_| app.post("/backups", Some(&admin), json!({}))),
    )
    .await;
    let (taken, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == 201);
    assert!(!taken.is_empty() && !refused.is_empty(), "{answers:?}");
    for answer in refused {
        answer.expect_problem(409, "BACKUP_IN_PROGRESS");
    }
    let kept = app.get("/backups", Some(&admin)).await.expect(200);
    assert_eq!(kept["items"].as_array().unwrap().len(), taken.len());
}

#[tokio::test]
async fn what_names_no_backup_is_none() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    for name in
        ["x", "appliance-20261123T070000Z.tar.zst", "..%2Fauth.redb", "%2Fetc%2Fpasswd", "%00"]
    {
        let answer = app.get(&format!("/backups/{name}"), Some(&admin)).await;
        answer.expect_problem(404, "BACKUP_NOT_FOUND");
    }
}
