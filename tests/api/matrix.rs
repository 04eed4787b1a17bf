//! Every operation of the document, asked by everybody: what each may, and what each is told who may not.
//!
//! The operations come from the document when the test runs, the answers from one table (`table`), the
//! callers from `callers`. A cell that differs is listed; a cell too few fails as well.

mod callers;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use self::{
    callers::{Caller, Role, SCOPES, Shows, Stage},
    table::{For, TABLE, Verdict, body},
};
use crate::{
    openapi::{Operation, document, operations},
    support::{Answer, Appliance, Person},
};
use reqwest::Method;

/// The table, by the names of the operations.
fn table() -> BTreeMap<&'static str, (For, u16)> {
    TABLE.iter().map(|(id, whom, answer)| (*id, (*whom, *answer))).collect()
}

/// The operations in an order in which none takes another's caller away.
fn in_order() -> Vec<Operation> {
    let mut operations = operations(&document());
    operations.sort_by_key(|operation| operation.id == "logout");
    operations
}

/// What reads is asked of what exists; what changes and ends, of what does not.
fn path(stage: &Stage, operation: &Operation) -> String {
    let reads = operation.method == Method::GET || operation.id == "createDisplayToken";
    let person = stage.somebody.id.to_string();
    let (event, id) = if reads { (&*stage.event, &*person) } else { ("nowhere-2026", "999999") };
    let path = operation.template.replace("{event_id}", event).replace("{id}", id);
    path.replace("{name}", &stage.backup)
}

async fn ask(stage: &Stage, operation: &Operation, caller: &Caller) -> Answer {
    let url = stage.app.url(&path(stage, operation));
    let request = caller.sign(stage.app.client.request(operation.method.clone(), url));
    let content = &operation.described["requestBody"]["content"];
    let request = if content["application/json"].is_object() {
        request.json(&body(&operation.id))
    } else if content["text/csv"].is_object() {
        request.header("content-type", "text/csv").body("nothing")
    } else {
        request
    };
    stage.app.send(request).await
}

/// What is wrong with an answer; nothing when it is the one that was due.
fn fault(answer: &Answer, verdict: Verdict, good: u16) -> Option<String> {
    let status = answer.status.as_u16();
    let is_due = match verdict {
        Verdict::May => status == good,
        Verdict::Refused(due, code) => {
            let asks = answer.header("www-authenticate");
            let is_asked = asks == if due == 401 { "Bearer" } else { "" };
            status == due && is_asked && answer.json()["code"] == code
        }
    };
    let due = match verdict {
        Verdict::May => good.to_string(),
        Verdict::Refused(status, code) => format!("{status} {code}"),
    };
    (!is_due).then(|| format!("{due} was due, but was {status} {}", answer.text()))
}

#[test]
fn the_table_names_every_operation_of_the_document_once_and_none_besides() {
    let documented: Vec<_> = operations(&document()).into_iter().map(|one| one.id).collect();
    let named: BTreeSet<_> = TABLE.iter().map(|(id, ..)| (*id).to_owned()).collect();
    assert_eq!(named.len(), TABLE.len(), "an operation is in the table twice");
    assert_eq!(named, documented.into_iter().collect());
}

#[test]
fn the_document_names_the_ways_in_that_the_table_says() {
    let table = table();
    for operation in operations(&document()) {
        let (whom, _) = table[&*operation.id];
        assert_eq!(operation.described["security"], whom.ways(), "{}", operation.id);
    }
}

