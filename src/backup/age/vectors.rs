//! The public test vectors of the format (C2SP CCTV, "age"), where they are at hand, and files of the same kinds
//! made here, so that each kind is tried everywhere.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    base64, header,
    tests::{keys, sealed},
    *,
};
use crate::crypto::{Sha256, hkdf_sha256, hmac_sha256, x25519_public, x25519_shared};

/// How trying to open a file ends, in the words of the vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    Success,
    NoMatch,
    HmacFailure,
    HeaderFailure,
    PayloadFailure,
}

/// Opens a file; the hash is of all that came out of it.
pub(super) fn outcome(file: &[u8], identity: &Identity) -> (Expect, [u8; 32]) {
    let mut hash = Sha256::default();
    let mut input = file;
    let file_key = match header::read(&mut input, identity) {
        Ok(file_key) => file_key,
        Err(AgeError::HeaderAltered) => return (Expect::HmacFailure, hash.finish()),
        Err(AgeError::WrongKey | AgeError::NeedsKey | AgeError::NeedsPassphrase) => {
            return (Expect::NoMatch, hash.finish());
        }
        Err(_) => return (Expect::HeaderFailure, hash.finish()),
    };
    // As `decrypt` goes on; without a nonce there is no payload yet.
    let Ok(mut opened) = decrypt(file, &Identity::Writer(file_key)) else {
        return (Expect::HeaderFailure, hash.finish());
    };
    let mut chunk = vec![0; 4_096];
    let ended = loop {
        match opened.read(&mut chunk) {
            Ok(0) => break true,
            Ok(length) => hash.update(&chunk[..length]),
            Err(_) => break false,
        }
    };
    let ended = if ended { Expect::Success } else { Expect::PayloadFailure };
    (ended, hash.finish())
}

/// A vector, taken apart.
struct Vector {
    head: Vec<(String, String)>,
    file: Vec<u8>,
}

impl Vector {
    fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap();
        let end = bytes.windows(2).position(|pair| pair == b"\n\n").expect("an empty line");
        let (head, file) = (&bytes[..end], &bytes[end + 2..]);
        let pair = |line: &str| {
            let (key, value) = line.split_once(": ").unwrap();
            (key.to_owned(), value.to_owned())
        };
        let head: Vec<_> = std::str::from_utf8(head).unwrap().lines().map(pair).collect();
        let mut vector = Self { head, file: file.to_vec() };
        if vector.all("compressed").next().is_some() {
            let mut plain = Vec::new();
            flate2::read::ZlibDecoder::new(file).read_to_end(&mut plain).unwrap();
            vector.file = plain;
        }
        vector
    }

    fn all<'v>(&'v self, key: &'static str) -> impl Iterator<Item = &'v str> {
        self.head.iter().filter(move |(own, _)| own == key).map(|(_, value)| value.as_str())
    }

    fn one(&self, key: &'static str) -> Option<&str> {
        self.all(key).next()
    }

    /// Who opens it; nothing when that is a kind of key that this program does not know.
    fn identity(&self) -> Option<Identity> {
        if let Some(passphrase) = self.one("passphrase") {
            return Some(Identity::Passphrase(passphrase.to_owned()));
        }
        let keys: Option<Vec<_>> = self.all("identity").map(parse_identity).collect();
        keys.map(Identity::Keys)
    }

    fn expected(&self) -> Expect {
        match self.one("expect").unwrap() {
            "success" => Expect::Success,
            "no match" => Expect::NoMatch,
            "HMAC failure" => Expect::HmacFailure,
            "header failure" => Expect::HeaderFailure,
            "payload failure" => Expect::PayloadFailure,
            other => panic!("{other}"),
        }
    }
}

