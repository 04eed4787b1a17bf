//! `SHA256SUMS`: the hashes of everything before it in an archive, in the form of coreutils' `sha256sum`, so
//! that `sha256sum --check` proves an archive that was taken apart by hand, too.
//!
//! It comes last, so that what is hashed need not be read once more before it is packed.

/// The name of the entry.
pub(super) const SUMS: &str = "SHA256SUMS";

/// A line for each entry, in their order.
#[derive(Default)]
pub(super) struct Checksums {
    text: String,
    names: Vec<&'static str>,
}

impl Checksums {
    /// Notes the hash of the next entry.
    pub(super) fn put(&mut self, name: &'static str, hash: &[u8; 32]) {
        let hex = hash.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        self.text.extend([&hex, "  ", name, "\n"]);
        self.names.push(name);
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The first entry of which `written` says something else.
    pub(super) fn first_altered(&self, written: &[u8]) -> Option<&'static str> {
        let mut written = written.split_inclusive(|byte| *byte == b'\n');
        let mut found = self.text.split_inclusive('\n').zip(&self.names);
        let altered = found.find(|(line, _)| written.next() != Some(line.as_bytes()));
        match altered {
            Some((_, name)) => Some(name),
            None => written.next().map(|_| SUMS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sha256;

    #[test]
    fn they_are_what_sha256sum_writes_and_say_what_was_altered() {
        let mut sums = Checksums::default();
        sums.put("a", &sha256(b"abc"));
        sums.put("b", &sha256(b""));
        // Of `sha256sum a b` (coreutils 9.1).
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n\
                    e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n";
        assert_eq!(sums.text(), text);
        assert_eq!(sums.first_altered(text.as_bytes()), None);
        let altered = |from: &str, to: &str| sums.first_altered(text.replace(from, to).as_bytes());
        assert_eq!(altered("ba78", "ba79"), Some("a"));
        assert_eq!(altered("855  b", "855  c"), Some("b"));
        assert_eq!(altered("b\n", "b"), Some("b"));
        assert_eq!(altered("b\n", "b\nmore\n"), Some(SUMS));
        assert_eq!(sums.first_altered(b""), Some("a"));
    }
}
