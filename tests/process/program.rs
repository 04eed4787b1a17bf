//! Verbs that run to their end, in a directory of their own.

use std::{
    fs::File,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything takes that does not hang.
pub const BOUND: Duration = Duration::from_mins(1);
/// Passwords hashed in no time.
pub const QUICK_HASHES: [&str; 4] =
    ["--set", "auth.argon2_memory_kib=64", "--set", "auth.argon2_passes=1"];

const BINARY: &str = env!("CARGO_BIN_EXE_appliance");

/// Where the program runs: an empty working directory, far from the repository's `appliance.toml`.
/// Without other settings the data is kept in `data` below it.
pub struct Home(TempDir);

/// How a verb ended.
#[derive(Debug)]
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Default for Home {
    fn default() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Home {
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// The program with these arguments, knowing nothing of this process's environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        self.settle(&mut command);
        command.args(arguments);
        command
    }

    /// The program with these arguments, run by another, such as `strace`.
    pub fn command_under(&self, runner: &[&str], arguments: &[&str]) -> Command {
        let mut command = Command::new(runner[0]);
        self.settle(&mut command);
        command.args(&runner[1..]).arg(BINARY).args(arguments);
        command
    }

    fn settle(&self, command: &mut Command) {
        command.current_dir(self.path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("APPLIANCE_") {
                command.env_remove(name);
            }
        }
    }

    /// Runs a verb.
    pub fn run(&self, arguments: &[&str]) -> Finished {
        finish(self.command(arguments))
    }

    /// Runs `user create` for `name@example.org` with the password of all tests.
    pub fn create_user(&self, name: &str, role: &str) -> Finished {
        self.create_user_with(name, role, &[])
    }

    /// The same with more options.
    pub fn create_user_with(&self, name: &str, role: &str, options: &[&str]) -> Finished {
        let email = format!("{name}@example.org");
        let mut command = self.command(&["user", "create", "--email", &email, "--name", name]);
        command.args(["--surname", "Prova", "--role", role, "--password-stdin"]);
        command.args(QUICK_HASHES).args(options);
        finish_with_input(command, crate::support::PASSWORD)
    }
}

impl Finished {
    /// Checks the exit code and that nothing panicked on the way to it.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// Checks that it was killed.
    #[track_caller]
    pub fn expect_killed(self) {
        assert_eq!(self.code, None, "{self:#?}");
    }

    /// Checks that it failed with this code, data nowhere, and a sentence that says all of `words`.
    #[track_caller]
    pub fn expect_error(self, code: i32, words: &[&str]) -> Self {
        let finished = self.expect(code);
        assert_eq!(finished.stdout, "");
        let error = finished.error();
        for word in words {
            assert!(error.contains(word), "'{word}' is not in: {error}");
        }
        finished
    }

    /// The sentence that it failed with.
    #[track_caller]
    pub fn error(&self) -> &str {
        let (_, error) = self.stderr.split_once("error: ").expect("a sentence about an error");
        error.trim_end()
    }

    /// What it printed, as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in {}", self.stdout))
    }
}

/// Runs a command to its end.
pub fn finish(command: Command) -> Finished {
    finish_with_input(command, "")
}

/// The same, with a line on its standard input.
pub fn finish_with_input(mut command: Command, input: &str) -> Finished {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A verb that reads nothing closes its end first.
    let _ = child.stdin.take().unwrap().write_all(format!("{input}\n").as_bytes());
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let [stdout, stderr] = [all_of(stdout), all_of(stderr)];
    let code = wait(&mut child);
    Finished { code, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

/// Runs a command whose output cannot be written.
pub fn finish_into_full_disk(mut command: Command) -> Finished {
    let full = File::options().write(true).open("/dev/full").unwrap();
    command.stdin(Stdio::null()).stdout(full).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let stderr = all_of(child.stderr.take().unwrap());
    let code = wait(&mut child);
    Finished { code, stdout: String::new(), stderr: stderr.join().unwrap() }
}

/// Waits for a child to end, and ends it when it hangs.
pub fn wait(child: &mut Child) -> Option<i32> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if start.elapsed() > BOUND {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it did not end");
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn all_of(mut stream: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    })
}
