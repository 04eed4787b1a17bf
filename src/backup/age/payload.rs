//! The payload of an age file: chunks of 64 KiB, each sealed with its place and whether it is the last,
//! so that none can be altered, moved, doubled or left off.

use std::io::{self, Read, Write};

use super::recipient::FileKey;
use crate::crypto::{ChaCha20Poly1305, hkdf_sha256};

const CHUNK: usize = 64 << 10;
const SEALED: usize = CHUNK + ChaCha20Poly1305::TAG_BYTES;
/// The length of the nonce before the payload.
pub(super) const NONCE: usize = 16;

/// The key of a payload and the place in it.
struct Sequence {
    key: ChaCha20Poly1305,
    place: u64,
}

impl Sequence {
    fn new(file_key: &FileKey, nonce: &[u8; NONCE]) -> io::Result<Self> {
        let key = ChaCha20Poly1305::new(&hkdf_sha256(file_key, nonce, b"payload"));
        Ok(Self { key: key.ok_or_else(|| io::Error::other("the key does not fit"))?, place: 0 })
    }

    /// The nonce of the next chunk: eleven bytes of its place, and one that says whether it is the last.
    fn next(&mut self, last: bool) -> [u8; 12] {
        let mut nonce = [0; 12];
        let (_, low) = nonce.split_at_mut(3);
        let flag = [u8::from(last)];
        low.iter_mut().zip(self.place.to_be_bytes().iter().chain(&flag)).for_each(|(n, b)| *n = *b);
        self.place += 1;
        nonce
    }
}

/// Encrypts what is written to it. Complete only after [`Encrypt::finish`].
pub(super) struct Encrypt<W> {
    out: W,
    sequence: Sequence,
    chunk: Vec<u8>,
}

impl<W: Write> Encrypt<W> {
    pub(super) fn new(out: W, file_key: &FileKey, nonce: &[u8; NONCE]) -> io::Result<Self> {
        let sequence = Sequence::new(file_key, nonce)?;
        Ok(Self { out, sequence, chunk: Vec::with_capacity(SEALED) })
    }

    /// Writes the last chunk, which may be a full one.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.seal(true)?;
        self.out.flush()
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let nonce = self.sequence.next(last);
        if !self.sequence.key.seal(nonce, &mut self.chunk) {
            return Err(io::Error::other("encryption failed"));
        }
        self.out.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }
}

impl<W: Write> Write for Encrypt<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk goes out only when another follows, for until then it may be the last.
        if self.chunk.len() == CHUNK && !bytes.is_empty() {
            self.seal(false)?;
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend(bytes.iter().take(taken));
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Decrypts what it reads. The end is reported only after it was found to be the end.
pub(super) struct Decrypt<R> {
    input: R,
    sequence: Sequence,
    /// What was read after the chunk at hand: as much as tells whether that is the last.
    ahead: Vec<u8>,
    chunk: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Decrypt<R> {
    pub(super) fn new(mut input: R, file_key: &FileKey, nonce: &[u8; NONCE]) -> io::Result<Self> {
        let ahead = read_up_to(&mut input, SEALED)?;
        let sequence = Sequence::new(file_key, nonce)?;
        Ok(Self { input, sequence, ahead, chunk: Vec::new(), given: 0, ended: false })
    }

    fn open(&mut self) -> io::Result<()> {
        let mut sealed = std::mem::take(&mut self.ahead);
        self.ahead = read_up_to(&mut self.input, SEALED)?;
        let last = self.ahead.is_empty();
        let is_first = self.sequence.place == 0;
        let nonce = self.sequence.next(last);
        let opened = self.sequence.key.open(nonce, &mut sealed).map(|text| text.len());
        let length = opened.ok_or_else(|| io::Error::other("it was altered or cut short"))?;
        // Only a payload of nothing has an empty chunk.
        if length == 0 && !is_first {
            return Err(io::Error::other("its last part is empty"));
        }
        sealed.truncate(length);
        (self.chunk, self.given, self.ended) = (sealed, 0, last);
        Ok(())
    }
}

impl<R: Read> Read for Decrypt<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.chunk.len() {
            if self.ended {
                return Ok(0);
            }
            self.open()?;
        }
        let rest = self.chunk.get(self.given..).unwrap_or_default();
        let taken = rest.len().min(buffer.len());
        buffer.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.given += taken;
        Ok(taken)
    }
}

fn read_up_to(input: &mut impl Read, bytes: usize) -> io::Result<Vec<u8>> {
    let mut read = Vec::with_capacity(bytes);
    input.by_ref().take(bytes as u64).read_to_end(&mut read)?;
    Ok(read)
}
