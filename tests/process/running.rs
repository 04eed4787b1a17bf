//! A server that goes on, and the ways to end it.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    time::Instant,
};

use crate::program::{BOUND, Finished, Home, QUICK_HASHES, finish, wait};

/// A running server; killed when dropped.
pub struct Running {
    child: Child,
    pub address: SocketAddr,
    said: Arc<Said>,
}

/// What a server has said on standard error so far.
#[derive(Default)]
struct Said {
    so_far: Mutex<(Vec<String>, bool)>,
    news: Condvar,
}

impl Running {
    /// Starts a server on a free port of the loopback and waits until it is ready.
    pub fn start(home: &Home) -> Self {
        Self::start_with(home, &[])
    }

    /// The same with more settings.
    pub fn start_with(home: &Home, settings: &[&str]) -> Self {
        Self::start_by(home.command(&serve(settings)))
    }

    /// The same, by a command of its own making.
    pub fn start_by(command: Command) -> Self {
        Self::start_given(command, Stdio::null())
    }

    /// The same, with something as its standard input.
    pub fn start_given(command: Command, stdin: Stdio) -> Self {
        let started = Self::of(command, stdin);
        started.unwrap_or_else(|ended| panic!("it never was ready: {ended:#?}"))
    }

    /// The same, run by another program, such as `strace`.
    ///
    /// # Errors
    /// How it ended, when it did so before it was ready.
    pub fn start_under(home: &Home, runner: &[&str]) -> Result<Self, Finished> {
        Self::of(home.command_under(runner, &serve(&[])), Stdio::null())
    }

    fn of(command: Command, stdin: Stdio) -> Result<Self, Finished> {
        let mut running = Self::begin_given(command, stdin);
        let ready = running.wait(|line| {
            let (_, rest) = line.split_once("\"address\":\"")?;
            Some(rest.split_once('"')?.0.to_owned())
        });
        match ready {
            // The path of a Unix socket is no address, and known to whoever set it.
            Some(address) => running.address = address.parse().unwrap_or(running.address),
            None => return Err(running.ended()),
        }
        Ok(running)
    }

    /// Starts one and waits for nothing.
    pub fn begin(command: Command) -> Self {
        Self::begin_given(command, Stdio::null())
    }

    fn begin_given(mut command: Command, stdin: Stdio) -> Self {
        command.stdin(stdin).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let said = Arc::new(Said::default());
        let listener = Arc::clone(&said);
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| listener.hear(Some(line)));
            listener.hear(None);
        });
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { child, address, said }
    }

    /// Waits until it says something that `find` finds something in.
    #[track_caller]
    pub fn wait_for<T>(&self, find: impl Fn(&str) -> Option<T>) -> T {
        self.wait(find).expect("it ended and never said so")
    }

    /// The same; nothing when it ends without saying so.
    fn wait<T>(&self, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        let start = Instant::now();
        let mut so_far = self.said.so_far.lock().unwrap();
        loop {
            let (lines, ended) = &*so_far;
            if let Some(found) = lines.iter().find_map(|line| find(line)) {
                return Some(found);
            }
            if *ended {
                return None;
            }
            assert!(start.elapsed() < BOUND, "it never said so: {lines:#?}");
            so_far = self.said.news.wait_timeout(so_far, BOUND).unwrap().0;
        }
    }

    /// The id of its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it without warning.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, as a supervisor does with `TERM` and a terminal with `INT`.
    pub fn signal(&self, name: &str) {
        // The shell's own `kill`: there is one wherever there is a shell.
        let mut command = Command::new("sh");
        command.args(["-c", &format!("kill -{name} {}", self.child.id())]);
        finish(command).expect(0);
    }

    /// Waits for its end.
    pub fn ended(mut self) -> Finished {
        let code = wait(&mut self.child);
        let mut so_far = self.said.so_far.lock().unwrap();
        while !so_far.1 {
            so_far = self.said.news.wait_timeout(so_far, BOUND).unwrap().0;
        }
        Finished { code, stdout: String::new(), stderr: so_far.0.join("\n") }
    }

    /// Stops it in good order.
    pub fn stop(self) -> Finished {
        self.signal("TERM");
        self.ended().expect(0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Said {
    /// Takes a line, or the end.
    fn hear(&self, line: Option<String>) {
        let mut so_far = self.so_far.lock().unwrap();
        match line {
            Some(line) => so_far.0.push(line),
            None => so_far.1 = true,
        }
        self.news.notify_all();
    }
}

/// The arguments of a server that tests can load.
pub fn serve<'a>(settings: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["serve", "--listen", "127.0.0.1:0"];
    arguments.extend(QUICK_HASHES);
    for setting in
        ["rate_limit.enabled=false", "log.format=json", "log.requests=false"].iter().chain(settings)
    {
        arguments.extend(["--set", setting]);
    }
    arguments
}

/// The token of a set-up link in a line.
pub fn token_of(line: &str) -> Option<String> {
    line.split_once("/app/setup#").map(|(_, token)| token.trim().to_owned())
}

/// The token of a set-up link of the server that runs: asked for, since none is printed but to a terminal.
pub fn setup_token(home: &Home) -> String {
    token_of(&home.run(&["setup-link"]).expect(0).stdout).expect("a link")
}
