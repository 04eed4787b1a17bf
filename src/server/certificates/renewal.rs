//! The task that exchanges certificates: when their files change, when a renewal is due, and when asked.

use std::{path::PathBuf, time::Duration};

use tokio::{sync::mpsc, task::spawn_blocking, time::MissedTickBehavior};

use super::{Ask, Certificates, NotRenewed, load};
use crate::{
    clock::Time,
    config::{Config, ServerConfig, TlsConfig},
    paths::DataDir,
    server::{
        acme::{Acme, NotObtained},
        tls::{CertificateWithKey, FileVersions, TlsFiles, UnreadableCertificate, make_anew},
    },
};

/// How often somebody looks whether there is something to do.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Where certificates come from.
pub(in crate::server) enum CertificateSource {
    /// The appliance, which makes another when it is asked to and, at a start, when the end is near.
    SelfSigned(Box<(TlsConfig, ServerConfig, DataDir)>, Vec<TlsFiles>),
    /// Files of somebody else's.
    Files(WatchedFiles),
    /// A directory; the file is what it has given last.
    Acme(Box<Acme>, Vec<TlsFiles>),
}

/// Files, and how they looked.
pub(in crate::server) struct WatchedFiles {
    files: Vec<TlsFiles>,
    paths: Vec<PathBuf>,
    /// When they were last read.
    read: FileVersions,
    /// At the last look.
    seen: FileVersions,
}

impl CertificateSource {
    pub(super) fn self_signed(config: &Config, data: &DataDir) -> Self {
        let made_of = (config.tls.clone(), config.server.clone(), data.clone());
        Self::SelfSigned(Box::new(made_of), vec![TlsFiles::self_signed(data)])
    }

    pub(super) fn files(files: Vec<TlsFiles>) -> Self {
        let both = |files: &TlsFiles| [files.certificate.clone(), files.key.clone()];
        let paths: Vec<_> = files.iter().flat_map(both).collect();
        let versions = FileVersions::of(&paths);
        Self::Files(WatchedFiles { files, paths, read: versions.clone(), seen: versions })
    }

    fn paths_to_load(&self) -> Vec<TlsFiles> {
        match self {
            Self::SelfSigned(_, files) | Self::Acme(_, files) => files.clone(),
            Self::Files(watched) => watched.files.clone(),
        }
    }
}

/// Keeps the certificates of a server.
pub(in crate::server) struct RenewalTask {
    certificates: Certificates,
    source: CertificateSource,
    asked: mpsc::Receiver<Ask>,
}

impl RenewalTask {
    pub(super) fn new(
        certificates: Certificates,
        source: CertificateSource,
        asked: mpsc::Receiver<Ask>,
    ) -> Self {
        Self { certificates, source, asked }
    }

    /// Goes on until it is dropped.
    pub(in crate::server) async fn run(mut self) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick() => self.look().await,
                Some(ask) = self.asked.recv() => match ask {
                    Ask::Reload(done) => {
                        let _ = self.reload().await;
                        let _ = done.send(());
                    }
                    Ask::Renew(answer) => {
                        let renewed = self.renew().await;
                        // Whoever asked may have left.
                        let _ = answer.send(renewed);
                    }
                },
            }
        }
    }

    async fn look(&mut self) {
        match &mut self.source {
            CertificateSource::SelfSigned(..) => {}
            CertificateSource::Files(watched) => {
                if watched.has_settled_on_something_new().await {
                    let _ = self.reload().await;
                }
            }
            CertificateSource::Acme(acme, _) => {
                let info = self.certificates.of_directory();
                if let Some(info) = &info {
                    acme.look_for_suggestion(info).await;
                }
                let due = acme.due(info.as_ref());
                self.certificates.plan(Some(due));
                if due <= self.certificates.0.clock.now() {
                    let _ = self.obtain().await;
                }
            }
        }
    }

    async fn renew(&mut self) -> Result<(), NotRenewed> {
        match &self.source {
            CertificateSource::Files(_) => self.reload().await,
            CertificateSource::SelfSigned(made_of, _) => {
                let (tls, server, data) = &**made_of;
                make_anew(tls, server, data, self.certificates.0.clock.now())
                    .map_err(|error| NotRenewed::Failed(error.to_string()))?;
                self.reload().await
            }
            CertificateSource::Acme(..) => self.obtain().await,
        }
    }

    /// Reads what is there.
    async fn reload(&mut self) -> Result<(), NotRenewed> {
        if let CertificateSource::Acme(..) = self.source {
            // Nobody else writes that file, and what it holds is what is served, or older.
            return Ok(());
        }
        let files = self.source.paths_to_load();
        if let CertificateSource::Files(watched) = &mut self.source {
            // Before they are read: what changes meanwhile is seen at the next look.
            watched.read = watched.look().await;
        }
        match read(files).await {
            Ok(pairs) => {
                self.certificates.offer(pairs);
                Ok(())
            }
            Err(error) => {
                self.certificates.stay(error.0.clone());
                Err(NotRenewed::Failed(error.0))
            }
        }
    }

    /// Asks the directory.
    async fn obtain(&mut self) -> Result<(), NotRenewed> {
        let CertificateSource::Acme(acme, _) = &mut self.source else { return Ok(()) };
        let replaced = self.certificates.of_directory();
        let challenges = self.certificates.challenges();
        let obtained = acme.obtain(&challenges, replaced.as_ref()).await;
        let outcome = match obtained {
            Ok(pair) => {
                self.certificates.offer(vec![pair]);
                Ok(())
            }
            Err(NotObtained::OutOfBudget(free)) => Err(NotRenewed::OutOfBudget(free)),
            Err(NotObtained::Failed(reason)) => {
                self.certificates.stay(reason.clone());
                Err(NotRenewed::Failed(reason))
            }
        };
        let next: Time = acme.due(self.certificates.of_directory().as_ref());
        self.certificates.plan(Some(next));
        outcome
    }
}

impl WatchedFiles {
    /// Whether the files are others than those that were read, and the same at two looks: what is still
    /// being written, or is a certificate whose key is on its way, is left alone for a moment.
    async fn has_settled_on_something_new(&mut self) -> bool {
        let now = self.look().await;
        let is_settled = std::mem::replace(&mut self.seen, now.clone()) == now;
        is_settled && now != self.read
    }

    /// On a thread for it: a file system that hangs holds nobody up.
    async fn look(&self) -> FileVersions {
        let paths = self.paths.clone();
        spawn_blocking(move || FileVersions::of(&paths)).await.unwrap_or_default()
    }
}

async fn read(files: Vec<TlsFiles>) -> Result<Vec<CertificateWithKey>, UnreadableCertificate> {
    let read = spawn_blocking(move || load(&files)).await;
    read.unwrap_or_else(|error| Err(UnreadableCertificate(error.to_string())))
}
