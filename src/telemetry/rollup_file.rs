//! A month of rollups on disk: a file of a fixed size, each rollup at the place that its time gives it.
//!
//! A rollup is written once when it is over, in place, with a checksum: a power cut in the middle of it
//! costs that rollup and no other. The file's head names the metrics, so that a version that knows more
//! of them takes the old ones over. A file that cannot be understood is replaced, with a warning: it
//! holds charts, and nothing else depends on it. Without a file (a full disk) the appliance runs on
//! without its month.

use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

use super::{
    metric_catalog::SampledMetric,
    rollup::{ROLLUP_SECONDS, Rollup, Summary},
};
use crate::{
    clock::Time,
    crypto,
    paths::{open_in_place, write_atomically},
};

/// Periods that the file holds: 31 days.
const SLOTS: usize = 31 * 144;
/// Bytes before the first rollup: the mark, and the names of the metrics on a line each.
const HEAD: usize = 4_096;
const MARK: &str = "appliance file 1";
/// Bytes of one metric of a rollup.
const SUMMARY: usize = 16;

/// The file, or nothing when there can be none.
pub(super) struct RollupFile(Option<File>);

impl RollupFile {
    /// No file, and nothing is kept.
    pub(super) const fn none() -> Self {
        Self(None)
    }

    /// Opens the file, made when it is not there and made anew when it is damaged.
    pub(super) fn open(path: &Path) -> Self {
        match open(path) {
            Ok(file) => Self(Some(file)),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "no file of samples is kept");
                Self(None)
            }
        }
    }

    /// Writes a rollup and waits for the disk.
    pub(super) fn write(&self, rollup: &Rollup) {
        let Some(file) = &self.0 else { return };
        let place = HEAD + slot_of(rollup.start) * slot_bytes(SampledMetric::COUNT);
        let written = file
            .write_all_at(&encode(rollup), u64::try_from(place).unwrap_or(u64::MAX))
            .and_then(|()| file.sync_data());
        if let Err(error) = written {
            tracing::warn!(%error, "a rollup of samples could not be kept");
        }
    }

    /// The rollups that began at `from` or later and before `to`, by their beginning.
    pub(super) fn rollups(&self, from: Time, to: Time) -> Vec<Rollup> {
        let Some(file) = &self.0 else { return Vec::new() };
        let mut bytes = vec![0; file_bytes(SampledMetric::COUNT)];
        if file.read_exact_at(&mut bytes, 0).is_err() {
            return Vec::new();
        }
        let wanted = |start: Time| from <= start && start < to;
        let mut rollups = decode_all(&bytes, SampledMetric::COUNT, wanted);
        rollups.sort_by_key(|rollup| rollup.start);
        rollups
    }
}

fn open(path: &Path) -> io::Result<File> {
    match std::fs::read(path) {
        Ok(bytes) if is_current(&bytes) => {}
        Ok(bytes) => {
            let kept = take_over(&bytes);
            if kept.is_none() {
                tracing::warn!(path = %path.display(), "the file of samples is damaged and starts anew");
            }
            replace(path, &kept.unwrap_or_default())?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            replace(path, &[])?;
        }
        Err(error) => return Err(error),
    }
    open_in_place(path)
}

/// Puts a whole file into its place. On a full disk nothing of it stays behind.
fn replace(path: &Path, rollups: &[Rollup]) -> io::Result<()> {
    write_atomically(path, &whole_file(rollups), 0o600)
}

const fn slot_bytes(metrics: usize) -> usize {
    size_of::<i64>() + metrics * SUMMARY + CHECKSUM
}

const fn file_bytes(metrics: usize) -> usize {
    HEAD + SLOTS * slot_bytes(metrics)
}

/// Where a rollup lies, by its beginning.
fn slot_of(start: Time) -> usize {
    let nth = start.as_seconds().div_euclid(ROLLUP_SECONDS);
    usize::try_from(nth.rem_euclid(i64::try_from(SLOTS).unwrap_or(1))).unwrap_or(0)
}

fn head() -> Vec<u8> {
    let mut text = MARK.to_owned();
    for metric in SampledMetric::ALL {
        text.push('\n');
        text.push_str(metric.name());
    }
    let mut head = text.into_bytes();
    head.push(b'\n');
    head.resize(HEAD, 0);
    head
}

fn is_current(bytes: &[u8]) -> bool {
    bytes.len() == file_bytes(SampledMetric::COUNT) && bytes.starts_with(&head())
}

/// The rollups of a file with other metrics, put into the order of ours; nothing when it is no such
/// file.
fn take_over(bytes: &[u8]) -> Option<Vec<Rollup>> {
    let head = std::str::from_utf8(bytes.get(..HEAD)?).ok()?.trim_end_matches('\0');
    let mut lines = head.lines();
    if lines.next() != Some(MARK) {
        return None;
    }
    let names: Vec<_> = lines.collect();
    if bytes.len() != file_bytes(names.len()) {
        return None;
    }
    let places = SampledMetric::ALL
        .iter()
        .map(|metric| names.iter().position(|name| *name == metric.name()));
    let places: Vec<_> = places.collect();
    let mut rollups = decode_all(bytes, names.len(), |_| true);
    for rollup in &mut rollups {
        let metric = |place: &Option<usize>| place.and_then(|place| rollup.metrics.get(place));
        rollup.metrics =
            places.iter().map(|place| metric(place).copied().unwrap_or(Summary::EMPTY)).collect();
    }
    Some(rollups)
}

