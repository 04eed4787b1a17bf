//! Answers that a client keeps as a file.
//!
//! What may be longer than memory should hold comes from a file, in pieces that are read on the blocking pool as the
//! client takes them ([`Download::of_file`]), or from whoever makes it while it is taken ([`Download::of_pieces`]).
//! What takes a snapshot to make, or is to have a length, is written into a file first ([`Spool`]): a snapshot is
//! held for as long as it takes to write and not for as long as a slow client takes it, and what fails is refused
//! before the first byte leaves.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Seek, Write},
    marker::PhantomData,
    path::Path,
};

use futures_util::{Stream, stream};
use poem::{Body, IntoResponse, Response, http::header};
use poem_openapi::{
    ApiResponse,
    payload::Payload,
    registry::{MetaMediaType, MetaResponse, MetaResponses, Registry},
};

use super::Problem;
use crate::paths::create_unnamed;

/// How much of a file is read at once.
const PIECE_BYTES: u64 = 256 << 10;
/// How much is gathered before it is written to a file.
const BUFFER_BYTES: usize = 64 << 10;

/// What a download is, for the document of the API.
pub trait DownloadKind {
    /// Its media type and shape.
    type Payload: Payload;
    /// In a few words.
    const DESCRIPTION: &'static str;
}

/// A file on its way to a client.
pub struct Download<K> {
    name: String,
    bytes: Option<u64>,
    body: Body,
    kind: PhantomData<K>,
}

impl<K: DownloadKind> Download<K> {
    /// The first so many bytes of an open file, from where it stands; the client is to call it `name`.
    pub fn of_file(name: String, file: File, bytes: u64) -> Self {
        let pieces = stream::try_unfold(file.take(bytes), |mut file| async move {
            let read = tokio::task::spawn_blocking(move || {
                let bytes = file.limit().min(PIECE_BYTES);
                let mut piece = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
                file.by_ref().take(PIECE_BYTES).read_to_end(&mut piece)?;
                Ok((!piece.is_empty()).then_some((piece, file)))
            });
            read.await.unwrap_or_else(|error| Err(io::Error::other(error)))
        });
        Self { bytes: Some(bytes), ..Self::of_pieces(name, pieces) }
    }

    /// What comes in pieces, of which nobody knows how many. An error cuts the answer short, so that no client takes
    /// it for whole.
    pub fn of_pieces(
        name: String,
        pieces: impl Stream<Item = io::Result<Vec<u8>>> + Send + 'static,
    ) -> Self {
        Self { name, bytes: None, body: Body::from_bytes_stream(pieces), kind: PhantomData }
    }
}

impl<K: Send> IntoResponse for Download<K>
where
    K: DownloadKind,
{
    fn into_response(self) -> Response {
        let Self { name, bytes, body, .. } = self;
        let response = Response::builder()
            .content_type(K::Payload::CONTENT_TYPE)
            .header(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""));
        match bytes {
            Some(bytes) => response.header(header::CONTENT_LENGTH, bytes).body(body),
            None => response.body(body),
        }
    }
}

impl<K: DownloadKind> ApiResponse for Download<K> {
    fn meta() -> MetaResponses {
        let content = vec![MetaMediaType {
            content_type: K::Payload::CONTENT_TYPE,
            schema: K::Payload::schema_ref(),
        }];
        let response = MetaResponse {
            description: K::DESCRIPTION,
            status: Some(200),
            status_range: None,
            content,
            headers: vec![],
        };
        MetaResponses { responses: vec![response] }
    }

    fn register(registry: &mut Registry) {
        K::Payload::register(registry);
    }
}

/// A file that is written to be sent: private, without a name, and gone with whoever has it open.
pub struct Spool {
    file: BufWriter<File>,
    left: u64,
}

/// A [`Spool`] that was written.
pub struct SpoolFile {
    file: File,
    bytes: u64,
}

impl Spool {
    /// Has `write` write a file on the disk of `directory`, of at most so many bytes, on the blocking pool.
    ///
    /// # Errors
    /// Those of `write`; 507 when the disk is full or it would be longer.
    pub async fn filled<E: Into<Problem>>(
        directory: &Path,
        most_bytes: u64,
        write: impl FnOnce(&mut Self) -> Result<(), E> + Send + 'static,
    ) -> Result<SpoolFile, Problem> {
        let directory = directory.to_owned();
        let written = tokio::task::spawn_blocking(move || {
            let file = create_unnamed(&directory).map_err(refused)?;
            let file = BufWriter::with_capacity(BUFFER_BYTES, file);
            let mut spool = Self { file, left: most_bytes };
            write(&mut spool).map_err(Into::into)?;
            let mut file = spool.file.into_inner().map_err(|error| refused(error.into_error()))?;
            let bytes = file.stream_position().map_err(refused)?;
            file.rewind().map_err(refused)?;
            Ok(SpoolFile { file, bytes })
        });
        written.await.map_err(Problem::internal)?
    }

    /// Writes on.
    ///
    /// # Errors
    /// 507 when the disk is full or the file would be longer than it may be.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.write_all(bytes).map_err(refused)
    }
}

