//! Files that break the rules, and files that only look like it.

use crate::{
    circles, imports, refusals, requirements,
    source::{File, Violation},
    texts,
};

/// What `check` finds in one file: its lines, each once.
fn lines(check: fn(&[File]) -> Vec<Violation>, path: &str, text: &str) -> Vec<usize> {
    let manifest = File::new("Cargo.toml", "[dependencies]\nserde = \"1\"\ntokio-rustls = \"1\"\n");
    let found = check(&[manifest, File::new(path, text)]);
    let mut lines: Vec<_> = found.into_iter().map(|violation| violation.line).collect();
    lines.dedup();
    lines
}

#[test]
fn an_import_of_a_higher_layer_is_caught_however_it_is_spelled() {
    for text in [
        "use crate::server::bind;",
        "use crate::{clock::Clock, server::{self, bind}};",
        "pub(crate) use crate::server as other;",
        "use super::super::server;",
        "fn f() { crate::server::bind() }",
        "type T = Vec<crate::server::Bound>;",
        "macro_rules! m { () => { $crate::server::bind() } }",
    ] {
        assert_eq!(lines(imports::upwards, "src/auth/service.rs", text), [1], "{text}");
    }
}

#[test]
fn an_import_of_the_same_or_a_lower_layer_is_none() {
    let text = "use crate::{store::Store, clock::Clock};\nuse super::rules;\nuse self::x::server;";
    assert_eq!(lines(imports::upwards, "src/auth/service.rs", text), [0; 0]);
}

#[test]
fn what_stands_in_comments_and_strings_and_unit_tests_is_no_import() {
    let text = r##"//! crate::server
/* crate::server /* nested */ crate::server */
const A: &str = "crate::server \" crate::server";
const B: &str = r#"crate::server " crate::server"#;
const C: (char, char) = ('"', '\'');
fn f<'a>(x: &'a str) -> &'a str { x }
#[cfg(test)]
mod tests { use crate::server; mod deeper { fn f() { crate::server::bind() } } }
use crate::server;
"##;
    assert_eq!(lines(imports::upwards, "src/auth/service.rs", text), [9]);
}

#[test]
fn a_unit_test_module_is_none_of_the_code_whoever_may_see_it() {
    for head in ["mod tests", "pub(super) mod tests", "pub(in crate::auth) mod tests"] {
        let text = format!("#[cfg(test)]\n{head} {{\nuse crate::server;\n}}\nuse crate::server;");
        assert_eq!(lines(imports::upwards, "src/auth/service.rs", &text), [5], "{head}");
    }
    let text = "#[cfg(test)]\nfn f() {\ncrate::server::bind() }";
    assert_eq!(lines(imports::upwards, "src/auth/service.rs", text), [3], "only modules are");
}

#[test]
fn a_file_that_is_opened_with_no_regard_for_links_is_caught() {
    let text = "fn f() { fs::write(path, b\"\") }\nuse std::fs::OpenOptions;\n// fs::write\n\
                fn g() { std::os::unix::fs::chown(path, None, None) }\nfn h() { paths::create_new() }\n\
                #[cfg(test)]\nmod tests { fn f() { fs::write(path, b\"\") } }";
    assert_eq!(lines(texts::carelessly_opened, "src/store/size.rs", text), [1, 2, 4]);
    assert_eq!(lines(texts::carelessly_opened, "src/paths/files.rs", text), [0; 0]);
}

#[test]
fn an_imported_name_stands_for_what_it_was_imported_from() {
    let text = "use rustls::crypto::aws_lc_rs;\nfn f() { aws_lc_rs::default_provider() }";
    assert_eq!(lines(imports::misplaced_crates, "src/cli/healthcheck.rs", text), [0; 0]);
    let text = "use aws_lc_rs;\nfn f() { aws_lc_rs::default_provider() }";
    assert_eq!(lines(imports::misplaced_crates, "src/cli/healthcheck.rs", text), [1, 2]);
}

