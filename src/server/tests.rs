//! A server that is bound and run, and stops.

use super::*;
use crate::config::ConfigSources;

async fn bound(directory: &tempfile::TempDir, more: &[(&str, &str)]) -> Server {
    let path = directory.path().to_string_lossy().into_owned();
    let flags = [("data.directory", path.as_str()), ("server.listen", "127.0.0.1:0")];
    let flags = flags.iter().chain(more);
    let flags = flags.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let config = Config::load(&ConfigSources { flags, ..ConfigSources::default() }).unwrap();
    // A thread that looks into the backup directory may still hold the files of the server before.
    let bind = async || loop {
        match Server::bind(config.clone(), Clock::system()).await {
            Err(error) if error.to_string().contains("in use") => tokio::task::yield_now().await,
            bound => return bound.unwrap(),
        }
    };
    tokio::time::timeout(Duration::from_mins(1), bind()).await.unwrap()
}

#[tokio::test]
async fn a_task_that_panics_stops_the_server_with_its_name_and_in_good_order() {
    const TASKS: &str = "watchdog control redirect reload certificates housekeeping sizes healing \
                         samples relay schedule listener";
    let directory = tempfile::tempdir().unwrap();
    for name in TASKS.split_whitespace() {
        let server = bound(&directory, &[("server.redirect_listen", "127.0.0.1:0")]).await;
        let broken = Tasks::new().with_broken(Some(name));
        let ended = server.run_with(broken, std::future::pending()).await;
        assert_eq!(ended, Err(ServeError::TaskEnded { name }));
        // The files were closed and the sockets taken away, or the next could not have been bound.
    }
    let server = bound(&directory, &[]).await;
    assert_eq!(server.run(std::future::ready(())).await, Ok(()));
}

#[tokio::test]
async fn a_client_that_never_says_a_word_does_not_hold_up_a_stop() {
    let directory = tempfile::tempdir().unwrap();
    let patient = [("server.drain_seconds", "600"), ("limits.handshake_seconds", "600")];
    let server = bound(&directory, &patient).await;
    let connections = server.domains.metrics.connections.clone();
    let silent = tokio::net::TcpStream::connect(server.listens_at().unwrap().address().unwrap())
        .await
        .unwrap();
    let accepted = async move {
        while connections.get() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let stopped =
        tokio::time::timeout(Duration::from_mins(1), Box::pin(server.run(accepted))).await;
    assert_eq!(stopped, Ok(Ok(())));
    drop(silent);
}