/// For what writes to any writer, such as a compressor. A file that would be too long is
/// [`io::ErrorKind::FileTooLarge`].
impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let wanted = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if wanted > self.left {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let written = self.file.write(bytes)?;
        self.left = self.left.saturating_sub(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn refused(error: io::Error) -> Problem {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            Problem::insufficient_storage()
        }
        _ => Problem::internal(error),
    }
}

impl SpoolFile {
    /// How long it is.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Sends it.
    pub fn download<K: DownloadKind>(self, name: String) -> Download<K> {
        Download::of_file(name, self.file, self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use poem::http::StatusCode;
    use poem_openapi::payload::Binary;

    use super::*;

    enum Anything {}

    impl DownloadKind for Anything {
        type Payload = Binary<Vec<u8>>;
        const DESCRIPTION: &'static str = "Anything.";
    }

    async fn body_of(download: Download<Anything>) -> Result<Vec<u8>, poem::error::ReadBodyError> {
        download.into_response().into_body().into_vec().await
    }

    /// A file that holds so many bytes, read from its start.
    fn file(bytes: usize) -> (tempfile::TempDir, File) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        fs::write(&path, vec![b'x'; bytes]).unwrap();
        (home, File::open(path).unwrap())
    }

    #[tokio::test]
    async fn a_file_is_sent_whole_with_its_length_and_its_name() {
        for bytes in [0, 1, 256 << 10, (512 << 10) + 7] {
            let (_home, file) = file(bytes);
            let length = u64::try_from(bytes).unwrap();
            let response = Download::<Anything>::of_file("a.bin".to_owned(), file, length);
            let response = response.into_response();
            let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
            assert_eq!(header("content-length"), bytes.to_string());
            assert_eq!(header("content-type"), "application/octet-stream");
            assert_eq!(header("content-disposition"), "attachment; filename=\"a.bin\"");
            let body = response.into_body().into_vec().await.unwrap();
            assert_eq!(body, vec![b'x'; bytes]);
        }
    }

    #[tokio::test]
    async fn what_is_written_to_a_file_afterwards_is_not_sent() {
        let (home, open) = file(10);
        let mut more = File::options().append(true).open(home.path().join("file")).unwrap();
        more.write_all(b"later").unwrap();
        let body = body_of(Download::of_file("a".to_owned(), open, 10)).await.unwrap();
        assert_eq!(body, b"xxxxxxxxxx");
    }

    #[tokio::test]
    async fn pieces_are_sent_in_order_and_an_error_cuts_them_short() {
        let pieces = |last: io::Result<Vec<u8>>| {
            stream::iter([Ok(b"one ".to_vec()), Ok(b"two ".to_vec()), last])
        };
        let whole = Download::of_pieces("a".to_owned(), pieces(Ok(b"three".to_vec())));
        assert_eq!(body_of(whole).await.unwrap(), b"one two three");
        let cut = Download::of_pieces("a".to_owned(), pieces(Err(io::Error::other("cut"))));
        assert!(body_of(cut).await.is_err());
    }

    #[tokio::test]
    async fn what_is_spooled_is_sent_as_it_was_written_and_leaves_no_file() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().to_owned();
        let spooled = Spool::filled(home.path(), 1 << 30, move |spool| {
            for line in 0..100_000 {
                spool.write(format!("{line}\n").as_bytes())?;
            }
            assert_eq!(fs::read_dir(path).unwrap().count(), 0, "it has no name");
            Ok::<_, Problem>(())
        });
        let spooled = spooled.await.unwrap();
        assert_eq!(spooled.bytes(), 588_890);
        let body = body_of(spooled.download("lines".to_owned())).await.unwrap();
        let body = String::from_utf8(body).unwrap();
        assert!(body.lines().eq((0..100_000).map(|line| line.to_string())));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_spool_that_would_be_too_long_is_refused_and_one_that_just_fits_is_not() {
        let home = tempfile::tempdir().unwrap();
        let filled = |bytes: usize| {
            Spool::filled(home.path(), 100_000, move |spool| spool.write(&vec![b'x'; bytes]))
        };
        assert_eq!(filled(100_000).await.unwrap().bytes(), 100_000);
        let refused = filled(100_001).await.err().unwrap();
        assert_eq!(refused.status, StatusCode::INSUFFICIENT_STORAGE);
        let bytewise =
            Spool::filled(home.path(), 9, |spool| (0..10).try_for_each(|_| spool.write(b"x")));
        assert_eq!(bytewise.await.err().unwrap().code, "INSUFFICIENT_STORAGE");
    }

    #[tokio::test]
    async fn what_fails_while_it_is_written_is_refused_before_anything_is_sent() {
        let home = tempfile::tempdir().unwrap();
        let failed = Spool::filled(home.path(), 100, |_| Err(Problem::busy()));
        assert_eq!(failed.await.err().unwrap().code, Problem::busy().code);
        let nowhere = home.path().join("nowhere");
        let failed = Spool::filled(&nowhere, 100, |_| Ok::<_, Problem>(()));
        assert_eq!(failed.await.err().unwrap().status, StatusCode::INTERNAL_SERVER_ERROR);
    }
}
