//! The `appliance` program: parses the command line, runs the verb, ends with its exit code.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    appliance::cli::run()
}
