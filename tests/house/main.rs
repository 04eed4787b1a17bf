//! The house rules, kept by reading the tree.
//!
//! The tables below are the rules; `imports`, `refusals` and `texts` apply them, `requirements` holds a
//! document against the tests that it names, `source` reads Rust well enough to tell code from comments,
//! strings and unit tests, and `planted` proves with files that break the rules that each of them is
//! caught. A failure lists `file:line: what, and which rule`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    reason = "a test that meets what it did not expect should stop there, and nobody imports it"
)]

mod circles;
mod imports;
mod planted;
mod refusals;
mod requirements;
mod source;
mod texts;
mod vocabulary;

use source::{File, Violation};

/// Who may import whom: a module imports its own row and those below, unless `FORBIDDEN` says no.
const LAYERS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["doctor"],
    &["server", "backup", "control"],
    &["compat", "dashboard", "gateway"],
    DOMAINS,
    &["http", "store", "token", "audit_event", "assets", "limit", "mail"],
    &[
        "config",
        "clock",
        "ids",
        "telemetry",
        "language",
        "field",
        "crypto",
        "base32",
        "qr",
        "paths",
        "write_behind",
    ],
];

/// A domain never imports another.
const DOMAINS: &[&str] = &["auth", "user", "social_log"];

/// What the rows alone would allow.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("backup", &["auth", "user", "social_log", "server"]),
    ("gateway", DOMAINS),
    ("main", &["doctor", "server", "backup", "compat", "dashboard", "gateway"]),
];

/// Where a crate may be named: in these modules, and in these files or folders of a domain.
struct CrateRule {
    name: &'static str,
    modules: &'static [&'static str],
    parts: &'static [&'static str],
}

const CRATES: &[CrateRule] = &[
    CrateRule { name: "poem", modules: WEB, parts: &["api", "dto", "problem"] },
    CrateRule { name: "poem_openapi", modules: WEB, parts: &["api", "dto", "problem"] },
    CrateRule {
        name: "redb",
        modules: &["store"],
        parts: &["tables", "records", "store", "migrations"],
    },
    CrateRule { name: "instant_acme", modules: &["server/acme"], parts: &[] },
    CrateRule { name: "rustls_native_certs", modules: &["server/acme/client"], parts: &[] },
    CrateRule { name: "lettre", modules: &["mail"], parts: &[] },
    CrateRule { name: "zxcvbn", modules: &["auth/passwords/strength"], parts: &[] },
    CrateRule { name: "bcrypt", modules: &["auth/passwords"], parts: &[] },
    CrateRule { name: "x509_parser", modules: &["server/tls"], parts: &[] },
    CrateRule { name: "scrypt", modules: &["crypto"], parts: &[] },
    CrateRule { name: "zstd", modules: &["backup"], parts: &[] },
    CrateRule {
        name: "rustix",
        modules: &[
            "backup",
            "cli",
            "clock",
            "control",
            "doctor",
            "paths/files",
            "server",
            "store/disk_monitor",
            "telemetry/machine",
        ],
        parts: &[],
    },
    CrateRule { name: "aws_lc_rs", modules: &["crypto", "server/tls"], parts: &[] },
];

const WEB: &[&str] = &["http", "gateway", "server", "assets", "compat", "dashboard"];

/// The files of a domain that decide, and so know neither I/O nor the web: what they may import.
const PURE_PARTS: &[&str] = &["rules", "model", "error"];
const PURE_CRATES: &[&str] = &["jiff", "serde"];
const PURE_MODULES: &[&str] = &["clock", "field", "ids", "language"];
/// What an `error` may name besides: the errors below it, which it wraps in one place for its domain.
const WRAPPED_BY_ERRORS: &[&str] = &["store::StoreError", "crypto::NoRandomness"];
/// The files of a domain that a pure one never imports.
const IMPURE_PARTS: &[&str] =
    &["api", "dto", "problem", "service", "store", "tables", "records", "migrations"];

/// What only one file of a domain declares.
const DECLARED_IN: &[(&str, &str)] = &[
    ("Table::new(", "tables"),
    ("TableDefinition::new(", "tables"),
    ("Migration {", "migrations"),
];

/// What makes, opens or changes files with no regard for links, and the module that does it for all.
const CARELESS: &[&str] = &[
    "File::create",
    "File::create_new",
    "File::options",
    "OpenOptions",
    "fs::write",
    "fs::copy",
    "fs::set_permissions",
    "chown",
];
const CAREFUL: &str = "paths";