fn whole_file(rollups: &[Rollup]) -> Vec<u8> {
    let mut bytes = head();
    bytes.resize(file_bytes(SampledMetric::COUNT), 0);
    for rollup in rollups {
        let place = HEAD + slot_of(rollup.start) * slot_bytes(SampledMetric::COUNT);
        if let Some(slot) = bytes.get_mut(place..place + slot_bytes(SampledMetric::COUNT)) {
            slot.copy_from_slice(&encode(rollup));
        }
    }
    bytes
}

const CHECKSUM: usize = 8;

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    crypto::shortened(crypto::sha256(bytes))
}

fn encode(rollup: &Rollup) -> Vec<u8> {
    let mut bytes = rollup.start.as_millis().to_le_bytes().to_vec();
    for Summary { minimum, mean, maximum, count } in &rollup.metrics {
        for value in [minimum, mean, maximum] {
            bytes.extend_from_slice(&value.to_le_bytes());
        }
        bytes.extend_from_slice(&count.to_le_bytes());
    }
    let checksum = checksum(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

fn decode_all(bytes: &[u8], metrics: usize, wanted: impl Fn(Time) -> bool) -> Vec<Rollup> {
    let slots = bytes.get(HEAD..).unwrap_or_default().chunks_exact(slot_bytes(metrics));
    slots.filter_map(|slot| decode(slot, &wanted)).collect()
}

/// A rollup, if it is wanted and its checksum holds; a place that was never written has none that does.
fn decode(slot: &[u8], wanted: &impl Fn(Time) -> bool) -> Option<Rollup> {
    let (start, _) = slot.split_first_chunk()?;
    let start = Time::from_millis(i64::from_le_bytes(*start));
    if !wanted(start) {
        return None;
    }
    let (body, sum) = slot.split_last_chunk::<CHECKSUM>()?;
    if *sum != checksum(body) {
        return None;
    }
    let summary = |bytes: &[u8]| {
        let (minimum, rest) = bytes.split_first_chunk()?;
        let (mean, rest) = rest.split_first_chunk()?;
        let (maximum, rest) = rest.split_first_chunk()?;
        let (count, _) = rest.split_first_chunk()?;
        Some(Summary {
            minimum: f32::from_le_bytes(*minimum),
            mean: f32::from_le_bytes(*mean),
            maximum: f32::from_le_bytes(*maximum),
            count: u32::from_le_bytes(*count),
        })
    };
    let metrics = body.get(size_of::<i64>()..)?.chunks_exact(SUMMARY).map(summary);
    Some(Rollup { start, metrics: metrics.collect::<Option<_>>()? })
}

#[cfg(test)]
mod tests {
    use super::{super::metric_catalog::Sample, *};

    fn rollup(nth: i64) -> Rollup {
        let mut rollup = Rollup::at(Time::from_millis(nth * ROLLUP_SECONDS * 1_000));
        let mut sample = Sample::UNKNOWN;
        sample.set(SampledMetric::Requests, Some(f64::from(i32::try_from(nth).unwrap())));
        rollup.add(&sample);
        rollup
    }

    fn all(file: &RollupFile) -> Vec<Rollup> {
        file.rollups(Time::EPOCH, Time::MAX)
    }

    #[test]
    fn a_month_is_found_again_and_its_oldest_period_gives_way() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("samples.month");
        let slots = i64::try_from(SLOTS).unwrap();
        let file = RollupFile::open(&path);
        assert!(all(&file).is_empty());
        for nth in [1, 2, slots, slots + 1] {
            file.write(&rollup(nth));
        }
        drop(file);
        let file = RollupFile::open(&path);
        assert_eq!(all(&file), [rollup(2), rollup(slots), rollup(slots + 1)]);
        let some = file.rollups(rollup(3).start, rollup(slots + 1).start);
        assert_eq!(some, [rollup(slots)]);
        assert!(std::fs::metadata(&path).unwrap().len() < 3 << 20);
    }

    #[test]
    fn a_period_that_was_torn_is_gone_and_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("samples.month");
        let file = RollupFile::open(&path);
        (1..=3).for_each(|nth| file.write(&rollup(nth)));
        let torn = HEAD + slot_of(rollup(2).start) * slot_bytes(SampledMetric::COUNT) + 40;
        let file = File::options().write(true).open(&path).unwrap();
        file.write_all_at(b"torn", u64::try_from(torn).unwrap()).unwrap();
        assert_eq!(all(&RollupFile::open(&path)), [rollup(1), rollup(3)]);
    }

    #[test]
    fn a_file_that_is_none_of_ours_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("samples.month");
        for damage in [&b""[..], b"something else", &[0; HEAD]] {
            std::fs::write(&path, damage).unwrap();
            let file = RollupFile::open(&path);
            file.write(&rollup(1));
            assert_eq!(all(&RollupFile::open(&path)), [rollup(1)]);
        }
    }

    #[test]
    fn a_file_with_other_figures_is_taken_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("samples.month");
        let at = SampledMetric::Requests.index();
        // A version that knew one metric of ours and one that is no more.
        let mut bytes = format!("{MARK}\nforgotten\nrequests_per_second\n").into_bytes();
        bytes.resize(file_bytes(2), 0);
        let metrics = vec![Summary::of(7.0), rollup(5).metrics[at]];
        let old = encode(&Rollup { start: rollup(5).start, metrics });
        let place = HEAD + slot_of(rollup(5).start) * slot_bytes(2);
        bytes[place..place + old.len()].copy_from_slice(&old);
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(all(&RollupFile::open(&path)), [rollup(5)]);
    }

    #[test]
    fn without_a_place_to_write_there_is_no_month_and_no_harm() {
        let file = RollupFile::open(Path::new("/nowhere/at/all"));
        file.write(&rollup(1));
        assert!(all(&file).is_empty());
    }
}