#[test]
fn an_error_wraps_the_errors_below_it_and_no_more() {
    let text = "use crate::store::StoreError;\nfn f() -> crate::crypto::NoRandomness {}\n\
                fn g() { StoreError::Busy }\nuse crate::store::Store;\nuse crate::store::*;";
    assert_eq!(lines(imports::impure, "src/user/error.rs", text), [4, 5]);
    assert_eq!(lines(imports::impure, "src/user/rules.rs", text), [1, 2, 3, 4, 5]);
}

#[test]
fn what_a_return_type_captures_is_no_import() {
    let text = "fn f<'a>() -> impl Iterator + use<'a> {}\nuse crate::server;";
    assert_eq!(lines(imports::upwards, "src/auth/service.rs", text), [2]);
}

#[test]
fn a_domain_that_imports_another_is_caught() {
    assert_eq!(lines(imports::upwards, "src/user/codes/api.rs", "\nuse crate::auth::Role;"), [2]);
}

#[test]
fn a_gateway_or_a_store_that_names_a_domain_is_caught() {
    assert_eq!(lines(imports::upwards, "src/gateway/mod.rs", "use crate::user::Profile;"), [1]);
    assert_eq!(lines(imports::upwards, "src/store/mod.rs", "use crate::user::Profile;"), [1]);
}

#[test]
fn a_main_that_imports_more_than_the_command_line_is_caught() {
    assert_eq!(lines(imports::upwards, "src/main.rs", "use appliance::server;"), [1]);
    assert_eq!(lines(imports::upwards, "src/main.rs", "use appliance::cli;"), [0; 0]);
}

#[test]
fn a_module_without_a_layer_is_caught() {
    assert_eq!(lines(imports::without_a_place, "src/util.rs", ""), [1]);
    assert_eq!(lines(imports::without_a_place, "src/lib.rs", "mod util;"), [0; 0]);
}

/// Whether two files that are all there is, one of module `a` and one of `b`, import each other.
fn is_circle(files: &[(&str, &str)]) -> bool {
    let files: Vec<_> = files.iter().map(|(path, text)| File::new(path, text)).collect();
    !circles::found(&files, &[]).is_empty()
}

#[test]
fn two_files_that_import_each_other_are_caught_however_it_is_spelled() {
    for back in [
        "use super::one::One;",
        "use crate::x::{one::One as Other, two};",
        "fn f() -> crate::x::one::One {}",
        "use super::one;\nfn f() { one::f() }",
        "use super::One;",
        "mod y { use super::super::one::One; }",
    ] {
        let parent = ("src/x/mod.rs", "mod one;\nmod two;\npub use one::One;");
        let one = ("src/x/one.rs", "use super::two::Two;\nstruct One;");
        assert!(is_circle(&[parent, one, ("src/x/two.rs", back)]), "{back}");
        assert!(!is_circle(&[parent, ("src/x/one.rs", ""), ("src/x/two.rs", back)]), "{back}");
    }
}

#[test]
fn a_circle_is_told_with_both_lines() {
    let one = File::new("src/x/one.rs", "\nuse super::two::Two;\nuse super::two::Three;");
    let two = File::new("src/x/two.rs", "\n\nuse super::one::One;");
    let found = circles::found(&[one, two], &[]);
    assert_eq!(found.len(), 1);
    assert_eq!((&*found[0].file, found[0].line), ("src/x/one.rs", 2));
    assert_eq!(found[0].what, "imports `src/x/two.rs`, which imports it at line 3");
}

#[test]
fn a_circle_of_more_than_two_is_told_once_with_every_line() {
    let file = |name: &str, text: &str| File::new(&format!("src/x/{name}.rs"), text);
    let files = [
        file("one", "use super::two::Two;"),
        file("two", "\nuse super::three::Three;\nuse super::below::Below;"),
        file("three", "\n\nuse super::one::One;"),
        file("below", ""),
    ];
    let found = circles::found(&files, &[]);
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0].to_string(),
        "src/x/one.rs:1: imports `src/x/two.rs`, which imports `src/x/three.rs` at line 2, which \
         imports it at line 3 (no two files import each other)"
    );
}