#[tokio::test]
async fn everybody_may_what_the_table_says_and_is_refused_all_else_in_the_right_words() {
    let stage = Stage::set(&[]).await;
    let (table, operations) = (table(), in_order());
    let (mut cells, mut faults) = (0, Vec::new());
    for operation in &operations {
        let (whom, good) = table[&*operation.id];
        for caller in &stage.callers {
            let answer = ask(&stage, operation, caller).await;
            let fault = fault(&answer, whom.judges(caller.shows), good);
            faults
                .extend(fault.map(|fault| format!("{} as {}: {fault}", operation.id, caller.who)));
            cells += 1;
        }
    }
    assert!(faults.is_empty(), "{} of {cells} cells:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(cells, TABLE.len() * stage.callers.len());
    assert!(cells >= 1_400, "{cells}");
    println!("{cells} cells: {} operations, {} callers", TABLE.len(), stage.callers.len());
}

#[tokio::test]
async fn nobody_reads_or_ends_what_is_somebody_elses() {
    let stage = Stage::set(&[]).await;
    let (app, ada) = (&stage.app, &stage.somebody);
    let ada = &app.login(&ada.email).await;
    let sessions = app.get("/auth/sessions", Some(ada)).await.expect(200);
    let sessions = sessions["items"].as_array().unwrap();
    let names: Vec<_> = sessions.iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert!(!names.is_empty());
    let users = format!("/api/v1/users/{}", ada.id);
    for who in ["a user", "another user", "staff", "an administrator"] {
        let caller = stage.caller(who);
        let send = async |method, path: &str| {
            app.send(caller.sign(app.client.request(method, app.url(path)))).await
        };
        for name in &names {
            let path = format!("/api/v1/auth/sessions/{name}");
            send(Method::DELETE, &path).await.expect_problem(404, "SESSION_NOT_FOUND");
        }
        for path in ["/api/v1/auth/sessions", "/api/v1/me", "/api/v1/me/export"] {
            let text = send(Method::GET, path).await.expect(200).to_string();
            assert!(!text.contains(&ada.email), "{who}: {path}");
            assert!(!names.iter().any(|name| text.contains(name)), "{who}: {path}");
        }
        if who == "an administrator" {
            continue;
        }
        for (method, below) in [
            (Method::GET, "/export"),
            (Method::POST, "/password-reset"),
            (Method::DELETE, "/sessions"),
            (Method::DELETE, "/totp"),
            (Method::DELETE, ""),
        ] {
            let refused = send(method, &format!("{users}{below}")).await;
            refused.expect_problem(403, "FORBIDDEN");
        }
    }
    app.get("/me", Some(ada)).await.expect(200);
}

/// Somebody scans at two events and gets the cursor between them.
async fn cursor_of(app: &Appliance, admin: &Person, person: &Person) -> String {
    for name in ["Primo", "Secondo"] {
        let event = app.event(admin, name, "static").await;
        let code = app.code(admin, &event).await["code"].as_str().unwrap().to_owned();
        app.scan(person, &code, "nonce-0001").await.expect(201);
    }
    let page = app.get("/me/attendance?limit=1", Some(person)).await.expect(200);
    page["next_cursor"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_place_in_a_list_of_ones_own_is_good_for_nobody_else() {
    let app = Appliance::start().await;
    let (admin, ada, bob) = (app.admin().await, app.person("ada").await, app.person("bob").await);
    let path = format!("/me/attendance?cursor={}", cursor_of(&app, &admin, &ada).await);
    assert_eq!(app.get(&path, Some(&ada)).await.expect(200)["items"].as_array().unwrap().len(), 1);
    for other in [&bob, &admin] {
        app.get(&path, Some(other)).await.expect_problem(400, "CURSOR_INVALID");
    }
}

/// What is outside of the API and still not for everybody.
const PAGES: [&str; 5] =
    ["/metrics", "/openapi.json", "/docs", "/docs/swagger-ui.js", "/docs/swagger-ui.css"];

/// What whoever comes from another network is told.
fn from_elsewhere(page: &str, shows: Shows) -> Verdict {
    match shows {
        Shows::Key { scopes, owner } if page == "/metrics" => {
            For::Keys(Role::Admin, "metrics:read").judges(Shows::Key { scopes, owner })
        }
        Shows::Bad(code) if page == "/metrics" && code.starts_with("KEY_") => {
            Verdict::Refused(401, code)
        }
        _ => Verdict::Refused(403, "NETWORK_NOT_ALLOWED"),
    }
}

#[tokio::test]
async fn metrics_and_documentation_are_for_the_networks_and_metrics_for_keys_too() {
    let closed = [("access.metrics_networks", "[]"), ("access.docs_networks", "[]")];
    for (settings, is_open) in [(&[][..], true), (&closed[..], false)] {
        let stage = Stage::set(settings).await;
        let (mut cells, mut faults) = (0, Vec::new());
        for page in PAGES {
            for caller in &stage.callers {
                let request = caller.sign(stage.app.client.get(stage.app.url(page)));
                let verdict =
                    if is_open { Verdict::May } else { from_elsewhere(page, caller.shows) };
                let fault = fault(&stage.app.send(request).await, verdict, 200);
                faults.extend(fault.map(|fault| format!("{page} as {}: {fault}", caller.who)));
                cells += 1;
            }
        }
        assert!(faults.is_empty(), "{} of {cells} cells:\n{}", faults.len(), faults.join("\n"));
        assert_eq!(cells, PAGES.len() * stage.callers.len());
    }
}

#[tokio::test]
async fn there_is_a_caller_for_every_role_and_every_scope() {
    let stage = Stage::set(&[]).await;
    let shown = |shows: Shows| stage.callers.iter().any(|caller| caller.shows == shows);
    for scope in &SCOPES {
        let scopes = std::slice::from_ref(scope);
        assert!(shown(Shows::Key { scopes, owner: Role::Admin }), "{scope}");
    }
    for role in [Role::User, Role::Staff, Role::Admin] {
        assert!(shown(Shows::Person(role)), "{role:?}");
    }
    let described = &document()["components"]["schemas"]["ApiKeyScope"]["enum"];
    let described = described.as_array().unwrap().iter().map(|word| word.as_str().unwrap());
    assert_eq!(described.collect::<BTreeSet<_>>(), BTreeSet::from(SCOPES));
}