#[test]
fn the_public_vectors_end_as_they_must_where_they_are_at_hand() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/cctv-age");
    let Ok(entries) = fs::read_dir(directory) else { return };
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_vector = |path: &PathBuf| !path.file_name().unwrap().to_string_lossy().starts_with('.');
    let paths: Vec<PathBuf> = paths.filter(is_vector).collect();
    let (mut tried, mut wrong) = (0, Vec::new());
    for path in paths {
        let vector = Vector::read(&path);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        tried += 1;
        let Some(identity) = vector.identity() else {
            assert!(name.contains("hybrid"), "{name} has an identity that does not read");
            continue;
        };
        let (found, hash) = outcome(&vector.file, &identity);
        // What this program does not have, it refuses.
        if vector.one("armored").is_some() || name.contains("hybrid") {
            if found == Expect::Success && vector.one("expect") != Some("success") {
                wrong.push(format!("{name}: it was opened"));
            }
            continue;
        }
        let hash = hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        let due = vector.one("payload").map(str::to_owned);
        // Of a payload that ends wrongly less may come out than the vector allows: a chunk is given away only
        // when what follows shows that it stands where it should.
        let due = due.filter(|_| found == Expect::Success);
        if found != vector.expected() || due.is_some_and(|due| due != hash) {
            wrong.push(format!("{name}: {found:?}, where {:?} is due", vector.expected()));
        }
    }
    assert!(tried > 100, "{tried}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

pub(super) const FILE_KEY: [u8; 16] = *b"YELLOW SUBMARINE";
pub(super) const SECRET: [u8; 32] = [0x31; 32];

/// A stanza for `SECRET`, whose parts may be changed.
pub(super) struct Made {
    share: [u8; 32],
    wrapped: Vec<u8>,
}

impl Made {
    pub(super) fn new(file_key: &[u8]) -> Self {
        let ephemeral = [7; 32];
        let (share, own) = (x25519_public(&ephemeral).unwrap(), x25519_public(&SECRET).unwrap());
        let shared = x25519_shared(&ephemeral, &own).unwrap();
        let key = hkdf_sha256(&shared, &[share, own].concat(), b"age-encryption.org/v1/X25519");
        let mut wrapped = file_key.to_vec();
        crypto::ChaCha20Poly1305::new(&key).unwrap().seal([0; 12], &mut wrapped);
        Self { share, wrapped }
    }

    pub(super) fn stanza(&self) -> String {
        let (share, body) = (base64::encode(&self.share), base64::encode(&self.wrapped));
        format!("-> X25519 {share}\n{body}\n")
    }
}

/// A header with these stanzas and a code that is right, and a payload.
pub(super) fn file_of(stanzas: &str) -> Vec<u8> {
    finished(&format!("age-encryption.org/v1\n{stanzas}---"), |mac| format!(" {mac}\n"))
}

fn finished(covered: &str, end: impl Fn(&str) -> String) -> Vec<u8> {
    let key = hkdf_sha256(&FILE_KEY, &[], b"header");
    let mac = base64::encode(&hmac_sha256(&key, &[covered.as_bytes()]));
    let mut file = (covered.to_owned() + &end(&mac)).into_bytes();
    let nonce = [9; NONCE];
    file.extend(nonce);
    let mut out = Encrypt::new(&mut file, &FILE_KEY, &nonce).unwrap();
    out.write_all(b"backup").unwrap();
    out.finish().unwrap();
    file
}

fn ends(file: &[u8]) -> Expect {
    outcome(file, &keys(SECRET)).0
}

#[test]
fn a_header_has_one_form() {
    let good = Made::new(&FILE_KEY).stanza();
    let grease = "-> grease a b\nAAAA\n";
    assert_eq!(ends(&file_of(&good)), Expect::Success);
    assert_eq!(ends(&file_of(&format!("{grease}{good}{grease}"))), Expect::Success);
    let full = format!("-> grease\n{}\n\n{good}", "A".repeat(64));
    assert_eq!(ends(&file_of(&full)), Expect::Success);
    for stanzas in [
        String::new(),
        good.replace('\n', "\r\n"),
        good.replacen("-> ", "->", 1),
        good.replacen("-> ", "-> -> \n", 1),
        good.replacen("X25519 ", "X25519  ", 1),
        good.replacen("X25519 ", "X25519 \u{7f}", 1),
        good.replacen("X25519 ", "X25519 é", 1),
        format!("-> \nAAAA\n{good}"),
        format!("->\nAAAA\n{good}"),
        format!("-> grease \nAAAA\n{good}"),
        format!("-> grease\nAAAA==\n{good}"),
        format!("-> grease\nAAB\n{good}"),
        format!("-> grease\nAA A\n{good}"),
        format!("-> grease\n{}\n{good}", "A".repeat(64)),
        format!("-> grease\n{}\n{good}", "A".repeat(65)),
        format!("-> grease\nAAAA\nAAAA\n{good}"),
    ] {
        assert_eq!(ends(&file_of(&stanzas)), Expect::HeaderFailure, "{stanzas:?}");
    }
    for version in ["age-encryption.org/v2\n", "age-encryption.org/v1\r\n", "", "\n"] {
        let file = finished(&format!("{version}{good}---"), |mac| format!(" {mac}\n"));
        assert_eq!(ends(&file), Expect::HeaderFailure, "{version:?}");
    }
}

#[test]
fn the_code_at_the_end_of_a_header_has_one_form_too() {
    let covered = format!("age-encryption.org/v1\n{}---", Made::new(&FILE_KEY).stanza());
    let of = |end: &dyn Fn(&str) -> String| ends(&finished(&covered, end));
    assert_eq!(of(&|mac| format!(" {mac}\n")), Expect::Success);
    assert_eq!(of(&|_| format!(" {}\n", base64::encode(&[0; 32]))), Expect::HmacFailure);
    for end in [
        |mac: &str| format!("  {mac}\n"),
        |mac: &str| format!(" {mac} \n"),
        |mac: &str| format!("{mac}\n"),
        |mac: &str| format!(" {mac}=\n"),
        |mac: &str| format!(" {mac}\r\n"),
        |mac: &str| format!(" {}\n", &mac[..40]),
        |mac: &str| format!(" {mac}AAAA\n"),
        |_: &str| "\n".to_owned(),
        |_: &str| " \n".to_owned(),
        // 32 bytes have two bits left over in the last letter.
        |mac: &str| format!(" {}{}\n", &mac[..42], if mac.ends_with('B') { 'D' } else { 'B' }),
    ] {
        assert_eq!(of(&end), Expect::HeaderFailure, "{:?}", end("MAC"));
    }
}

#[test]
fn a_stanza_for_a_key_is_exact() {
    let good = Made::new(&FILE_KEY);
    let of = |made: &Made| ends(&file_of(&made.stanza()));
    let share = base64::encode(&good.share);
    let with_share = |text: &str| ends(&file_of(&good.stanza().replace(&share, text)));
    // The neutral point, and another of low order: no secret is shared by them.
    let one = std::array::from_fn(|place| u8::from(place == 0));
    for low_order in [[0; 32], one] {
        let made = Made { share: low_order, wrapped: good.wrapped.clone() };
        assert_eq!(of(&made), Expect::HeaderFailure);
    }
    assert_eq!(with_share(&base64::encode(&good.share[..31])), Expect::HeaderFailure);
    assert_eq!(
        with_share(&base64::encode(&[&good.share[..], &[0]].concat())),
        Expect::HeaderFailure
    );
    assert_eq!(with_share(&format!("{share} extra")), Expect::HeaderFailure);
    assert_eq!(with_share(&format!("{share}=")), Expect::HeaderFailure);
    assert_eq!(
        ends(&file_of(&good.stanza().replace(&format!(" {share}"), ""))),
        Expect::HeaderFailure
    );
    assert_eq!(of(&Made::new(&[FILE_KEY, FILE_KEY].concat())), Expect::HeaderFailure);
    assert_eq!(of(&Made::new(&FILE_KEY[..15])), Expect::HeaderFailure);
    let mut altered = Made::new(&FILE_KEY);
    altered.wrapped[20] ^= 1;
    assert_eq!(of(&altered), Expect::NoMatch);
    // Another kind is somebody else's, whatever it says.
    assert_eq!(ends(&file_of(&good.stanza().replace("X25519", "x25519"))), Expect::NoMatch);
    assert_eq!(ends(&file_of("-> grease\nAAAA\n")), Expect::NoMatch);
    // A second one that is malformed is malformed, wherever it stands.
    let bad = Made { share: [0; 32], wrapped: good.wrapped.clone() }.stanza();
    assert_eq!(ends(&file_of(&(bad.clone() + &good.stanza()))), Expect::HeaderFailure);
    assert_eq!(ends(&file_of(&(good.stanza() + &bad))), Expect::HeaderFailure);
}

#[test]
fn a_passphrase_is_alone_and_its_cost_is_exact() {
    const WORDS: &str = "corretto cavallo";
    let stanza = |salt: &[u8], cost: &str, name: &str| {
        let cost_of = cost.parse().unwrap_or(1_u8).clamp(1, 10);
        let salted = [b"age-encryption.org/v1/scrypt".as_slice(), salt].concat();
        let key = crypto::scrypt(WORDS.as_bytes(), &salted, cost_of).unwrap();
        let mut wrapped = FILE_KEY.to_vec();
        crypto::ChaCha20Poly1305::new(&key).unwrap().seal([0; 12], &mut wrapped);
        let (salt, body) = (base64::encode(salt), base64::encode(&wrapped));
        format!("-> {name} {salt} {cost}\n{body}\n")
    };
    let ends_for = |words: &str, stanzas: &str| {
        outcome(&file_of(stanzas), &Identity::Passphrase(words.to_owned())).0
    };
    let of = |stanzas: &str| ends_for(WORDS, stanzas);
    let good = stanza(&[3; 16], "4", "scrypt");
    assert_eq!(of(&good), Expect::Success);
    assert_eq!(ends_for("another", &good), Expect::NoMatch);
    assert_eq!(of(&stanza(&[3; 16], "4", "Scrypt")), Expect::NoMatch);
    assert_eq!(of(&(good.clone() + &Made::new(&FILE_KEY).stanza())), Expect::HeaderFailure);
    assert_eq!(of(&(good.clone() + &good)), Expect::HeaderFailure);
    assert_eq!(
        ends(&file_of(&(good.clone() + &Made::new(&FILE_KEY).stanza()))),
        Expect::HeaderFailure
    );
    assert_eq!(of(&good.replace(" 4\n", " 4 5\n")), Expect::HeaderFailure);
    assert_eq!(of(&good.replace(" 4\n", "\n")), Expect::HeaderFailure);
    for cost in ["0", "04", "+4", "-4", "0x4", "4x", "x4", "19", "23", "64", "256", "4294967300"] {
        assert_eq!(of(&stanza(&[3; 16], cost, "scrypt")), Expect::HeaderFailure, "{cost}");
    }
    for salt in [&[3; 15][..], &[3; 17], &[]] {
        assert_eq!(of(&stanza(salt, "4", "scrypt")), Expect::HeaderFailure);
    }
}

#[test]
fn a_payload_ends_with_its_last_chunk_and_with_nothing_else() {
    const CHUNK: usize = 64 << 10;
    let head = file_of(&Made::new(&FILE_KEY).stanza()).len() - NONCE - 6 - 16;
    let header = file_of(&Made::new(&FILE_KEY).stanza())[..head].to_vec();
    let payload = |bytes: usize| {
        let nonce = [9; NONCE];
        let mut file = [&header[..], &nonce].concat();
        let mut out = Encrypt::new(&mut file, &FILE_KEY, &nonce).unwrap();
        out.write_all(&vec![1; bytes]).unwrap();
        out.finish().unwrap();
        file
    };
    for bytes in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
        let good = payload(bytes);
        assert_eq!(ends(&good), Expect::Success, "{bytes}");
        let start = head + NONCE;
        for cut in [head, head + 5, start, start + 7, start + 16, good.len() - 16, good.len() - 1] {
            if cut < good.len() {
                let due = if cut < start { Expect::HeaderFailure } else { Expect::PayloadFailure };
                assert_eq!(ends(&good[..cut]), due, "{bytes}, cut to {cut}");
            }
        }
        for more in [1, 16, 17, CHUNK + 16] {
            let longer = [&good[..], &vec![0; more]].concat();
            assert_eq!(ends(&longer), Expect::PayloadFailure, "{bytes}, and {more}");
        }
        let end = good[start..].to_vec();
        let twice = [&good[..], &end].concat();
        assert_eq!(ends(&twice), Expect::PayloadFailure, "{bytes}, twice");
        let mut altered = good.clone();
        *altered.last_mut().unwrap() ^= 1;
        assert_eq!(ends(&altered), Expect::PayloadFailure, "{bytes}, altered");
    }
    // Full chunks, of which the last does not say that it is: an empty one must not make up for that.
    let two = payload(CHUNK + 1);
    let no_last = &two[..head + NONCE + CHUNK + 16];
    assert_eq!(ends(no_last), Expect::PayloadFailure);
    let key = hkdf_sha256(&FILE_KEY, &[9; NONCE], b"payload");
    let key = crypto::ChaCha20Poly1305::new(&key).unwrap();
    let mut empty = Vec::new();
    let mut nonce = [0; 12];
    nonce[10] = 1;
    nonce[11] = 1;
    assert!(key.seal(nonce, &mut empty));
    assert_eq!(ends(&[no_last, &empty].concat()), Expect::PayloadFailure);
}

