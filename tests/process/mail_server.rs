//! A mail server for tests (`mail_server.py`), with a certificate of its own authority.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::program::BOUND;

/// Debian's own, which finds Debian's packages.
const PYTHON: &str = "/usr/bin/python3";
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/process/mail_server.py");

/// What a server is to be like.
pub struct Wanted {
    pub mode: &'static str,
    /// Whom the certificate is for.
    pub name: &'static str,
    pub user: &'static str,
    pub password: &'static str,
    /// Messages that are turned down for now.
    pub later: u32,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { mode: "starttls", name: "localhost", user: "", password: "", later: 0 }
    }
}

/// A place for a server, which may not run yet.
pub struct Place {
    pub port: u16,
    home: TempDir,
}

/// A running server; ended when dropped.
pub struct MailServer {
    child: Child,
    taken: Receiver<String>,
}

impl Place {
    /// A port of the loopback that was free a moment ago, and a certificate.
    pub fn new(name: &str) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let home = tempfile::tempdir().unwrap();
        let (authority, certificate, key) = certificate_for(name);
        fs::write(home.path().join("authority.pem"), authority).unwrap();
        fs::write(home.path().join("certificate.pem"), certificate).unwrap();
        fs::write(home.path().join("key.pem"), key).unwrap();
        fs::write(home.path().join("password"), "corretto cavallo\n").unwrap();
        Self { port, home }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Settings with which an appliance finds the server and trusts it, and more.
    pub fn settings(&self, more: &[&str]) -> Vec<String> {
        let mut settings = vec![
            "mail.host=localhost".to_owned(),
            format!("mail.port={}", self.port),
            "mail.from=Presenze <presenze@example.org>".to_owned(),
            format!("mail.ca_file={}", self.file("authority.pem").display()),
        ];
        settings.extend(more.iter().map(|setting| (*setting).to_owned()));
        settings
    }

    /// Starts a server there and waits until it listens.
    pub fn start(&self, wanted: &Wanted) -> MailServer {
        let argument = json!({
            "port": self.port,
            "mode": wanted.mode,
            "certificate": self.file("certificate.pem"),
            "key": self.file("key.pem"),
            "user": wanted.user,
            "password": wanted.password,
            "later": wanted.later,
        });
        let mut command = Command::new(PYTHON);
        command.arg(PROGRAM).arg(argument.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (sender, taken) = channel();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        let server = MailServer { child, taken };
        assert_eq!(server.taken.recv_timeout(BOUND).as_deref(), Ok("ready"));
        server
    }
}

impl MailServer {
    /// A server as it is wanted, and where it is.
    pub fn start(wanted: &Wanted) -> (Place, Self) {
        let place = Place::new(wanted.name);
        let server = place.start(wanted);
        (place, server)
    }

    /// Waits for the next message.
    pub fn message(&self) -> Message {
        let line = self.taken.recv_timeout(BOUND).expect("a message");
        Message(serde_json::from_str(&line).unwrap())
    }

    /// Checks that nothing more has come.
    #[track_caller]
    pub fn expect_nothing(&self) {
        let came = self.taken.recv_timeout(Duration::ZERO);
        assert_eq!(came, Err(RecvTimeoutError::Timeout));
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A message that a server took.
#[derive(Debug)]
pub struct Message(pub Value);

impl Message {
    /// The one header of this name.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let headers = self.0["headers"].as_array().unwrap();
        let mut found = headers.iter().filter(|header| header[0] == name);
        let value = found.next().unwrap_or_else(|| panic!("{name}: {self:?}"))[1].as_str().unwrap();
        assert!(found.next().is_none(), "{name} twice: {self:?}");
        value
    }

    pub fn text(&self) -> &str {
        self.0["text"].as_str().unwrap()
    }

    /// The token of the link in it.
    #[track_caller]
    pub fn token(&self) -> &str {
        let line = self.text().lines().find(|line| line.starts_with("https://")).expect("a link");
        line.split_once("/app/reset#").unwrap().1
    }
}

/// An authority, and a certificate of it with its key, in PEM.
fn certificate_for(name: &str) -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(params, authority_key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    (authority.pem(), certificate.pem(), key.serialize_pem())
}
