//! Opening a file, and the handle on it that the rest of the house holds.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError, RwLock},
    thread::JoinHandle,
};

use redb::{Database, ReadableDatabase, StorageBackend, backends::FileBackend};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    Migration, OpenError, OpenProgress, OpenStep, Outcome, ReadView, Snapshot, StoreError,
    create::create_if_missing,
    disk_monitor::{DiskMonitor, WriteClass},
    migrate::migrate,
    pause::{Gate, WriterPause},
    progress::percent_of,
    unsynced::Unsynced,
    writer::{Command, Job, Writer},
};
use crate::{paths::open_in_place, telemetry::StoreMetrics};

/// How storage that is no file is called in messages.
const UNNAMED: &str = "(storage)";

/// How a store is run.
#[derive(Debug, Clone, Copy)]
pub struct StoreOptions {
    /// Memory for pages of the file, in bytes. redb's own default would be 1 GiB a file.
    pub cache_bytes: usize,
    /// How many commands may wait for the writer, from 1; one more is answered
    /// [`StoreError::Busy`].
    pub queue_capacity: usize,
    /// How many commands at most share one commit, from 1.
    pub max_batch: usize,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, queue_capacity: 4_096, max_batch: 1_024 }
    }
}

/// A handle on one file; clones share it. Writes end with [`Store::close`]; the file itself is free for
/// another opener when the last handle is dropped.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    database: Arc<Database>,
    /// Taken out to close: the writer ends when it has emptied a queue that nobody can add to.
    queue: RwLock<Option<mpsc::Sender<Box<dyn Job>>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
    stopped: watch::Receiver<bool>,
    commits: watch::Receiver<u64>,
    gate: Arc<Gate>,
    space: Arc<OnceLock<DiskMonitor>>,
    /// None when it is no file.
    path: Option<PathBuf>,
    metrics: StoreMetrics,
}

impl Store {
    /// Opens the file at `path`, made when it is not there, and brings it to the newest schema.
    ///
    /// # Errors
    /// [`OpenError`], whose text tells a person what to do. The file is as it was, but for migration
    /// steps that were completed.
    pub fn open(
        path: &Path,
        options: StoreOptions,
        migrations: &[Migration],
        metrics: StoreMetrics,
    ) -> Result<Self, OpenError> {
        Self::open_telling(path, options, migrations, metrics, &OpenProgress::default())
    }

