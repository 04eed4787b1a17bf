//! The form of an archive: `manifest.json`, the files in their order and `SHA256SUMS`, as tar, in one zstd
//! frame, perhaps encrypted.
//!
//! What is read may come from anyone, so every reading is bounded before it begins: the manifest, which is
//! bounded itself, says the length of every file, no byte more comes out, and the disk has room for all of
//! them before the first is written. Whoever writes an archive goes by the same bounds, and how well the files
//! can be compressed is none of them.

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    path::Path,
};

use zstd::zstd_safe::CParameter;

use super::{
    BackupError, BackupProgress, BackupStep, DataFile, Decryption, Encryption, Manifest,
    checksums::{Checksums, SUMS},
    manifest::FILE_BYTES,
    progress::ProgressFn,
    tar::{BLOCK, header, read_end, read_padding, size_of, write_end, write_padding},
    temp_dir::TempDir,
};
use crate::{
    crypto::{Sha256, sha256},
    paths::create_new,
    write_behind::WriteBehind,
};

const MANIFEST: &str = "manifest.json";
/// Fast enough to keep up with a disk; the next levels save a tenth of the size for twice the time.
const ZSTD_LEVEL: i32 = 1;
/// Threads that compress, while the next bytes are read: one more than this class of machine has processors,
/// for when one waits.
const COMPRESSORS: u32 = 3;
/// What one of them is given at once, in bytes, the least that zstd allows: it keeps a dozen in memory.
const COMPRESSED_AT_ONCE: u32 = 512 << 10;
/// Binary logarithm of the longest window that is read, and so of the memory that an archive may ask for.
const ZSTD_WINDOW_LOG: u32 = 23;
const CHUNK: usize = 256 << 10;
/// How many chunks may have come out that are not written yet.
const CHUNKS_UNDERWAY: usize = 4;
/// The longest manifest, in bytes.
const MANIFEST_BYTES: u64 = 1 << 20;
/// The longest list of hashes, in bytes.
const SUMS_BYTES: u64 = 4 << 10;
/// How every encrypted archive begins (age-encryption.org/v1).
const AGE: &[u8] = b"age-encryption.org/v1\n";
/// How every zstd frame begins (RFC 8878 §3.1.1).
const ZSTD: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];

/// Writes an archive of the files of a manifest, which lie in `from`; answers with what opens it.
pub(super) fn write(
    manifest: &Manifest,
    known: &[DataFile],
    from: &Path,
    encryption: &Encryption,
    out: &mut dyn Write,
    watcher: ProgressFn<'_>,
) -> Result<Decryption, BackupError> {
    let failed = |error: io::Error| unwritable(&error);
    let json = serde_json::to_vec_pretty(manifest);
    let json = json.map_err(|error| BackupError::Failed(error.to_string()))?;
    readable(manifest, &json, known)?;
    let seconds = seconds_of(manifest);
    encryption.over(out, |out| {
        let mut out = compressed(out).map_err(failed)?;
        let mut sums = Checksums::default();
        sums.put(MANIFEST, &sha256(&json));
        write_small(&mut out, MANIFEST, &json, seconds).map_err(failed)?;
        for (file, known) in manifest.files.iter().zip(known) {
            out.write_all(&header(known.name, file.bytes, seconds)).map_err(failed)?;
            let hash =
                write_file(&mut out, &from.join(known.name), known.name, file.bytes, watcher)?;
            write_padding(&mut out, file.bytes).map_err(failed)?;
            sums.put(known.name, &hash);
        }
        write_small(&mut out, SUMS, sums.text().as_bytes(), seconds).map_err(failed)?;
        write_end(&mut out).map_err(failed)?;
        out.finish().and_then(Write::flush).map_err(failed)
    })
}

/// Whether a reader takes such a manifest: what it would refuse is not written.
fn readable(manifest: &Manifest, json: &[u8], known: &[DataFile]) -> Result<(), BackupError> {
    let refused = |error: BackupError| BackupError::NotVerified(error.to_string());
    if json.len() as u64 > MANIFEST_BYTES {
        return Err(refused(BackupError::refused("its manifest is too long")));
    }
    let read = Manifest::parse(json, known).map_err(refused)?;
    if read == *manifest { Ok(()) } else { Err(refused(BackupError::refused("it says otherwise"))) }
}

