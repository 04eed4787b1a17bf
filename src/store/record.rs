//! Versioned records: how a value keeps its meaning when its struct changes.
//!
//! A stored value is one version byte and a postcard body. An older value is upgraded when it is read
//! and rewritten when it is next written, so that adding a field never rewrites ten million rows. The
//! struct of an old version stays frozen beside the new one and names it as [`Record::Previous`].

use serde::{Serialize, de::DeserializeOwned};

use super::StoreError;

/// A struct that is stored.
pub trait Record: Serialize + DeserializeOwned {
    /// The version that this struct is written with; one more than that of [`Record::Previous`].
    const VERSION: u8;
    /// The frozen struct of the version before, or [`Origin`] for the first.
    type Previous: Record;

    /// Makes this version's value of the previous one's. Total: every old value has a new one.
    fn migrate(previous: Self::Previous) -> Self;
}

/// What comes before a record's first version: nothing, so no value of it exists.
#[derive(Debug, Clone, Copy, Serialize, serde::Deserialize)]
pub enum Origin {}

impl Record for Origin {
    const VERSION: u8 = 0;
    type Previous = Self;

    fn migrate(previous: Self) -> Self {
        previous
    }
}

/// Declares the first version of records: `first_version!(Account, Session)`.
#[macro_export]
#[doc(hidden)]
macro_rules! __first_version {
    ($($record:ty),+ $(,)?) => {
        $(impl $crate::store::Record for $record {
            const VERSION: u8 = 1;
            type Previous = $crate::store::Origin;

            fn migrate(origin: $crate::store::Origin) -> Self {
                match origin {}
            }
        })+
    };
}
pub use __first_version as first_version;

// What indexes and counters hold: the bare value.
first_version!((), u32, u64, String, [u8; 32]);

/// Writes a value with its version.
pub(super) fn encode<R: Record>(record: &R) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(record, vec![R::VERSION])
        .map_err(|error| StoreError::Refused(format!("a record does not serialize: {error}")))
}

/// Reads a value of this version or any before it.
pub(super) fn decode<R: Record>(table: &'static str, bytes: &[u8]) -> Result<R, StoreError> {
    let corrupt = |reason: String| StoreError::Corrupt { table, reason };
    match bytes.split_first() {
        None => Err(corrupt("empty".to_owned())),
        Some((0, _)) => Err(corrupt("version 0 does not exist".to_owned())),
        Some((version, body)) if *version == R::VERSION => {
            let (record, rest) =
                postcard::take_from_bytes(body).map_err(|error| corrupt(error.to_string()))?;
            if rest.is_empty() {
                Ok(record)
            } else {
                Err(corrupt(format!("{} bytes too many", rest.len())))
            }
        }
        Some((version, _)) if *version < R::VERSION => {
            decode::<R::Previous>(table, bytes).map(R::migrate)
        }
        Some((version, _)) => Err(corrupt(format!(
            "version {version}, made by a newer appliance; this one knows {}",
            R::VERSION
        ))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct NoteV1 {
        text: String,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct NoteV2 {
        text: String,
        stars: u8,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Note {
        text: String,
        stars: u8,
        author: Option<u64>,
    }

    first_version!(NoteV1);

    impl Record for NoteV2 {
        const VERSION: u8 = 2;
        type Previous = NoteV1;

        fn migrate(previous: NoteV1) -> Self {
            Self { text: previous.text, stars: 3 }
        }
    }

    impl Record for Note {
        const VERSION: u8 = 3;
        type Previous = NoteV2;

        fn migrate(previous: NoteV2) -> Self {
            Self { text: previous.text, stars: previous.stars, author: None }
        }
    }

    proptest! {
        #[test]
        fn every_older_version_reads_as_the_newest(text: String, stars: u8) {
            let v1 = encode(&NoteV1 { text: text.clone() }).unwrap();
            let v2 = encode(&NoteV2 { text: text.clone(), stars }).unwrap();
            let v3 = encode(&Note { text: text.clone(), stars, author: Some(7) }).unwrap();
            let read = |bytes: &[u8]| decode::<Note>("notes", bytes).unwrap();
            prop_assert_eq!(read(&v1), Note { text: text.clone(), stars: 3, author: None });
            prop_assert_eq!(read(&v2), Note { text: text.clone(), stars, author: None });
            prop_assert_eq!(read(&v3), Note { text, stars, author: Some(7) });
        }

        #[test]
        fn any_bytes_read_or_are_called_corrupt_without_a_panic(bytes: Vec<u8>) {
            if let Err(error) = decode::<Note>("notes", &bytes) {
                let corrupt = matches!(error, StoreError::Corrupt { table: "notes", .. });
                prop_assert!(corrupt);
            }
        }

        #[test]
        fn a_record_cut_short_or_made_longer_never_reads(text in ".{1,40}", cut in 1_usize..20) {
            let bytes = encode(&NoteV1 { text }).unwrap();
            let short = &bytes[..bytes.len().saturating_sub(cut)];
            prop_assert!(decode::<NoteV1>("notes", short).is_err());
            let mut long = bytes.clone();
            long.push(0);
            prop_assert!(decode::<NoteV1>("notes", &long).is_err());
        }
    }

    #[test]
    fn a_record_of_a_newer_appliance_is_refused() {
        let newer = encode(&Note { text: String::new(), stars: 0, author: None }).unwrap();
        assert!(matches!(decode::<NoteV2>("notes", &newer), Err(StoreError::Corrupt { .. })));
    }
}