#[test]
fn a_circle_that_is_known_by_name_is_passed_over_and_one_that_is_gone_is_told() {
    let one = File::new("src/x/one.rs", "use super::two::Two;");
    let two = File::new("src/x/two.rs", "use super::one::One;");
    let known = [("src/x/one.rs", "src/x/two.rs")];
    assert_eq!(circles::found(&[one.clone(), two], &known), []);
    let two = File::new("src/x/two.rs", "");
    assert_eq!(circles::found(&[one.clone(), two], &known).len(), 1);
    assert_eq!(circles::found(&[one], &[("src/x/gone.rs", "src/x/one.rs")]), []);
}

#[test]
fn a_parent_imports_the_parts_that_it_uses_and_none_that_it_passes_on() {
    let part = ("src/x/one.rs", "use super::Shared;");
    for parent in ["mod one;\npub use one::One;", "mod one;\npub(super) use self::one::{One, f};"] {
        assert!(!is_circle(&[("src/x/mod.rs", parent), part]), "{parent}");
    }
    for parent in [
        "mod one;\nuse one::One;",
        "mod one;\npub use one::One;\nstruct Shared(One);",
        "mod one;\nfn f() { one::f() }",
    ] {
        assert!(is_circle(&[("src/x/mod.rs", parent), part]), "{parent}");
    }
}

#[test]
fn what_a_parent_passes_on_is_imported_from_where_it_stands() {
    let parent =
        ("src/x/mod.rs", "mod one;\nmod two;\nuse one::One;\npub use two::Two;\nfn f(_: One) {}");
    let one = ("src/x/one.rs", "use super::Two;");
    assert!(!is_circle(&[parent, one, ("src/x/two.rs", "")]));
    assert!(!is_circle(&[("src/x.rs", "mod y { struct In; mod z { use super::In; } }")]));
}

#[test]
fn a_crate_outside_of_its_place_is_caught() {
    let check = imports::misplaced_crates;
    for (path, text) in [
        ("src/auth/service.rs", "use poem::Request;"),
        ("src/auth/rules.rs", "fn f(r: &poem_openapi::payload::Json<u8>) {}"),
        ("src/user/codes/service.rs", "use redb::Database;"),
        ("src/server/listener.rs", "use aws_lc_rs::hmac;"),
        ("src/storey.rs", "use redb::Database;"),
    ] {
        assert_eq!(lines(check, path, text), [1], "{path}");
    }
}

#[test]
fn a_crate_in_its_place_is_allowed() {
    let check = imports::misplaced_crates;
    for (path, text) in [
        ("src/user/codes/api.rs", "use poem::Request;"),
        ("src/auth/dto/session.rs", "use poem_openapi::Object;"),
        ("src/auth/tables.rs", "use redb::Key;"),
        ("src/store/open.rs", "use redb::Database;"),
        ("src/server/tls.rs", "use aws_lc_rs::hmac;"),
        ("src/server/tls/keys.rs", "use aws_lc_rs::hmac;"),
    ] {
        assert_eq!(lines(check, path, text), [0; 0], "{path}");
    }
}

#[test]
fn an_impure_rule_is_caught() {
    for text in [
        "use crate::store::Store;",
        "use super::service::Codes;",
        "use tokio_rustls::TlsAcceptor;",
        "use crate::telemetry;",
    ] {
        assert_eq!(lines(imports::impure, "src/user/codes/rules.rs", text), [1], "{text}");
        assert_eq!(lines(imports::impure, "src/user/codes/service.rs", text), [0; 0], "{text}");
    }
}