fn compressed<W: Write>(out: W) -> io::Result<zstd::Encoder<'static, W>> {
    let mut out = zstd::Encoder::new(out, ZSTD_LEVEL)?;
    out.include_checksum(true)?;
    out.multithread(COMPRESSORS)?;
    out.set_parameter(CParameter::JobSize(COMPRESSED_AT_ONCE))?;
    Ok(out)
}

/// Writes so many bytes of the file at `path`; answers with their SHA-256.
fn write_file(
    out: &mut impl Write,
    path: &Path,
    name: &'static str,
    bytes: u64,
    watcher: ProgressFn<'_>,
) -> Result<[u8; 32], BackupError> {
    let failed = |error: io::Error| BackupError::io(path, &error);
    let mut input = File::open(path).map_err(failed)?;
    let mut buffer = vec![0; CHUNK];
    let (mut hash, mut done) = (Sha256::default(), 0);
    while done < bytes {
        let chunk = next_chunk(&mut buffer, bytes - done);
        input.read_exact(chunk).map_err(failed)?;
        out.write_all(chunk).map_err(|error| unwritable(&error))?;
        hash.update(chunk);
        done += chunk.len() as u64;
        watcher(BackupProgress { step: BackupStep::Packing, file: name, bytes: done })?;
    }
    Ok(hash.finish())
}

/// Writes an entry that is in memory.
fn write_small(out: &mut impl Write, name: &str, bytes: &[u8], seconds: u64) -> io::Result<()> {
    let size = bytes.len() as u64;
    out.write_all(&header(name, size, seconds))?;
    out.write_all(bytes)?;
    write_padding(out, size)
}

/// Unpacks an archive into the directory `into`, where nothing is yet, once all of it was found to be as
/// its manifest says. What was written when it was not stays there.
pub(super) fn unpack(
    input: impl Read,
    key: &Decryption,
    known: &[DataFile],
    into: &TempDir,
    watcher: ProgressFn<'_>,
) -> Result<Manifest, BackupError> {
    let mut input = Expanded::new(Box::new(input), key)?;
    let json = input.next_small(MANIFEST_BYTES)?;
    let manifest = Manifest::parse(&json, known)?;
    let seconds = seconds_of(&manifest);
    input.finish_entry(MANIFEST, json.len() as u64, seconds)?;
    let mut sums = Checksums::default();
    sums.put(MANIFEST, &sha256(&json));
    into.place().room_for(manifest.bytes())?;
    for (file, known) in manifest.files.iter().zip(known) {
        let size = input.next_size(FILE_BYTES)?;
        if size != file.bytes {
            let reason = format!("{} has {size} bytes where {} are due", known.name, file.bytes);
            return Err(BackupError::refused(reason));
        }
        let hash = input.write_to(&into.path().join(known.name), known.name, size, watcher)?;
        input.finish_entry(known.name, size, seconds)?;
        sums.put(known.name, &hash);
    }
    let written = input.next_small(SUMS_BYTES)?;
    input.finish_entry(SUMS, written.len() as u64, seconds)?;
    if let Some(name) = sums.first_altered(&written) {
        return Err(BackupError::refused(format_args!("{name} was altered")));
    }
    input.finish()?;
    Ok(manifest)
}

/// An archive that is being read.
struct Expanded<'r> {
    input: zstd::Decoder<'static, BufReader<Box<dyn Read + 'r>>>,
    header: [u8; BLOCK],
}

impl<'r> Expanded<'r> {
    fn new(mut input: Box<dyn Read + 'r>, key: &Decryption) -> Result<Self, BackupError> {
        let mut begin = Vec::new();
        let wanted = AGE.len() as u64;
        input.by_ref().take(wanted).read_to_end(&mut begin).map_err(unreadable)?;
        let is_encrypted = begin == AGE;
        if !is_encrypted && !begin.starts_with(ZSTD) {
            return Err(BackupError::refused("it is not an archive of this program"));
        }
        let whole: Box<dyn Read + 'r> = Box::new(io::Cursor::new(begin).chain(input));
        let input = if is_encrypted { key.open(whole)? } else { whole };
        let mut input = zstd::Decoder::new(input).map_err(unreadable)?.single_frame();
        input.window_log_max(ZSTD_WINDOW_LOG).map_err(unreadable)?;
        Ok(Self { input, header: [0; BLOCK] })
    }

