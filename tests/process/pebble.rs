//! Pebble, an ACME directory for tests, as Debian packages it: with a name server for which every name is
//! this machine, no pauses before it looks at a proof, and half of all good nonces refused.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde_json::json;
use tempfile::TempDir;

use crate::program::BOUND;

/// A running directory; ended when dropped.
pub struct Pebble {
    directory: Option<Child>,
    names: Child,
    home: TempDir,
    ports: Ports,
}

/// Ports of the loopback that were free a moment ago.
struct Ports {
    directory: u16,
    management: u16,
    names: u16,
    names_management: u16,
    /// Where the directory looks for proofs.
    http: u16,
    https: u16,
}

impl Pebble {
    /// Starts one whose certificates are good for so many seconds.
    pub fn start(valid_seconds: u32) -> Self {
        // All at once, so that no port is found twice; then given up, for others to listen there.
        let held: Vec<_> = (0..6).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let free: Vec<_> = held.iter().map(|held| held.local_addr().unwrap().port()).collect();
        drop(held);
        let mut free = free.into_iter();
        let mut port = || free.next().unwrap();
        let ports = Ports {
            directory: port(),
            management: port(),
            names: port(),
            names_management: port(),
            http: port(),
            https: port(),
        };
        let home = tempfile::tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        let (root, certificate, key) = certificate_of_directory();
        fs::write(path("root.pem"), root).unwrap();
        fs::write(path("certificate.pem"), certificate).unwrap();
        fs::write(path("key.pem"), key).unwrap();
        let config = json!({ "pebble": {
            "listenAddress": local(ports.directory).to_string(),
            "managementListenAddress": local(ports.management).to_string(),
            "certificate": path("certificate.pem"),
            "privateKey": path("key.pem"),
            "httpPort": ports.http,
            "tlsPort": ports.https,
            "certificateValidityPeriod": valid_seconds,
        }});
        fs::write(path("pebble.json"), config.to_string()).unwrap();
        let mut names = Command::new("pebble-challtestsrv");
        names.args(["-http01", "", "-https01", "", "-tlsalpn01", "", "-defaultIPv6", ""]);
        names.args(["-dns01", &local(ports.names).to_string()]);
        names.args(["-management", &local(ports.names_management).to_string()]);
        let names = start(names);
        let mut pebble = Self { directory: None, names, home, ports };
        await_listener(pebble.ports.names_management);
        pebble.begin();
        pebble
    }

    /// Starts the directory. What it knew before, it has forgotten.
    fn begin(&mut self) {
        let mut command = Command::new("pebble");
        command.arg("-config").arg(self.home.path().join("pebble.json"));
        command.args(["-dnsserver", &local(self.ports.names).to_string(), "-strict"]);
        command.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "50");
        self.directory = Some(start(command));
        await_listener(self.ports.directory);
        await_listener(self.ports.management);
    }

    /// Ends the directory, as when it cannot be reached.
    pub fn go_down(&mut self) {
        let mut directory = self.directory.take().unwrap();
        directory.kill().unwrap();
        directory.wait().unwrap();
    }

    /// Where an appliance has to listen for HTTPS to be found.
    pub fn https(&self) -> SocketAddr {
        local(self.ports.https)
    }

    /// And for plain HTTP.
    pub fn http(&self) -> SocketAddr {
        local(self.ports.http)
    }

    /// Whom the directory itself is trusted by.
    pub fn root(&self) -> PathBuf {
        self.home.path().join("root.pem")
    }

    /// A file of the directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Where the directory is.
    pub fn origin(&self) -> String {
        format!("https://localhost:{}", self.ports.directory)
    }

    /// The address of the directory.
    pub fn url(&self) -> String {
        format!("{}/dir", self.origin())
    }

    /// The root of the certificates that it gives.
    pub async fn issues_under(&self) -> RootCertStore {
        crate::support::install_crypto();
        let root = reqwest::Certificate::from_pem(&fs::read(self.root()).unwrap()).unwrap();
        let client = reqwest::Client::builder().tls_certs_only([root]).build().unwrap();
        let url = format!("https://localhost:{}/roots/0", self.ports.management);
        let pem = client.get(url).send().await.unwrap().text().await.unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
        roots
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        for child in self.directory.iter_mut().chain([&mut self.names]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn start(mut command: Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}; see tests/tools.sh"))
}

fn await_listener(port: u16) {
    let start = Instant::now();
    while TcpStream::connect(local(port)).is_err() {
        assert!(start.elapsed() < BOUND, "nobody ever listened at port {port}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A root, a certificate of it for this machine, and its key, in PEM.
fn certificate_of_directory() -> (String, String, String) {
    let root_key = KeyPair::generate().unwrap();
    let mut root = CertificateParams::new(Vec::new()).unwrap();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let issuer = Issuer::new(root, root_key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    (root_pem, leaf.pem(), key.serialize_pem())
}
