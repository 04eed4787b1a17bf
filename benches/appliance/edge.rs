//! The edge against nginx, which does TLS before the same handler with the same certificate, and what
//! connections at rest weigh.
//!
//! nginx is the Debian package. When it is not installed the comparison says so and is left out.

use std::{
    fmt::Write as _,
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::{
    CONNECTIONS, READ_TIME, ROUNDS,
    driver::{Connection, Driver},
    process::Appliance,
    ratio,
};

/// How many processors the compared have; nginx gets as many workers.
const WORKERS: usize = 2;
const HANDSHAKING: usize = 32;
const IDLE: usize = 10_000;
/// What opens connections that are to rest, at once.
const OPENING: usize = 50;
const MOST_IDLE_MIB: f64 = 400.0;
const PATHS: [&str; 2] = ["/livez", "/api/v1/instance"];

pub(crate) async fn edge() {
    against_nginx().await;
    idle_connections().await;
}

/// Handshakes and requests a second, one after the other in turns.
async fn against_nginx() {
    let home = tempfile::tempdir().unwrap();
    let (direct_home, behind_home) = (home.path().join("direct"), home.path().join("behind"));
    let direct = Appliance::start(&direct_home, &["limits.connections_per_address=4096"]);
    let behind = Appliance::start(&behind_home, &["tls.mode=off"]);
    let tls = direct_home.join("tls");
    let Some(nginx) = Nginx::start(home.path(), &tls, behind.address) else {
        println!(
            "edge: nginx is not installed (apt-get install nginx), so it is compared with nothing"
        );
        return;
    };
    let certificate = tls.join("self-signed.pem");
    let ours = Driver::without_resumption(direct.address, &certificate);
    let theirs = Driver::without_resumption(nginx.address, &certificate);
    println!("TLS before the same handler, nginx with {WORKERS} workers");
    let (mut our_sum, mut their_sum) = (0.0, 0.0);
    for _ in 0..ROUNDS {
        our_sum += ours.handshakes_per_second(HANDSHAKING, READ_TIME).await;
        their_sum += theirs.handshakes_per_second(HANDSHAKING, READ_TIME).await;
    }
    compare("handshakes", our_sum, their_sum);
    let nobody = vec![String::new(); CONNECTIONS];
    for path in PATHS {
        let (mut our_sum, mut their_sum) = (0.0, 0.0);
        for _ in 0..ROUNDS {
            our_sum += ours.reads_per_second(path, &nobody, READ_TIME).await;
            their_sum += theirs.reads_per_second(path, &nobody, READ_TIME).await;
        }
        compare(path, our_sum, their_sum);
    }
}

fn compare(what: &str, our_sum: f64, their_sum: f64) {
    let rounds = ROUNDS as f64;
    println!("  {what:<20}{:>10.0} /s, nginx {:>8.0} /s", our_sum / rounds, their_sum / rounds);
    ratio(&format!("{what} / nginx"), our_sum / their_sum, 1.0, true);
}

/// nginx before an appliance; killed when dropped.
struct Nginx {
    address: SocketAddr,
    child: Child,
}

impl Nginx {
    /// Starts it; nothing when it is not installed.
    fn start(home: &Path, tls: &Path, behind: SocketAddr) -> Option<Self> {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let config = home.join("nginx.conf");
        std::fs::write(&config, configuration(home, tls, address, behind)).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-e").arg("stderr").arg("-c").arg(&config).arg("-p").arg(home);
        let child = command.stderr(Stdio::null()).spawn().ok()?;
        let nginx = Self { address, child };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(started.elapsed() < Duration::from_secs(10), "nginx never listened");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers go with it when it is asked, and not when it is killed.
        let pid = rustix::process::Pid::from_child(&self.child);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.child.wait();
    }
}

/// As a careful administrator would write it: upstream connections are kept, nothing is logged.
fn configuration(home: &Path, tls: &Path, address: SocketAddr, behind: SocketAddr) -> String {
    let mut config = format!(
        "daemon off;\nworker_processes {WORKERS};\npid {0}/nginx.pid;\nerror_log stderr crit;\n\
         worker_rlimit_nofile 8192;\nevents {{ worker_connections 4096; }}\nhttp {{\n\
         access_log off;\nkeepalive_requests 10000000;\n",
        home.display()
    );
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(config, "{kind}_temp_path {}/{kind};", home.display()).unwrap();
    }
    write!(
        config,
        "upstream appliance {{ server {behind}; keepalive 128; keepalive_requests 10000000; }}\n\
         server {{\nlisten {address} ssl backlog=4096;\nssl_certificate {0}/self-signed.pem;\n\
         ssl_certificate_key {0}/self-signed.key;\nssl_protocols TLSv1.2 TLSv1.3;\n\
         location / {{ proxy_pass http://appliance; proxy_http_version 1.1;\n\
         proxy_set_header Connection \"\"; proxy_set_header Host $host; }}\n}}\n}}\n",
        tls.display()
    )
    .unwrap();
    config
}

/// Connections that were answered once and are kept.
async fn idle_connections() {
    let needed = u64::try_from(IDLE).unwrap() + 512;
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum.map_or(Some(needed), |maximum| Some(maximum.min(needed)));
    if setrlimit(Resource::Nofile, limit).is_err() || limit.current < Some(needed) {
        println!("edge: {IDLE} connections need ulimit -n {needed}, so they are left out");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let connections = format!("limits.connections={}", IDLE + 100);
    let per_address = format!("limits.connections_per_address={}", IDLE + 100);
    let settings = [&*connections, &*per_address, "limits.idle_seconds=3600"];
    let appliance = Appliance::start(home.path(), &settings);
    let driver = Driver::new(&appliance, home.path());
    let at_rest = appliance.resident_mib();
    let mut opening = tokio::task::JoinSet::new();
    for _ in 0..OPENING {
        let driver = driver.clone();
        opening.spawn(async move {
            let mut kept: Vec<Connection> = Vec::new();
            for _ in 0..IDLE / OPENING {
                let mut connection = driver.connect().await;
                assert_eq!(connection.get("/livez", "").await, 200);
                kept.push(connection);
            }
            kept
        });
    }
    let kept = opening.join_all().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let resident = appliance.resident_mib();
    println!("{IDLE} idle TLS connections");
    println!("  {at_rest:.0} MiB before, {resident:.0} MiB with them");
    ratio("resident memory, of 400 MiB", resident / MOST_IDLE_MIB, 1.0, false);
    drop(kept);
}
