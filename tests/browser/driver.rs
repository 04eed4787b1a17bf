//! A chromedriver process on a port of its own, and the end of it and of every browser it started.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Longer than an orderly end takes, shorter than anyone would wait for one.
const END: Duration = Duration::from_secs(10);

/// The process; ended, with its browsers, when dropped.
pub struct Driver {
    process: Child,
    pub port: u16,
}

impl Driver {
    /// Starts it on a free port of its choice, in a process group that its browsers join.
    pub fn start(timezone: &str) -> Self {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .env("TZ", timezone)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("chromedriver starts; tests/tools.sh installs it");
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.rsplit_once("successfully on port ")?.1.to_owned()))
            .expect("chromedriver says which port it took");
        // A full pipe would stop it, so what it says later is read and forgotten.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let port = port.trim_end_matches('.').parse().unwrap();
        Self { process, port }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks it to close its browsers and end; waits for the answer, which comes when they have.
    fn shut_down(&self) -> std::io::Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut stream = TcpStream::connect_timeout(&address, END)?;
        stream.set_read_timeout(Some(END))?;
        stream
            .write_all(b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.shut_down();
        // Whatever is left of the group, should a browser hang.
        let group = format!("-{}", self.process.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
