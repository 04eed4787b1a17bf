//! `appliance user`: finding, disabling, deleting, importing and exporting, of an appliance that runs and of
//! one that is stopped.

use serde_json::Value;

use crate::{
    program::{Home, finish_with_input},
    running::Running,
    site::Site,
};

const HEADER: &str = "email,name,surname,role\n";

/// A directory with an administrator, Ada and Bea.
fn home() -> Home {
    let home = Home::default();
    for (name, role) in [("capo", "admin"), ("ada", "user"), ("bea", "staff")] {
        home.create_user(name, role).expect(0);
    }
    home
}

fn usernames(home: &Home, arguments: &[&str]) -> Vec<String> {
    let listed = home.run(&[&["user", "list", "--json"], arguments].concat()).expect(0).json();
    let names = listed.as_array().unwrap().iter().map(|user| user["username"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

/// Does something with the appliance stopped, and once more in another directory with it running.
fn stopped_and_running(check: impl Fn(&Home)) {
    check(&home());
    let home = home();
    let running = Running::start(&home);
    check(&home);
    running.stop();
}

#[test]
fn a_list_is_narrowed_by_words_role_and_status() {
    stopped_and_running(|home| {
        assert_eq!(usernames(home, &["--search", "ÀDA prova"]), ["ada"]);
        assert_eq!(usernames(home, &["--role", "staff"]), ["bea"]);
        home.run(&["user", "disable", "bea"]).expect(0);
        assert_eq!(usernames(home, &["--status", "disabled"]), ["bea"]);
        assert_eq!(usernames(home, &["--status", "active"]), ["capo", "ada"]);
        let line = home.run(&["user", "list", "--status", "disabled"]).expect(0).stdout;
        assert_eq!(line, "3\tstaff\tbea\tbea@example.org\tbea Prova\tdisabled\n");
        home.run(&["user", "list", "--status", "gone"]).expect_error(2, &["gone"]);
        let long = "a".repeat(101);
        home.run(&["user", "list", "--search", &long]).expect_error(2, &["--search must have"]);
    });
}

#[test]
fn a_name_that_is_the_number_of_somebody_else_is_refused_and_an_address_is_not() {
    stopped_and_running(|home| {
        home.create_user("2", "user").expect(0);
        let refused = home.run(&["user", "disable", "2"]);
        refused.expect_error(4, &["the id of another", "use the e-mail address"]);
        home.run(&["user", "disable", "2@example.org"]).expect(0);
        assert_eq!(usernames(home, &["--status", "disabled"]), ["2"]);
        home.run(&["user", "disable", "3"]).expect(0);
        assert_eq!(usernames(home, &["--status", "disabled"]), ["bea", "2"]);
    });
}

#[test]
fn an_account_is_shown_in_full() {
    stopped_and_running(|home| {
        let shown = home.run(&["user", "show", "ada@example.org"]).expect(0).stdout;
        for line in
            ["id          2", "name        ada Prova", "status      active", "last login  never"]
        {
            assert!(shown.contains(line), "{line}: {shown}");
        }
        let json = home.run(&["user", "show", "2", "--json"]).expect(0).json();
        assert_eq!((&json["username"], &json["role"]), (&"ada".into(), &"user".into()));
        home.run(&["user", "show", "nessuno"]).expect_error(3, &["no such user"]);
    });
}

#[test]
fn an_account_is_disabled_and_enabled_again() {
    stopped_and_running(|home| {
        let disabled = home.run(&["user", "disable", "ada", "--json"]).expect(0);
        assert_eq!(disabled.json()["status"], "disabled");
        assert!(disabled.stderr.contains("ada is now disabled"), "{}", disabled.stderr);
        let enabled = home.run(&["user", "enable", "ada", "--json"]).expect(0);
        assert_eq!(enabled.json()["status"], "active");
        home.run(&["user", "disable", "7"]).expect_error(3, &["no such user"]);
    });
}

#[test]
fn the_last_administrator_is_neither_disabled_nor_deleted() {
    stopped_and_running(|home| {
        let last = &["the last administrator must stay one"];
        home.run(&["user", "disable", "capo"]).expect_error(4, last);
        home.run(&["user", "delete", "capo", "--yes"]).expect_error(4, last);
        home.run(&["user", "set-role", "bea", "admin"]).expect(0);
        home.run(&["user", "disable", "bea"]).expect(0);
        // Whoever is disabled runs nothing, so the other one is still the last.
        home.run(&["user", "delete", "capo", "--yes"]).expect_error(4, last);
        home.run(&["user", "delete", "bea", "--yes"]).expect(0);
        assert_eq!(usernames(home, &[]), ["capo", "ada"]);
    });
}

#[test]
fn an_account_is_deleted_only_by_somebody_who_says_yes() {
    stopped_and_running(|home| {
        home.run(&["user", "delete", "ada"]).expect_error(2, &["cannot be undone", "--yes"]);
        assert_eq!(usernames(home, &[]).len(), 3);
        let deleted = home.run(&["user", "delete", "ada", "--yes"]).expect(0);
        assert!(deleted.stderr.contains("deleted ada"), "{}", deleted.stderr);
        assert_eq!(usernames(home, &[]), ["capo", "bea"]);
        home.run(&["user", "delete", "ada", "--yes"]).expect_error(3, &["no such user"]);
        let made = home.create_user_with("ada", "user", &["--json"]).expect(0).json();
        assert_eq!(made["id"], 4, "the number is never used again");
    });
}

#[test]
fn a_table_is_tried_and_then_imported() {
    stopped_and_running(|home| {
        let csv = format!("{HEADER}eva@example.org,Eva,Prova,staff\nada@example.org,A,A,\n");
        std::fs::write(home.path().join("people.csv"), &csv).unwrap();
        let tried = home.run(&["user", "import", "people.csv", "--dry-run"]).expect(0);
        assert_eq!(tried.stdout, "2\twould_create\teva@example.org\n3\texists\tada@example.org\n");
        assert!(tried.stderr.contains("1 would be made, 1 there already, 0 refused"));
        assert_eq!(usernames(home, &[]).len(), 3);
        let done = home.run(&["user", "import", "people.csv", "--json"]).expect(0).json();
        assert_eq!((&done["created"], &done["dry_run"]), (&1.into(), &false.into()));
        assert_eq!(done["rows"][0]["user_id"], 4);
        assert_eq!(usernames(home, &["--role", "staff"]), ["bea", "eva"]);
        // From standard input, with a row that does not hold: the others come in all the same.
        let command = home.command(&["user", "import", "-"]);
        let table = format!("{HEADER}nobody,N,N,king\nfra@example.org,Fra,Prova,");
        let half = finish_with_input(command, &table).expect(5);
        assert!(half.stdout.contains("2\trefused\tnobody\trole must be"), "{}", half.stdout);
        assert!(half.error().contains("rows that were refused: 1"), "{}", half.stderr);
        assert_eq!(usernames(home, &["--search", "fra"]), ["fra"]);
    });
}

#[test]
fn a_file_that_is_no_table_of_people_is_wrong_usage() {
    let home = home();
    home.run(&["user", "import", "nowhere.csv"]).expect_error(3, &["nowhere.csv"]);
    std::fs::write(home.path().join("odd.csv"), "nome,cognome\n").unwrap();
    home.run(&["user", "import", "odd.csv"]).expect_error(2, &["nome is not a known column"]);
    std::fs::write(home.path().join("noise.csv"), [0xff; 9]).unwrap();
    home.run(&["user", "import", "noise.csv"]).expect_error(2, &["UTF-8"]);
}

#[test]
fn a_table_as_large_as_may_be_reaches_a_running_appliance() {
    let home = home();
    let running = Running::start(&home);
    let name = "x".repeat(80);
    let rows: Vec<_> =
        (0..5_000).map(|n| format!("p{n}@example.org,\"{name}\",\"{name}\",\n")).collect();
    let rows = rows.concat();
    let table = format!("{HEADER}{rows}");
    assert!((900_000..1 << 20).contains(&table.len()), "{}", table.len());
    std::fs::write(home.path().join("people.csv"), table).unwrap();
    let tried = home.run(&["user", "import", "people.csv", "--dry-run", "--json"]).expect(0).json();
    assert_eq!((&tried["created"], &tried["rows"][4_999]["line"]), (&5_000.into(), &5_001.into()));
    running.stop();
}

#[test]
fn everything_about_somebody_is_printed_as_one_document() {
    stopped_and_running(|home| {
        let export = home.run(&["user", "export", "ada"]).expect(0).json();
        assert_eq!(export["account"]["email"], "ada@example.org");
        assert_eq!(export["profile"]["surname"], "Prova");
        assert_eq!(export["sessions"], Value::Array(vec![]));
        assert!(export["audit"].is_array());
        assert!(!export.to_string().contains("argon2"));
        home.run(&["user", "export", "nessuno"]).expect_error(3, &["no such user"]);
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_disabled_or_deleted_while_it_runs_is_out_at_once_and_the_trail_says_so() {
    let home = home();
    let running = Running::start(&home);
    let site = Site::of(&home, &running);
    let (admin, ada, bea) =
        (site.login("capo").await, site.login("ada").await, site.login("bea").await);
    home.run(&["user", "disable", "ada"]).expect(0);
    home.run(&["user", "delete", "bea", "--yes"]).expect(0);
    for person in [&ada, &bea] {
        let answer = site.try_api(reqwest::Method::GET, "/me", Some(person), None).await.unwrap();
        answer.expect_problem(401, "SESSION_ENDED");
    }
    for action in ["user.disabled", "user.deleted", "profile.erased"] {
        let entries = site.audit(&admin, action, 1).await;
        let text = entries[0].to_string();
        assert!(!text.contains("example.org") && !text.contains("Prova"), "{text}");
    }
    running.stop();
}