#[test]
fn a_pure_rule_is_allowed() {
    let text = "use std::fmt;\nuse serde::Serialize;\nuse crate::{clock::Clock, ids::UserId};\n\
                use super::{super::model::Event, error::Error};";
    assert_eq!(lines(imports::impure, "src/user/codes/rules.rs", text), [0; 0]);
}

#[test]
fn a_module_without_a_doc_is_caught() {
    assert_eq!(lines(texts::without_a_doc, "src/ids.rs", "use std::fmt;\n//! Late."), [1]);
    assert_eq!(lines(texts::without_a_doc, "src/ids.rs", "//! Ids.\n"), [0; 0]);
}

#[test]
fn a_file_of_401_lines_is_caught() {
    assert_eq!(lines(texts::too_long, "tests/x.rs", &"\n".repeat(401)), [401]);
    assert_eq!(lines(texts::too_long, "tests/x.rs", &"\n".repeat(400)), [0; 0]);
}

#[test]
fn a_table_or_migration_outside_of_its_file_is_caught() {
    let text = "const T: Table<u64, u64> = Table::new(\"t\");\nlet step = Migration { name };";
    assert_eq!(lines(texts::declared_elsewhere, "src/auth/store.rs", text), [1, 2]);
    assert_eq!(lines(texts::declared_elsewhere, "src/auth/tables.rs", text), [2]);
    assert_eq!(lines(texts::declared_elsewhere, "src/store/table.rs", text), [0; 0]);
}

