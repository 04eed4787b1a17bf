//! `appliance version`.

use serde_json::json;

use super::{Failure, Global, print};

const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(super) fn run(global: &Global) -> Result<(), Failure> {
    if global.json {
        print(serde_json::to_string_pretty(&json!({ "version": VERSION }))?)
    } else {
        print(format_args!("appliance {VERSION}"))
    }
}