#[test]
fn whoever_wrote_a_file_reads_it_back_without_anybodys_key_and_notices_every_change() {
    let recipient = Recipient::Keys(vec![x25519_public(&SECRET).unwrap()]);
    let mut file = Vec::new();
    let (mut out, writer) = encrypt(&mut file, &recipient).unwrap();
    out.write_all(b"backup").unwrap();
    out.finish().unwrap();
    assert_eq!(outcome(&file, &writer).0, Expect::Success);
    for place in 0..file.len() {
        let mut bad = file.clone();
        bad[place] ^= 1;
        assert_ne!(outcome(&bad, &writer).0, Expect::Success, "byte {place}");
    }
    let another = sealed(b"backup", &recipient);
    assert_ne!(outcome(&another, &writer).0, Expect::Success);
}

#[test]
fn more_recipients_than_a_reader_looks_at_are_not_written_to() {
    let own = x25519_public(&SECRET).unwrap();
    for (count, fits) in [(256, true), (400, false)] {
        let written = header::write(&FILE_KEY, &Recipient::Keys(vec![own; count]));
        assert_eq!(written.is_ok(), fits);
        if let Ok(text) = written {
            assert_eq!(header::read(&mut text.as_bytes(), &keys(SECRET)).unwrap(), FILE_KEY);
        }
    }
}
