//! Panics in the log: as an event like any other, so that a log of JSON stays one.

/// Has every panic of the process logged, with where it was and in which thread, in the place of the words
/// that Rust writes to standard error by itself.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        tracing::error!(
            location = panic.location().map(tracing::field::display),
            thread = thread.name(),
            reason = panic.payload_as_str(),
            "panicked"
        );
    }));
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::telemetry::{LogFormat, start_logging};

    const INSIDE: &str = "APPLIANCE_TEST_PANICS_INSIDE";

    /// In a process of its own: the hook is of the whole process.
    #[test]
    fn a_panic_is_one_line_of_json_with_its_place() {
        if std::env::var_os(INSIDE).is_some() {
            let _log = start_logging(LogFormat::Json, "info").unwrap();
            log_panics();
            let _ = std::thread::Builder::new()
                .name("odd".to_owned())
                .spawn(|| panic!("a \"word\"\nand another"))
                .unwrap()
                .join();
            return;
        }
        let name = "telemetry::panics::tests::a_panic_is_one_line_of_json_with_its_place";
        let mut inside = Command::new(std::env::current_exe().unwrap());
        inside.args(["--exact", name, "--nocapture"]).env(INSIDE, "1");
        let said = String::from_utf8(inside.output().unwrap().stderr).unwrap();
        let lines: Vec<serde_json::Value> =
            said.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
        let [panic] = lines.as_slice() else { panic!("{said}") };
        assert_eq!(panic["message"], "panicked");
        assert_eq!(panic["thread"], "odd");
        assert_eq!(panic["reason"], "a \"word\"\nand another");
        assert!(panic["location"].as_str().unwrap().starts_with("src/telemetry/panics.rs:"));
    }
}