    /// The same, telling of its progress: a repair or a migration of a large file may take long.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_telling(
        path: &Path,
        options: StoreOptions,
        migrations: &[Migration],
        metrics: StoreMetrics,
        progress: &OpenProgress,
    ) -> Result<Self, OpenError> {
        let mut builder = Database::builder();
        builder.set_cache_size(options.cache_bytes);
        builder.set_repair_callback({
            let (path, progress) = (path.to_owned(), progress.clone());
            move |repair| {
                let percent = Some(percent_of(repair.progress()));
                progress.report(&OpenStep { file: &path, name: "repairing", percent });
                if !progress.is_wanted() {
                    repair.abort();
                }
            }
        });
        create_if_missing(path)?;
        let failed = |error: std::io::Error| OpenError::from_io(path.to_owned(), &error);
        let file = open_in_place(path).map_err(failed)?;
        // redb would take an empty file for a new one. Ours are made whole: what this one held is lost,
        // and to begin anew would hide it and hand out the same ids again.
        if file.metadata().map_err(failed)?.len() == 0 {
            let reason = "it is empty".to_owned();
            return Err(OpenError::Unreadable { path: path.to_owned(), reason });
        }
        let database = FileBackend::new(file)
            .and_then(|backend| builder.create_with_backend(backend))
            .map_err(|error| OpenError::from_redb(path.to_owned(), error.into()))?;
        Self::start(database, Some(path.to_owned()), options, migrations, metrics, progress)
    }

    /// Opens a store that lives as long as the process: for what needs one and keeps nothing.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn in_memory(migrations: &[Migration], metrics: StoreMetrics) -> Result<Self, OpenError> {
        let backend = redb::backends::InMemoryBackend::new();
        Self::open_backend(backend, StoreOptions::default(), migrations, metrics)
    }

    /// Opens a file of one's own that no commit waits for: whoever does so throws it away afterwards, or syncs
    /// it when it is finished.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_unsynced(
        path: &Path,
        options: StoreOptions,
        migrations: &[Migration],
        metrics: StoreMetrics,
    ) -> Result<Self, OpenError> {
        let backend = Unsynced::open(path);
        let backend = backend.map_err(|error| OpenError::from_redb(path.into(), error.into()))?;
        Self::open_on(backend, Some(path), options, migrations, metrics)
    }

    /// Opens a store on any storage: how tests put a failing disk below it.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_backend(
        backend: impl StorageBackend,
        options: StoreOptions,
        migrations: &[Migration],
        metrics: StoreMetrics,
    ) -> Result<Self, OpenError> {
        Self::open_on(backend, None, options, migrations, metrics)
    }

    fn open_on(
        backend: impl StorageBackend,
        path: Option<&Path>,
        options: StoreOptions,
        migrations: &[Migration],
        metrics: StoreMetrics,
    ) -> Result<Self, OpenError> {
        let mut builder = Database::builder();
        builder.set_cache_size(options.cache_bytes);
        let database = builder.create_with_backend(backend).map_err(|error| {
            OpenError::from_redb(path.unwrap_or(Path::new(UNNAMED)).to_owned(), error.into())
        })?;
        let path = path.map(Path::to_owned);
        Self::start(database, path, options, migrations, metrics, &OpenProgress::default())
    }

    fn start(
        database: Database,
        path: Option<PathBuf>,
        options: StoreOptions,
        migrations: &[Migration],
        metrics: StoreMetrics,
        progress: &OpenProgress,
    ) -> Result<Self, OpenError> {
        let shown = path.clone().unwrap_or_else(|| UNNAMED.into());
        migrate(&database, &shown, migrations, progress)?;
        let database = Arc::new(database);
        let (queue, waiting) = mpsc::channel(options.queue_capacity.max(1));
        let (stop, stopped) = watch::channel(false);
        let (count, commits) = watch::channel(0);
        let gate = Arc::new(Gate::default());
        let space = Arc::new(OnceLock::new());
        let writer = Writer::new(
            Arc::clone(&database),
            waiting,
            stop,
            count,
            Arc::clone(&gate),
            Arc::clone(&space),
            metrics.clone(),
        );
        let name = shown.file_stem().and_then(|stem| stem.to_str()).unwrap_or("store");
        let thread = std::thread::Builder::new()
            .name(format!("writer-{name}"))
            .spawn(move || writer.run(options.max_batch.max(1)))
            .map_err(|error| OpenError::from_io(shown.clone(), &error))?;
        Ok(Self(Arc::new(Inner {
            database,
            queue: RwLock::new(Some(queue)),
            writer: Mutex::new(Some(thread)),
            stopped,
            commits,
            gate,
            space,
            path,
            metrics,
        })))
    }

    /// From now on, writes stop before the disk is full. Several stores of one disk share a watch.
    #[must_use]
    pub fn guarded_by(self, space: &DiskMonitor) -> Self {
        // A second watch would be another word for the same disk.
        let _ = self.0.space.set(space.clone());
        self
    }

    /// Queues a command and waits for the fsync of the group that it went into.
    ///
    /// The command may be run more than once, each time after everything it did was undone; what it
    /// answers is of its last run.
    ///
    /// # Errors
    /// The outer result is the store's: [`StoreError::Busy`] before anything happened,
    /// [`StoreError::Stopped`] and [`StoreError::Io`] when the outcome is unknown to everyone until
    /// the next start, [`StoreError::NoSpace`] when it decided to write and the disk is nearly full, the
    /// rest when this command was undone. The inner one is the command's refusal.
    pub async fn submit<T, E>(
        &self,
        command: impl Fn(&ReadView<'_>) -> Result<Outcome<T, E>, StoreError> + Send + 'static,
    ) -> Result<Result<T, E>, StoreError>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        self.submit_for(WriteClass::Growth, command).await
    }

    /// As [`Store::submit`], and goes on below the floor of free space: for commands that give space
    /// back, and for the few without which nobody could ask for them. They are small or make the file
    /// smaller, and the reserve kept for them is bounded like any other.
    ///
    /// # Errors
    /// As [`Store::submit`].
    pub async fn submit_from_reserve<T, E>(
        &self,
        command: impl Fn(&ReadView<'_>) -> Result<Outcome<T, E>, StoreError> + Send + 'static,
    ) -> Result<Result<T, E>, StoreError>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        self.submit_for(WriteClass::Reserve, command).await
    }

    async fn submit_for<T, E>(
        &self,
        class: WriteClass,
        command: impl Fn(&ReadView<'_>) -> Result<Outcome<T, E>, StoreError> + Send + 'static,
    ) -> Result<Result<T, E>, StoreError>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.enqueue(Box::new(Command::new(command, class, reply)))?;
        let answer = answer.await.unwrap_or(Err(StoreError::Stopped));
        if matches!(answer, Err(StoreError::NoSpace)) {
            self.0.metrics.refused();
        }
        answer
    }

    fn enqueue(&self, job: Box<dyn Job>) -> Result<(), StoreError> {
        let queue = self.0.queue.read().unwrap_or_else(PoisonError::into_inner);
        let queue = queue.as_ref().ok_or(StoreError::Stopped)?;
        queue.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::Stopped,
        })?;
        self.0.metrics.queued(queue.max_capacity() - queue.capacity());
        Ok(())
    }

    /// The state of the file as of the last commit.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self) -> Result<Snapshot, StoreError> {
        Ok(Snapshot::new(self.begin_read()?))
    }

    pub(super) fn begin_read(&self) -> Result<redb::ReadTransaction, StoreError> {
        Ok(self.0.database.begin_read()?)
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    pub(super) fn metrics(&self) -> &StoreMetrics {
        &self.0.metrics
    }

    /// Reads on the blocking pool: for ranges, whose length nobody knows beforehand.
    ///
    /// # Errors
    /// As [`Store::read`], those of `read` itself, and [`StoreError::Panicked`].
    pub async fn read_range<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Snapshot) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let store = self.clone();
        tokio::task::spawn_blocking(move || read(&store.read()?))
            .await
            .unwrap_or(Err(StoreError::Panicked))
    }

    /// Holds the writer between two groups for as long as the guard lives: how snapshots of several
    /// files are taken of one moment. Commands go on gathering in the queue. Waits for the commit in
    /// progress, and for whoever else holds it.
    pub fn pause(&self) -> WriterPause {
        Gate::pause(&self.0.gate)
    }

    /// Changes with every commit: how a relay learns that there may be something to fetch.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.0.commits.clone()
    }

    /// How many commits there were since the store was opened. What was read after asking holds for as
    /// long as the number stays the same: it changes before anyone is answered.
    pub fn commit_count(&self) -> u64 {
        *self.0.commits.borrow()
    }

    /// How many commands wait for the writer.
    pub fn queued(&self) -> usize {
        let queue = self.0.queue.read().unwrap_or_else(PoisonError::into_inner);
        queue.as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }

    /// Whether the store still takes commands.
    pub fn is_healthy(&self) -> bool {
        !*self.0.stopped.borrow()
    }

    /// Returns when an I/O error has stopped the store; the process should then end.
    pub async fn stopped(&self) {
        let mut stopped = self.0.stopped.clone();
        if stopped.wait_for(|stopped| *stopped).await.is_err() {
            // The writer ended in good order, so this will never happen.
            std::future::pending::<()>().await;
        }
    }

    /// Commits what is queued and ends the writer. Later commands are answered
    /// [`StoreError::Stopped`].
    pub fn close(&self) {
        self.0.close();
    }
}

impl Inner {
    fn close(&self) {
        drop(self.queue.write().unwrap_or_else(PoisonError::into_inner).take());
        // WriterPause while the writer ends, so that whoever closes second waits for it as well.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        // A command may hold the last handle, and then it is the writer that drops it.
        let on_the_writer =
            |writer: &mut JoinHandle<()>| writer.thread().id() == std::thread::current().id();
        if let Some(writer) = writer.take_if(|writer| !on_the_writer(writer)) {
            let _ = writer.join();
        }
    }
}

/// The writer shares the database: until it has ended the file is not free, and a store that is
/// opened again at once would find it in use.
impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}
