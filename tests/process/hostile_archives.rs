//! Archives that somebody made up, cut, or changed: all are refused, and the data stays as it is.

use std::{collections::BTreeMap, fs, io::Write, path::Path};

use appliance::crypto::sha256;
use serde_json::{Value, json};

use crate::{program::Home, running::Running};

const BLOCK: usize = 512;
const NAMES: [&str; 5] =
    ["manifest.json", "auth.redb", "user.redb", "social_log.redb", "SHA256SUMS"];

/// One entry of a tar, with whatever header.
#[derive(Clone)]
struct Entry {
    header: [u8; BLOCK],
    body: Vec<u8>,
}

impl Entry {
    /// An entry whose header says what it should, and whose checksum is right.
    fn new(like: &Self, name: &str, body: Vec<u8>) -> Self {
        let mut entry = Self { header: like.header, body };
        entry.set(0, &[0; 100]);
        entry.set(0, name.as_bytes());
        entry.set(124, format!("{:011o}", entry.body.len()).as_bytes());
        entry.summed()
    }

    /// The same with these bytes of the header changed.
    fn with(&self, at: usize, bytes: &[u8]) -> Self {
        let mut entry = self.clone();
        entry.set(at, bytes);
        entry.summed()
    }

    fn set(&mut self, at: usize, bytes: &[u8]) {
        self.header[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn summed(mut self) -> Self {
        self.set(148, b"        ");
        let sum: u32 = self.header.iter().map(|byte| u32::from(*byte)).sum();
        self.set(148, format!("{sum:06o}\0 ").as_bytes());
        self
    }
}

/// An archive, taken apart.
#[derive(Clone)]
struct Parts(Vec<Entry>);

impl Parts {
    fn of(archive: &[u8]) -> Self {
        let tar = zstd::decode_all(archive).unwrap();
        let (mut rest, mut entries) = (&tar[..], Vec::new());
        for _ in NAMES {
            let header: [u8; BLOCK] = rest[..BLOCK].try_into().unwrap();
            let size = std::str::from_utf8(&header[124..135]).unwrap();
            let size = usize::from_str_radix(size, 8).unwrap();
            entries.push(Entry { header, body: rest[BLOCK..BLOCK + size].to_vec() });
            rest = &rest[BLOCK + size.next_multiple_of(BLOCK)..];
        }
        assert!(rest.len() == 2 * BLOCK && rest.iter().all(|byte| *byte == 0));
        Self(entries)
    }

    fn tar(&self) -> Vec<u8> {
        let mut tar = Vec::new();
        for Entry { header, body } in &self.0 {
            tar.extend(header);
            tar.extend(body);
            tar.resize(tar.len().next_multiple_of(BLOCK), 0);
        }
        tar.extend([0; 2 * BLOCK]);
        tar
    }

    fn packed(&self) -> Vec<u8> {
        pack(&self.tar())
    }

    /// The same with one entry changed.
    fn changed(&self, nth: usize, change: impl FnOnce(&Entry) -> Entry) -> Self {
        let mut parts = self.clone();
        parts.0[nth] = change(&parts.0[nth]);
        parts
    }

    fn manifest(&self) -> Value {
        serde_json::from_slice(&self.0[0].body).unwrap()
    }

    /// The same with another manifest, and hashes that are right.
    fn described(&self, change: impl FnOnce(&mut Value)) -> Self {
        let mut manifest = self.manifest();
        change(&mut manifest);
        let text = manifest.to_string().into_bytes();
        self.changed(0, |entry| Entry::new(entry, NAMES[0], text)).summed()
    }

    /// The same with hashes that are right.
    fn summed(&self) -> Self {
        let lines = self.0.iter().zip(NAMES).take(4);
        let lines = lines.map(|(entry, name)| format!("{}  {name}\n", hex(&sha256(&entry.body))));
        self.hashed(&lines.collect::<String>())
    }

    /// The same with other hashes.
    fn hashed(&self, text: &str) -> Self {
        self.changed(4, |entry| Entry::new(entry, NAMES[4], text.as_bytes().to_vec()))
    }

    /// The same with another file, which the manifest describes rightly.
    fn holding(&self, nth: usize, body: Vec<u8>) -> Self {
        let length = body.len();
        let parts = self.changed(nth, |entry| Entry::new(entry, NAMES[nth], body));
        parts.described(|manifest| manifest["files"][nth - 1]["bytes"] = length.into())
    }
}

fn pack(tar: &[u8]) -> Vec<u8> {
    zstd::encode_all(tar, 1).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Everything in a data directory, by path.
fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            let below = contents(&path).into_iter();
            all.extend(below.map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
            all.insert(name + "/", Vec::new());
        } else {
            all.insert(name, fs::read(&path).unwrap());
        }
    }
    all
}

/// A data directory that is not empty, and a good archive of it.
fn good() -> (Home, Vec<u8>) {
    let home = Home::default();
    home.create_user("ada", "admin").expect(0);
    Running::start(&home).stop();
    home.run(&["backup", "create", "--output", "good"]).expect(0);
    let archive = fs::read(home.path().join("good")).unwrap();
    (home, archive)
}

/// Tries to restore each over the data; none may change anything.
fn all_are_refused(home: &Home, archives: Vec<(String, Vec<u8>)>) {
    let before = contents(&home.data());
    for (what, archive) in archives {
        fs::write(home.path().join("bad"), archive).unwrap();
        let refused = home.run(&["restore", "bad"]);
        assert_eq!(refused.code, Some(5), "{what}: {refused:#?}");
        assert!(refused.error().contains("no good backup"), "{what}: {}", refused.stderr);
        assert!(contents(&home.data()) == before, "{what}: something changed");
    }
    home.run(&["restore", "good"]).expect(0);
}

#[test]
fn what_is_no_archive_is_refused() {
    let (home, good) = good();
    let mut all = vec![
        ("nothing".to_owned(), Vec::new()),
        ("one byte".to_owned(), vec![0x28]),
        ("text".to_owned(), b"PostgreSQL database dump".to_vec()),
        ("a magic number and noise".to_owned(), [&good[..4], &[7; 90][..]].concat()),
        ("an empty frame".to_owned(), pack(b"")),
        ("a frame of text".to_owned(), pack(&b"text ".repeat(900))),
        ("a frame of zeros".to_owned(), pack(&[0; 4096])),
        ("a tar that is not compressed".to_owned(), Parts::of(&good).tar()),
        ("a second frame".to_owned(), [&good[..], &pack(b"x")].concat()),
        ("a byte too many".to_owned(), [&good[..], b"x"].concat()),
        ("the header of an encrypted one".to_owned(), b"age-encryption.org/v1".to_vec()),
    ];
    let cuts = [5, 9, 64, 500, good.len() / 2, good.len() - 5, good.len() - 4, good.len() - 1];
    all.extend(cuts.map(|length| (format!("cut to {length}"), good[..length].to_vec())));
    all_are_refused(&home, all);
}

#[test]
fn an_archive_with_a_flipped_bit_is_refused() {
    let (home, good) = good();
    let flipped = |nth: usize| {
        // From the frame's header to its checksum.
        let place = 4 + nth * (good.len() - 5) / 23;
        let mut bad = good.clone();
        bad[place] ^= 1 << (nth % 8);
        (format!("byte {place}"), bad)
    };
    // A bit may say the same in other words: zeros that are copied from other zeros.
    let tar = Parts::of(&good).tar();
    let says_other = |bad: &[u8]| !zstd::decode_all(bad).is_ok_and(|bytes| bytes == tar);
    let all: Vec<_> = (0..24).map(flipped).filter(|(_, bad)| says_other(bad)).collect();
    assert!(all.len() > 12, "only {} say something else", all.len());
    all_are_refused(&home, all);
}

#[test]
fn an_archive_with_other_entries_than_its_own_is_refused() {
    let (home, good) = good();
    let parts = Parts::of(&good);
    let user = &parts.0[2];
    let mut all = Vec::new();
    let mut add = |what: &str, parts: Parts| all.push((what.to_owned(), parts.packed()));
    for name in
        ["../user.redb", "/etc/user.redb", "user.redb/..", "./user.redb", "USER.REDB", "user"]
    {
        add(name, parts.changed(2, |user| Entry::new(user, name, user.body.clone())));
    }
    let kinds = [
        ("a hard link", b'1'),
        ("a symbolic link", b'2'),
        ("a character device", b'3'),
        ("a block device", b'4'),
        ("a directory", b'5'),
        ("a pipe", b'6'),
        ("contiguous", b'7'),
        ("sparse", b'S'),
        ("a long name", b'L'),
        ("an extended header", b'x'),
        ("a global header", b'g'),
        ("an old regular file", 0),
    ];
    for (kind, letter) in kinds {
        add(kind, parts.changed(2, |user| user.with(156, &[letter])));
        let mut extra = parts.clone();
        extra
            .0
            .insert(2, Entry::new(user, "user.redb", b"auth.redb".to_vec()).with(156, &[letter]));
        add(&format!("one more: {kind}"), extra);
    }
    add("a link's target", parts.changed(2, |user| user.with(157, b"/etc/passwd")));
    add("a prefix of the path", parts.changed(2, |user| user.with(345, b"../..")));
    add("set-user-id", parts.changed(2, |user| user.with(100, b"0004777\0")));
    add("another owner", parts.changed(2, |user| user.with(108, b"0001000\0")));
    add("another time", parts.changed(2, |user| user.with(136, b"00000000001")));
    let mut unsummed = parts.clone();
    unsummed.0[2].set(148, b"000000\0 ");
    add("a wrong checksum", unsummed);
    for (nth, name) in NAMES.iter().enumerate() {
        let mut changed = parts.clone();
        changed.0.remove(nth);
        add(&format!("{name} missing"), changed);
        let mut changed = parts.clone();
        changed.0.insert(nth, parts.0[nth].clone());
        add(&format!("{name} twice"), changed);
        let mut changed = parts.clone();
        changed.0.swap(nth, (nth + 1) % NAMES.len());
        add(&format!("{name} out of order"), changed);
    }
    let mut extra = parts.clone();
    extra.0.push(Entry::new(user, "more.redb", b"more".to_vec()));
    add("an entry at the end", extra);
    let mut hidden = parts.tar();
    let after_manifest = BLOCK + parts.0[0].body.len();
    hidden[after_manifest] = b'x';
    all.push(("something in the padding".to_owned(), pack(&hidden)));
    let mut ended = parts.tar();
    ended.extend([0; BLOCK]);
    all.push(("a longer end".to_owned(), pack(&ended)));
    all_are_refused(&home, all);
}

#[test]
fn an_archive_that_lies_about_what_it_holds_is_refused() {
    let (home, good) = good();
    let parts = Parts::of(&good);
    let manifest = parts.manifest();
    let mut all = Vec::new();
    let mut add = |what: &str, parts: Parts| all.push((what.to_owned(), parts.packed()));
    let text = |text: &[u8]| parts.changed(0, |entry| Entry::new(entry, NAMES[0], text.to_vec()));
    add("a manifest of nothing", text(b""));
    add("a manifest that is no JSON", text(b"{"));
    add("a manifest of another kind", text(b"[1]"));
    add("a manifest of 2 MiB", text(&vec![b' '; 2 << 20]));
    add("deep JSON", text(&b"[".repeat(100_000)));
    let lies: [(&str, &[&str], Value); 13] = [
        ("a newer format", &["format"], json!(2)),
        ("no format", &["format"], json!(0)),
        ("no time", &["created_at"], json!("yesterday")),
        ("no files", &["files"], json!([])),
        (
            "more files",
            &["files"],
            json!([
                manifest["files"][0],
                manifest["files"][1],
                manifest["files"][2],
                manifest["files"][2]
            ]),
        ),
        ("a key that nobody knows", &["extra"], json!(1)),
        ("another name", &["files", "1", "name"], json!("../user.redb")),
        ("a newer schema", &["files", "1", "schema_version"], json!(99)),
        ("an older schema", &["files", "1", "schema_version"], json!(0)),
        ("fewer bytes", &["files", "1", "bytes"], json!(512)),
        ("more bytes", &["files", "1", "bytes"], json!(u64::MAX)),
        ("other rows", &["files", "0", "rows", "accounts"], json!(2)),
        ("another audit head", &["audit", "sequence"], json!(7)),
    ];
    for (what, path, value) in lies {
        add(
            what,
            parts.described(|manifest| {
                let place = path.iter().fold(manifest, |value, key| match key.parse::<usize>() {
                    Ok(nth) => &mut value[nth],
                    Err(_) => &mut value[*key],
                });
                *place = value;
            }),
        );
    }
    let sums = String::from_utf8(parts.0[4].body.clone()).unwrap();
    assert_eq!(parts.summed().0[4].body, sums.as_bytes());
    for (nth, line) in sums.lines().enumerate() {
        let other = format!("{}  {}", hex(&[7; 32]), NAMES[nth]);
        add(&format!("another hash of {}", NAMES[nth]), parts.hashed(&sums.replace(line, &other)));
        let without = sums.replace(&format!("{line}\n"), "");
        add(&format!("no hash of {}", NAMES[nth]), parts.hashed(&without));
    }
    add("a hash of something else", parts.hashed(&format!("{sums}{}  more\n", hex(&[7; 32]))));
    add("hashes in capitals", parts.hashed(&sums.to_uppercase()));
    add("hashes of 1 MiB", parts.hashed(&sums.repeat(3_000)));
    add("a size in the header", parts.changed(2, |user| user.with(124, b"00000001000")));
    add("an enormous size", parts.changed(2, |user| user.with(124, b"77777777777")));
    add("a size beyond all", parts.changed(2, |user| user.with(124, &[0x80, 255, 255, 255])));
    all_are_refused(&home, all);
}

#[test]
fn an_archive_of_files_that_are_no_good_is_refused_however_well_it_describes_them() {
    let (home, good) = good();
    let parts = Parts::of(&good);
    let mut all = Vec::new();
    let mut add = |what: &str, parts: Parts| all.push((what.to_owned(), parts.packed()));
    add("an empty file", parts.holding(2, Vec::new()));
    add("text", parts.holding(2, b"text".to_vec()));
    add("noise", parts.holding(2, (0..90_000_u32).flat_map(u32::to_le_bytes).collect()));
    add("zeros", parts.holding(2, vec![0; 100_000]));
    add("another's file", parts.holding(2, parts.0[1].body.clone()));
    let half = &parts.0[1].body[..parts.0[1].body.len() / 2];
    add("half a file", parts.holding(1, half.to_vec()));
    for nth in 0..12 {
        // Past the header, whose spare half may be anything; only pages that are in use matter, so
        // every byte of one is changed.
        let mut body = parts.0[1].body.clone();
        let page = 4096 * (1 + nth);
        body[page..page + 4096].iter_mut().for_each(|byte| *byte ^= 0x5a);
        let changed = parts.holding(1, body);
        fs::write(home.path().join("page"), changed.packed()).unwrap();
        // A page that holds nothing may hold that.
        if home.run(&["backup", "verify", "page"]).code != Some(0) {
            add(&format!("another page {nth}"), changed);
        }
    }
    assert!(all.len() > 10, "few pages were in use: {}", all.len());
    all_are_refused(&home, all);
}

#[test]
fn an_archive_that_would_fill_the_disk_is_refused_before_it_does() {
    let (home, good) = good();
    let parts = Parts::of(&good);
    let bomb_bytes: u64 = 4 << 30;
    let described = parts.described(|manifest| manifest["files"][0]["bytes"] = json!(bomb_bytes));
    let header = parts.0[1].with(124, format!("{bomb_bytes:011o}").as_bytes()).header;
    let mut bomb = zstd::Encoder::new(Vec::new(), 1).unwrap();
    let head = &described.tar()[..BLOCK + described.0[0].body.len().next_multiple_of(BLOCK)];
    bomb.write_all(head).unwrap();
    bomb.write_all(&header).unwrap();
    // Enough to notice; a whole one would only take the test longer to write.
    for _ in 0..300 {
        bomb.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let enormous =
        described.described(|manifest| manifest["files"][0]["bytes"] = json!(1_u64 << 41));
    let mut window = zstd::Encoder::new(Vec::new(), 1).unwrap();
    window.window_log(27).unwrap();
    window.write_all(&parts.tar()).unwrap();
    let all = vec![
        ("a bomb".to_owned(), bomb.finish().unwrap()),
        ("a window of 128 MiB".to_owned(), window.finish().unwrap()),
    ];
    all_are_refused(&home, all);
    fs::write(home.path().join("bad"), enormous.packed()).unwrap();
    home.run(&["restore", "bad"]).expect_error(1, &["MiB are needed", "are free"]);
}