#[test]
fn a_message_in_one_language_alone_is_caught() {
    let english = File::new("static/i18n/en.json", r#"{"a": {"b": "x"}, "c": "y"}"#);
    let italian = File::new("static/i18n/it.json", r#"{"a": {"d": "x"}, "c": "y"}"#);
    let found = texts::untranslated(&[english.clone(), italian]);
    let found: Vec<_> = found.iter().map(|found| (&*found.file, &*found.what)).collect();
    let expected =
        [("static/i18n/it.json", "`a/b` is missing"), ("static/i18n/en.json", "`a/d` is missing")];
    assert_eq!(found, expected);
    assert_eq!(texts::untranslated(&[english]).len(), 2);
}

#[test]
fn a_key_without_a_comment_is_caught() {
    let text = "# The file.\n\n[a]\nbare = 1\n# Two.\nx = [\n  \"p=q\",\n]\ny = 2\n\nz = 3\n";
    assert_eq!(lines(texts::unexplained_keys, "appliance.toml", text), [4, 11]);
}

#[test]
fn a_path_of_one_machine_is_caught() {
    let paths = [concat!("at /ro", "ot/x"), concat!("\"/ho", "me/someone\""), concat!("/wo", "rk")];
    assert_eq!(lines(texts::machine_paths, "README.md", &paths.join("\n")), [1, 2, 3]);
    let others = "/workers\nhttps://example.org/work\n/api/home/x\n/var/lib/root/";
    assert_eq!(lines(texts::machine_paths, "README.md", others), [0; 0]);
}

#[test]
fn unfinished_work_is_caught() {
    let marks = [concat!("// TO", "DO: x"), concat!("# FIX", "ME"), concat!("to", "do!()")];
    assert_eq!(lines(texts::unfinished, "src/x.rs", &marks.join("\n")), [1, 2, 3]);
    assert_eq!(lines(texts::unfinished, "src/x.rs", "what is to do\nMETODO\n"), [0; 0]);
}

/// What `check` finds in a table of requirements, beside a file of tests and a document.
fn of_requirements(check: fn(&[File]) -> Vec<Violation>, table: &str) -> Vec<usize> {
    let tests = "//! Tests.\n#[test]\nfn plain() {}\n#[tokio::test(flavor = \"multi_thread\")]\n\
                 #[ignore]\nasync fn waiting() {}\nfn none() {}\n";
    let files = [
        File::new("docs/security.md", table),
        File::new("docs/access.md", "# Access\n\n## Every way, in 2 words\n"),
        File::new("tests/api/x.rs", tests),
    ];
    check(&files).iter().map(|violation| violation.line).collect()
}

#[test]
fn a_requirement_that_is_answered_twice_is_caught() {
    let table = "| V1.1.1 | 1 |\n| V1.1.10 | 1 |\n| V1.1.1 | 2 |\n| V1.1 | 1 |\n| V1.1 | 1 |\n";
    assert_eq!(of_requirements(requirements::repeated, table), [3]);
}

#[test]
fn a_requirement_that_names_what_does_not_exist_is_caught() {
    for proof in [
        "`tests/api/x.rs::missing`",
        "`tests/api/x.rs::none`",
        "`tests/api/x.rs::plai`",
        "`tests/api/y.rs::plain`",
        "`tests/api/x.rs::plain`, `plain`",
        "[words](#every-way-in-2-words)",
        "[words](access.md#every-way)",
        "[words](else.md#access)",
        "words",
        "",
    ] {
        let table = format!("| V1.1.1 | 1 | a | yes | b | {proof} |");
        assert_eq!(of_requirements(requirements::unproven, &table), [1], "{proof}");
    }
}

#[test]
fn a_requirement_of_another_form_is_caught() {
    for row in ["1 | a | yes | b", "1 | a | yes | b | none: c | d", "3 | a | yes | b | none: c"] {
        let table = format!("| V1.1.1 | {row} |");
        assert_eq!(of_requirements(requirements::unproven, &table), [1], "{row}");
    }
    let table = "| V1.1.1 | 1 | a | perhaps | b | none: c |";
    assert_eq!(of_requirements(requirements::unproven, table), [1]);
}

#[test]
fn a_requirement_that_names_what_exists_is_allowed() {
    for proof in [
        "`tests/api/x.rs::plain`, `tests/api/x.rs::waiting`",
        "[words](access.md#every-way-in-2-words)",
        "none: nothing could",
    ] {
        let table = format!("| | L | x |\n| --- |\n| V1.1.1 | 2 | a | partly | b | {proof} |");
        assert_eq!(of_requirements(requirements::unproven, &table), [0; 0], "{proof}");
        assert_eq!(of_requirements(requirements::repeated, &table), [0; 0], "{proof}");
    }
}

#[test]
fn a_refusal_that_no_test_mentions_is_caught() {
    let text = r#"
// Problem::new(StatusCode::CONFLICT, "ONLY_IN_A_COMMENT",
Self::new(
    poem::http::StatusCode::FORBIDDEN,
    "OVER_LINES",
)
let one = (StatusCode::GONE, "IN_A_ROW", "Gone.");
Self::Closed => "FOR_SHORT",
Problem::new(error.status(), "FROM_ELSEWHERE",
Method::POST => "POST",
if problem.code != "COMPARED" && env!("CARGO_PKG_VERSION") == problem.code {}
#[cfg(test)]
mod tests { fn f() { new(StatusCode::GONE, "IN_A_UNIT_TEST") } }
"#;
    let check = refusals::untested;
    assert_eq!(lines(check, "src/x/problem.rs", text), [8, 9, 7, 5]);
    let tested = "\"OVER_LINES\" \"IN_A_ROW\" \"FOR_SHORT\" \"FROM_ELSEWHERE_TOO\"";
    let files = [File::new("src/x.rs", text), File::new("tests/api/x.rs", tested)];
    let found = check(&files);
    assert_eq!(found.len(), 1);
    assert!(found[0].what.contains("FROM_ELSEWHERE"), "{}", found[0].what);
    let here = [File::new("src/x.rs", text), File::new("tests/house/x.rs", tested)];
    assert_eq!(check(&here).len(), 4, "what this test itself says is no test");
}

#[test]
fn a_violation_says_where_what_and_why() {
    let found = File::new("src/x.rs", "").violation(7, "is odd".to_owned(), "nothing is odd");
    assert_eq!(found.to_string(), "src/x.rs:7: is odd (nothing is odd)");
}