/// Two files that import each other all the same, until one of them is cut.
const CIRCLES: &[(&str, &str)] = &[
    ("src/gateway/mod.rs", "src/gateway/observe.rs"),
    ("src/gateway/mod.rs", "src/gateway/problem.rs"),
    ("src/server/policies.rs", "src/server/routes.rs"),
];

const LONGEST_FILE: usize = 400;

/// Paths of one machine, and marks of unfinished work; split so that this file does not hold them.
const MACHINE_PATHS: &[&str] = &[concat!("/ro", "ot"), concat!("/ho", "me/"), concat!("/wo", "rk")];
const UNFINISHED: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!"),
    concat!("unimple", "mented!"),
    // A merge that was not ended.
    concat!("<<<<", "<<<"),
    concat!(">>>>", ">>>"),
];

fn assert_none(violations: &[Violation]) {
    let lines: Vec<_> = violations.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} broken rules:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn the_tree_that_is_checked_is_this_one() {
    let files = File::all();
    assert!(files.iter().any(|file| file.path == "src/store/writer.rs"));
    assert!(files.iter().any(|file| file.path == "appliance.toml"));
    assert!(!files.iter().any(|file| file.path.starts_with("target/")));
}

#[test]
fn every_module_says_what_it_is() {
    assert_none(&texts::without_a_doc(&File::all()));
}

#[test]
fn no_file_is_too_long_to_read() {
    assert_none(&texts::too_long(&File::all()));
}

#[test]
fn every_module_has_its_place_in_the_layers() {
    assert_none(&imports::without_a_place(&File::all()));
}

#[test]
fn modules_import_only_what_lies_below_them() {
    assert_none(&imports::upwards(&File::all()));
}

#[test]
fn no_two_files_import_each_other() {
    assert_none(&circles::found(&File::all(), CIRCLES));
}

#[test]
fn no_public_type_name_stands_twice() {
    assert_none(&vocabulary::names_twice(&File::all()));
}

#[test]
fn files_are_called_by_the_words_of_the_glossary() {
    let files = File::all();
    assert!(vocabulary::count_given_up(&files) >= 30, "the tables are no longer found");
    assert_none(&vocabulary::given_up(&files));
}

#[test]
fn crates_are_named_only_where_they_belong() {
    assert_none(&imports::misplaced_crates(&File::all()));
}

#[test]
fn rules_models_and_errors_know_neither_io_nor_the_web() {
    assert_none(&imports::impure(&File::all()));
}

#[test]
fn tables_and_migrations_are_declared_in_their_own_files() {
    assert_none(&texts::declared_elsewhere(&File::all()));
}

#[test]
fn no_write_follows_a_link() {
    assert_none(&texts::carelessly_opened(&File::all()));
}

#[test]
fn both_languages_have_the_same_messages() {
    assert_none(&texts::untranslated(&File::all()));
}

#[test]
fn every_key_of_the_default_configuration_is_explained() {
    assert_none(&texts::unexplained_keys(&File::all()));
}

#[test]
fn every_refusal_has_a_test() {
    let files = File::all();
    assert!(refusals::codes(&files).len() > 70, "{:?}", refusals::codes(&files));
    assert_none(&refusals::untested(&files));
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    assert_none(&texts::machine_paths(&File::all()));
}

#[test]
fn nothing_is_left_unfinished() {
    assert_none(&texts::unfinished(&File::all()));
}

#[test]
fn every_requirement_is_answered_once_and_shown_by_what_exists() {
    let files = File::all();
    assert_none(&requirements::repeated(&files));
    assert_none(&requirements::unproven(&files));
    assert!(requirements::count(&files) >= 70, "the table is no longer found");
}

#[test]
fn one_crypto_provider_is_built_and_no_other() {
    let mut cargo = std::process::Command::new(env!("CARGO"));
    let tree = cargo
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--locked", "--offline", "--prefix=none", "--format={p}"])
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let built = |name: &str| tree.lines().any(|line| line.split(' ').next() == Some(name));
    assert!(built("rustls") && built("jsonwebtoken") && built("aws-lc-rs"), "{tree}");
    for other in ["ring", "openssl", "openssl-sys", "p256", "rsa"] {
        assert!(!built(other), "{other} is built beside aws-lc-rs");
    }
}