    /// Reads a header, whose size must not be more than `most`; the rest of it is looked at after the
    /// entry, when all is known that it must say.
    fn next_size(&mut self, most: u64) -> Result<u64, BackupError> {
        let mut header = [0; BLOCK];
        self.read_exact(&mut header).map_err(unreadable)?;
        self.header = header;
        match size_of(&header) {
            Some(size) if size <= most => Ok(size),
            _ => Err(BackupError::refused("an entry has a size that makes no sense")),
        }
    }

    /// Reads an entry of at most so many bytes.
    fn next_small(&mut self, most: u64) -> Result<Vec<u8>, BackupError> {
        let size = self.next_size(most)?;
        let mut bytes = vec![0; usize::try_from(size).unwrap_or(0)];
        self.read_exact(&mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }

    /// Reads what follows an entry, and compares its header with the one it must have.
    fn finish_entry(&mut self, name: &str, size: u64, seconds: u64) -> Result<(), BackupError> {
        if self.header != header(name, size, seconds) {
            let reason =
                format!("there must be a regular file {name}, and there is something else");
            return Err(BackupError::refused(reason));
        }
        if !read_padding(self, size).map_err(unreadable)? {
            return Err(BackupError::refused("something is hidden between its entries"));
        }
        Ok(())
    }

    /// Writes the bytes of an entry to a new file; answers with their SHA-256. What came out is hashed and
    /// written while more comes out.
    fn write_to(
        &mut self,
        path: &Path,
        name: &'static str,
        size: u64,
        watcher: ProgressFn<'_>,
    ) -> Result<[u8; 32], BackupError> {
        let failed = |error: io::Error| BackupError::io(path, &error);
        let file = create_new(path);
        let file = file.map_err(failed)?;
        let chunks = std::iter::repeat_with(Vec::new).take(CHUNKS_UNDERWAY);
        let sink = (file, Sha256::default());
        let write = |(file, hash): &mut (File, Sha256), chunk: &mut Vec<u8>| {
            hash.update(chunk);
            file.write_all(chunk)
        };
        let behind = WriteBehind::start("archive-reader", chunks, sink, write);
        let mut behind = behind.map_err(failed)?;
        let (mut chunk, mut done) = (Vec::new(), 0);
        while done < size {
            chunk.resize(CHUNK, 0);
            let length = next_chunk(&mut chunk, size - done).len();
            chunk.truncate(length);
            self.read_exact(&mut chunk).map_err(unreadable)?;
            behind.hand_over(&mut chunk).map_err(failed)?;
            done += length as u64;
            watcher(BackupProgress { step: BackupStep::Unpacking, file: name, bytes: done })?;
        }
        let (_, hash) = behind.finish().map_err(failed)?;
        Ok(hash.finish())
    }

    /// Reads the end, after which there must be nothing.
    fn finish(mut self) -> Result<(), BackupError> {
        let ended = read_end(&mut self).map_err(unreadable)?;
        let mut rest = self.input.finish();
        if !ended || rest.read(&mut [0]).map_err(unreadable)? > 0 {
            return Err(BackupError::refused("something follows its last file"));
        }
        Ok(())
    }
}

impl Read for Expanded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer)
    }
}

fn next_chunk(buffer: &mut [u8], left: u64) -> &mut [u8] {
    let length = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
    buffer.split_at_mut(length).0
}

fn seconds_of(manifest: &Manifest) -> u64 {
    manifest.time().and_then(|time| u64::try_from(time.as_seconds()).ok()).unwrap_or(0)
}

fn unwritable(error: &io::Error) -> BackupError {
    BackupError::Failed(match error.kind() {
        io::ErrorKind::StorageFull => "no space left for the archive".to_owned(),
        _ => format!("the archive cannot be written: {error}"),
    })
}

fn unreadable(error: io::Error) -> BackupError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => BackupError::refused("it ends too early"),
        _ => BackupError::refused(error),
    }
}
