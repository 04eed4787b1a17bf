//! Adding many people at once, from a table.

use serde_json::{Value, json};

use crate::support::{Answer, Appliance, PASSWORD, Person};

const HEADER: &str = "email;name;surname";

async fn import(app: &Appliance, admin: &Person, query: &str, csv: impl Into<Vec<u8>>) -> Answer {
    app.post_bytes(&format!("/users/import{query}"), Some(admin), "text/csv", csv).await
}

fn outcomes(report: &Value) -> Vec<&str> {
    let rows = report["rows"].as_array().unwrap().iter();
    rows.map(|row| row["outcome"].as_str().unwrap()).collect()
}

fn counts(report: &Value) -> [u64; 3] {
    ["created", "refused", "existing"].map(|kind| report[kind].as_u64().unwrap())
}

async fn everybody(app: &Appliance, admin: &Person) -> usize {
    let page = app.get("/users?limit=200", Some(admin)).await.expect(200);
    page["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_table_is_reported_row_by_row_and_imported_once() {
    let app = Appliance::start().await;
    let (admin, bob) = (app.admin().await, app.person("bob").await);
    let csv = format!(
        "\u{feff}{HEADER};role;language\r\nada@example.org;Ada;\"Lovelace; \"\"King\"\"\";staff;it\r\n\
         nobody;;X;king;\r\nBOB@example.org;Bob;Other;;\r\nada@EXAMPLE.org;Ada;Again;;\r\n"
    );
    let report = import(&app, &admin, "", csv.clone()).await.expect(200);
    assert_eq!(outcomes(&report), ["created", "refused", "exists", "refused"]);
    assert_eq!((counts(&report), &report["dry_run"]), ([1, 2, 1], &json!(false)));
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(
        rows.iter().map(|row| row["line"].as_u64().unwrap()).collect::<Vec<_>>(),
        [2, 3, 4, 5]
    );
    assert_eq!(rows[0]["user_id"], 3);
    assert_eq!(
        (&rows[2]["user_id"], &rows[2]["email"]),
        (&json!(bob.id), &json!("BOB@example.org"))
    );
    let fields: Vec<_> =
        rows[1]["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
    assert_eq!(fields, ["role", "email", "name"]);
    assert_eq!(rows[3]["errors"][0]["field"], "email");
    let ada = app.get("/users/3", Some(&admin)).await.expect(200);
    assert_eq!(ada["surname"], "Lovelace; \"King\"");
    assert_eq!((&ada["role"], &ada["language"]), (&json!("staff"), &json!("it")));

    let again = import(&app, &admin, "", csv).await.expect(200);
    assert_eq!(outcomes(&again), ["exists", "refused", "exists", "refused"]);
    assert_eq!(everybody(&app, &admin).await, 3);
    assert_eq!(
        app.get("/users/2", Some(&admin)).await.expect(200)["surname"],
        "Prova",
        "left alone"
    );
}

#[tokio::test]
async fn a_dry_run_says_the_same_and_writes_nothing() {
    let app = Appliance::start().await;
    let (admin, _) = (app.admin().await, app.person("bob").await);
    let csv = "email,name,surname,username\nada@a.it,A,A,\nx@a.it,X,X,ada\nb@a.it,B,B,BOB\n\
               bob@example.org,B,B,\n,,,\nc@a.it,C,C,free\n";
    let tried = import(&app, &admin, "?dry_run=true", csv).await.expect(200);
    let expected = ["would_create", "refused", "refused", "exists", "would_create"];
    assert_eq!(outcomes(&tried), expected, "{tried}");
    assert_eq!((counts(&tried), &tried["dry_run"]), ([2, 2, 1], &json!(true)));
    assert_eq!(tried["rows"][1]["errors"][0]["field"], "username");
    assert_eq!(tried["rows"][0]["user_id"], Value::Null);
    assert_eq!(everybody(&app, &admin).await, 2);
    let done = import(&app, &admin, "?dry_run=false", csv).await.expect(200);
    let expected = expected.map(|word| if word == "would_create" { "created" } else { word });
    assert_eq!(outcomes(&done), expected);
    assert_eq!(counts(&done), counts(&tried));
    let imported = app.audit_until(&admin, |all| {
        all.iter().filter(|entry| entry["action"] == "user.imported").count() == 2
    });
    assert!(!json!(imported.await).to_string().contains("a.it"));
}

#[tokio::test]
async fn thousands_of_people_come_in_and_are_found_by_name() {
    let app = Appliance::start_with(&[("rate_limit.enabled", "false")]).await;
    let admin = app.admin().await;
    let rows: Vec<_> =
        (0..1_200).map(|n| format!("p{n}@example.org;Persona{n};Numero{n}\n")).collect();
    let rows = rows.concat();
    let report = import(&app, &admin, "", format!("{HEADER}\n{rows}")).await.expect(200);
    assert_eq!(counts(&report), [1_200, 0, 0]);
    let page = app.get("/users?search=numero1199", Some(&admin)).await.expect(200);
    assert_eq!(page["items"][0]["email"], "p1199@example.org");
    let last = app.get("/users?search=numero1199&limit=1", Some(&admin)).await.expect(200);
    assert_eq!(last["next_cursor"], Value::Null);
}

#[tokio::test]
async fn a_hash_from_elsewhere_lets_its_owner_in_and_no_hash_lets_nobody_in() {
    let app = Appliance::start().await;
    let (admin, _) = (app.admin().await, app.person("bob").await);
    // A hash as another system would have it; here one of our own making.
    let argon = {
        use argon2::{Algorithm, Argon2, Params, Version, password_hash::PasswordHasher};
        let params = Params::new(128, 2, 1, None).unwrap();
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        hasher.hash_password(PASSWORD.as_bytes()).unwrap().to_string()
    };
    let bcrypt = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";
    let csv = format!(
        "{HEADER};password_hash\nada@example.org;A;A;\"{argon}\"\ncyd@example.org;C;C;\n\
         eve@example.org;E;E;{bcrypt}\ndan@example.org;D;D;plaintext\n"
    );
    let report = import(&app, &admin, "", csv).await.expect(200);
    assert_eq!(outcomes(&report), ["created", "created", "created", "refused"]);
    assert!(!report.to_string().contains("plaintext"), "{report}");
    assert_eq!(report["rows"][3]["errors"][0]["field"], "password_hash");
    assert_eq!(app.login("ada").await.email, "ada@example.org");
    let body = json!({ "identifier": "cyd", "password": "" });
    app.post("/auth/login", None, body).await.expect_problem(401, "INVALID_CREDENTIALS");
}

#[tokio::test]
async fn a_file_that_cannot_be_understood_is_refused_whole_in_both_languages() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let cases: [(&[u8], &str); 5] = [
        (b"", "email"),
        (b"email,nome,surname\n", "nome"),
        (b"email,name,surname,email\n", "email"),
        (b"email,name,surname\n\xff\n", "file"),
        (b"email|name|surname\n", "email|name|surname"),
    ];
    for (csv, field) in cases {
        let problem = import(&app, &admin, "", csv).await.expect_problem(422, "VALIDATION_FAILED");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
        let request =
            app.client.post(app.url("/api/v1/users/import")).bearer_auth(&admin.access_token);
        let request = request.header("content-type", "text/csv").header("accept-language", "it");
        let italian = app.send(request.body(csv)).await.expect_problem(422, "VALIDATION_FAILED");
        assert_ne!(italian["errors"][0]["message"], problem["errors"][0]["message"]);
    }
    assert_eq!(everybody(&app, &admin).await, 1);
}

#[tokio::test]
async fn too_much_or_something_else_is_refused_before_it_is_read() {
    let app = Appliance::start().await;
    let admin = app.admin().await;
    let large = vec![b'a'; (1 << 20) + 1];
    import(&app, &admin, "", large).await.expect_problem(413, "BODY_TOO_LARGE");
    let many = format!("{HEADER}\n{}", "a;b;c\n".repeat(5_001));
    let problem = import(&app, &admin, "", many).await.expect_problem(422, "VALIDATION_FAILED");
    assert_eq!(problem["errors"][0]["field"], "file");
    let json = app.post("/users/import", Some(&admin), json!({})).await;
    json.expect_problem(415, "UNSUPPORTED_MEDIA_TYPE");
}
