//! The `appliance` program: parses the command line, runs the verb, ends with its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    appliance::cli::run()
}
