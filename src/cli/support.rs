//! `appliance support bundle`: one file with what is needed to help from afar, and no secret in it.
//!
//! It holds figures, the configuration with its secrets masked, and what the doctor finds: nothing of what
//! people entered. Every text passes [`scrub`] besides.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use clap::{Args, Subcommand};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::{Failure, Global, doctor, owner::SteppedDown, print, scrub::scrub};
use crate::{
    clock::{Clock, Time},
    config::show_json,
    control::{self, Request},
    paths::{DataDir, write_atomically},
};

/// How many lines of the journal are taken.
const LOG_LINES: &str = "2000";

/// Helps others to help.
#[derive(Debug, Subcommand)]
pub(super) enum Support {
    /// Write a file with figures, configuration and findings, without secrets and addresses.
    Bundle(Bundle),
}

/// Writes a file with what is needed to help.
#[derive(Debug, Args)]
pub(super) struct Bundle {
    /// The file to write; without it one that is named after the time, in the working directory.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The files of a bundle.
struct Texts {
    now: Time,
    texts: Vec<(&'static str, String)>,
}

impl Support {
    pub(super) fn run(self, global: &Global) -> Result<(), Failure> {
        let Self::Bundle(Bundle { output }) = self;
        let now = Clock::system().now();
        let output = output.unwrap_or_else(|| PathBuf::from(name(now)));
        if output.exists() {
            return Err(Failure::Conflict(format!("{} is there already", output.display())));
        }
        let bytes = collect(global, now)?.archive()?;
        let written = std::path::absolute(&output)
            .and_then(|absolute| write_atomically(&absolute, &bytes, 0o600));
        written.map_err(|error| {
            Failure::Failed(format!("cannot write {}: {error}", output.display()))
        })?;
        global.say("look into it before you send it: tar -xzOf FILE | less");
        print(output.display())
    }
}

/// A name that sorts by time: `appliance-support-20261124T001500Z.tar.gz`.
fn name(now: Time) -> String {
    let time = now.to_string();
    let time = time.split('.').next().unwrap_or_default().replace(['-', ':'], "");
    format!("appliance-support-{time}Z.tar.gz")
}

/// Everything that can be had; what cannot is told in the place of it.
fn collect(global: &Global, now: Time) -> Result<Texts, Failure> {
    let mut texts = Texts { now, texts: Vec::new() };
    texts.json(
        "version.json",
        &json!({ "version": env!("CARGO_PKG_VERSION"), "made_at": now.to_string() }),
    )?;
    let settings = global.settings();
    texts.json(
        "config.json",
        &match &settings {
            Ok(settings) => show_json(settings),
            Err(error) => json!({ "error": error.to_string() }),
        },
    )?;
    let config = settings.and_then(|settings| settings.parse());
    texts.json("doctor.json", &doctor::as_json(&doctor::findings(global, config.as_ref())?))?;
    texts.add("machine.txt", machine());
    if let Ok(config) = config {
        global.say(format_args!("data directory: {}", config.data.directory.display()));
        // The file belongs to whoever ran this, and so does reading the journal.
        let stepped = SteppedDown::to_owner(&config.data.directory)?;
        let data = DataDir::new(&config.data.directory);
        texts.json("files.json", &files(&data))?;
        let socket = config.server.control_socket_or(data.control_socket());
        let status = ask(&socket, &Request::Status)?;
        texts.json("status.json", &status)?;
        texts.json("databases.json", &ask(&socket, &Request::Check)?)?;
        match ask(&socket, &Request::Metrics)? {
            Value::String(metrics) => texts.add("metrics.txt", metrics),
            other => texts.json("metrics.txt", &other)?,
        }
        drop(stepped);
        if let Some(log) = status.get("pid").and_then(Value::as_u64).and_then(journal) {
            texts.add("log.txt", log);
        }
    }
    Ok(texts)
}

/// The answer of the running appliance, or why there is none.
fn ask(socket: &Path, request: &Request) -> Result<Value, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(control::ask(socket, request, |_| {}));
    Ok(answer.unwrap_or_else(|error| json!({ "error": error.to_string() })))
}

/// The databases by size.
fn files(data: &DataDir) -> Value {
    let size = |path: PathBuf| path.metadata().ok().map(|metadata| metadata.len());
    let sizes = data.stores().map(|(name, path)| (name.to_owned(), json!(size(path))));
    Value::Object(sizes.into_iter().collect())
}

/// Kernel and distribution.
fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    format!("{}\n{}", read("/proc/version").trim_end(), read("/etc/os-release"))
}

/// The last lines of a process in systemd's journal, where there is one.
fn journal(pid: u64) -> Option<String> {
    let filter = format!("_PID={pid}");
    let mut read = Command::new("journalctl");
    let read = read.args(["--no-pager", "-q", "-n", LOG_LINES, &filter]).output();
    let output = read.ok().filter(|output| output.status.success())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (!text.trim().is_empty()).then_some(text)
}

impl Texts {
    fn add(&mut self, name: &'static str, text: String) {
        self.texts.push((name, text));
    }

    fn json(&mut self, name: &'static str, value: &Value) -> Result<(), Failure> {
        self.add(name, serde_json::to_string_pretty(value)?);
        Ok(())
    }

    /// A tar in gzip, every text scrubbed.
    fn archive(self) -> io::Result<Vec<u8>> {
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
        for (name, text) in self.texts {
            let text = scrub(&text);
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o600);
            header.set_mtime(u64::try_from(self.now.as_seconds()).unwrap_or(0));
            archive.append_data(&mut header, Path::new("support").join(name), text.as_bytes())?;
        }
        let mut compressed = archive.into_inner()?.finish()?;
        compressed.flush()?;
        Ok(compressed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_named_after_its_time() {
        let now = Time::parse_rfc3339("2026-11-24T00:15:00.123Z").unwrap();
        assert_eq!(name(now), "appliance-support-20261124T001500Z.tar.gz");
    }
}
