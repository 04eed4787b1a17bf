//! The headers of the one kind of tar entry that an archive holds: POSIX.1-2017 pax, §ustar, with the
//! base-256 sizes of GNU tar beyond 8 GiB.
//!
//! Every header follows from the name, the size and the time, and one that is read must be, byte for
//! byte, the one that would have been written. So there is nothing to decide about links, devices,
//! paths, owners, extensions or anything else that a header could say: what is not ours is refused.

use std::io::{self, Read, Write};

/// The unit of everything in a tar.
pub(super) const BLOCK: usize = 512;

const SIZE: std::ops::Range<usize> = 124..136;
const CHECKSUM: std::ops::Range<usize> = 148..156;
/// The first size that eleven octal digits do not hold.
const OCTAL_END: u64 = 1 << 33;

/// The header of a regular file of `size` bytes that is for its owner alone.
pub(super) fn header(name: &str, size: u64, seconds: u64) -> [u8; BLOCK] {
    let mut header = [0; BLOCK];
    put(&mut header, 0, name.as_bytes());
    put(&mut header, 100, b"0000600\0");
    put(&mut header, 108, b"0000000\0");
    put(&mut header, 116, b"0000000\0");
    if size < OCTAL_END {
        put(&mut header, SIZE.start, format!("{size:011o}").as_bytes());
    } else {
        put(&mut header, SIZE.start, &[0x80]);
        put(&mut header, SIZE.end - 8, &size.to_be_bytes());
    }
    put(&mut header, 136, format!("{:011o}", seconds.min(OCTAL_END - 1)).as_bytes());
    put(&mut header, 156, b"0");
    put(&mut header, 257, b"ustar\x0000");
    // The checksum is counted with spaces in its own place.
    put(&mut header, CHECKSUM.start, b"        ");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    put(&mut header, CHECKSUM.start, format!("{sum:06o}\0 ").as_bytes());
    header
}

/// The size in a header, as far as it can be told; what else the header says is compared afterwards.
pub(super) fn size_of(header: &[u8; BLOCK]) -> Option<u64> {
    let field = header.get(SIZE)?;
    if let Some((0x80, rest)) = field.split_first() {
        let (zeros, low) = rest.split_at_checked(3)?;
        let low: [u8; 8] = low.try_into().ok()?;
        return zeros.iter().all(|byte| *byte == 0).then(|| u64::from_be_bytes(low));
    }
    let (digits, end) = field.split_at_checked(11)?;
    let digits = std::str::from_utf8(digits).ok()?;
    (end == [0]).then(|| u64::from_str_radix(digits, 8).ok())?
}

/// How many bytes follow a file, so that the next header begins a block.
fn padding(size: u64) -> usize {
    let over = size % BLOCK as u64;
    if over == 0 { 0 } else { BLOCK - usize::try_from(over).unwrap_or(0) }
}

/// Writes what follows a file.
pub(super) fn write_padding(out: &mut impl Write, size: u64) -> io::Result<()> {
    out.write_all(&vec![0; padding(size)])
}

/// Writes the two empty blocks that end an archive.
pub(super) fn write_end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&[0; 2 * BLOCK])
}

/// Reads zeros: what follows a file; says whether they were.
pub(super) fn read_padding(input: &mut impl Read, size: u64) -> io::Result<bool> {
    let mut rest = vec![0; padding(size)];
    input.read_exact(&mut rest)?;
    Ok(rest.iter().all(|byte| *byte == 0))
}

/// Reads the end of an archive; says whether it was one, and nothing after it.
pub(super) fn read_end(input: &mut impl Read) -> io::Result<bool> {
    let mut end = [0; 2 * BLOCK];
    input.read_exact(&mut end)?;
    Ok(end.iter().all(|byte| *byte == 0) && input.read(&mut [0])? == 0)
}

fn put(header: &mut [u8; BLOCK], at: usize, bytes: &[u8]) {
    if let Some(field) = header.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len())) {
        field.copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_size_is_read_as_it_was_written(size: u64, seconds in 0_u64..(1 << 33)) {
            prop_assert_eq!(size_of(&header("auth.redb", size, seconds)), Some(size));
        }

        #[test]
        fn any_header_is_read_without_a_panic(bytes: [u8; 32], at in 0_usize..480) {
            let mut header = header("auth.redb", 7, 0);
            header[at..at + 32].copy_from_slice(&bytes);
            let _ = size_of(&header);
        }
    }
}
