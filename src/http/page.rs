//! Pages of lists that grow: an opaque cursor that says where the next one starts.
//!
//! A cursor is the last key of a page, signed. It is versioned, so that its form can change, and
//! bound to its list and signed, so that nobody can make one or use it elsewhere; a client only ever
//! sends back what it got. There are no page numbers: rows that arrive between two pages neither hide
//! a row nor show one twice.

use poem::http::StatusCode;
use serde::{Serialize, de::DeserializeOwned};

use super::Problem;
use crate::{base32, crypto};

const VERSION: u8 = 1;
const TAG_LENGTH: usize = 16;
const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 200;

/// Seals and opens cursors.
#[derive(Clone)]
pub struct Cursors {
    key: [u8; 32],
}

/// What a client asks of a list.
#[derive(Debug, Clone, Default)]
pub struct PageQuery {
    /// The cursor of the page before, or nothing for the first.
    pub cursor: Option<String>,
    /// How many rows: 50 when not given, 200 at most.
    pub limit: Option<u32>,
}

impl PageQuery {
    /// The number of rows to answer with.
    pub fn limit(&self) -> usize {
        let asked = self.limit.map_or(DEFAULT_LIMIT, |limit| usize::try_from(limit).unwrap_or(0));
        asked.clamp(1, MAX_LIMIT)
    }
}

impl Cursors {
    /// Cursors under a secret key, which outlives restarts so that cursors do.
    pub const fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// Seals the key of the last row of a page of `list`.
    ///
    /// # Errors
    /// When the key does not serialize, which is a bug.
    pub fn sign<K: Serialize>(&self, list: &str, key: &K) -> Result<String, Problem> {
        let mut bytes = vec![VERSION];
        bytes = postcard::to_extend(key, bytes).map_err(Problem::internal)?;
        bytes.extend_from_slice(&self.tag(list, &bytes));
        Ok(base32::encode(&bytes))
    }

    /// Opens a cursor of `list`; nothing for the first page.
    ///
    /// # Errors
    /// 400 for whatever this list did not sign.
    pub fn open<K: DeserializeOwned>(
        &self,
        list: &str,
        query: &PageQuery,
    ) -> Result<Option<K>, Problem> {
        let Some(cursor) = &query.cursor else { return Ok(None) };
        self.verify(list, cursor).map(Some).ok_or_else(|| {
            Problem::new(
                StatusCode::BAD_REQUEST,
                "CURSOR_INVALID",
                "This cursor is not from this list. Start again without one.",
                "Questo cursore non appartiene a questo elenco. Ricomincia senza.",
            )
        })
    }

    fn verify<K: DeserializeOwned>(&self, list: &str, cursor: &str) -> Option<K> {
        let bytes = base32::decode(cursor)?;
        let (signed, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG_LENGTH)?)?;
        if !crypto::equal(tag, &self.tag(list, signed)) {
            return None;
        }
        let (version, key) = signed.split_first()?;
        (*version == VERSION).then(|| postcard::from_bytes(key).ok())?
    }

    /// Cuts a page of `limit` rows out of `limit + 1`, and signs where the next one starts.
    ///
    /// # Errors
    /// As [`Cursors::sign`].
    pub fn cut<T, K: Serialize>(
        &self,
        list: &str,
        mut rows: Vec<T>,
        limit: usize,
        key: impl FnOnce(&T) -> K,
    ) -> Result<(Vec<T>, Option<String>), Problem> {
        if rows.len() <= limit {
            return Ok((rows, None));
        }
        rows.truncate(limit);
        let cursor = rows.last().map(|last| self.sign(list, &key(last))).transpose()?;
        Ok((rows, cursor))
    }

    fn tag(&self, list: &str, signed: &[u8]) -> [u8; TAG_LENGTH] {
        let length = u64::try_from(list.len()).unwrap_or(u64::MAX).to_be_bytes();
        let parts: [&[u8]; 4] = [b"cursor", &length, list.as_bytes(), signed];
        crypto::shortened(crypto::hmac_sha256(&self.key, &parts))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn query(cursor: &str) -> PageQuery {
        PageQuery { cursor: Some(cursor.to_owned()), limit: None }
    }

    proptest! {
        #[test]
        fn a_cursor_opens_in_its_own_list_with_its_own_key_alone(key: (u64, i64, String)) {
            let cursors = Cursors::new([7; 32]);
            let cursor = cursors.sign("events", &key).unwrap();
            let open = |cursors: &Cursors, list| {
                cursors.open::<(u64, i64, String)>(list, &query(&cursor)).ok().flatten()
            };
            prop_assert_eq!(open(&cursors, "events"), Some(key));
            prop_assert_eq!(open(&cursors, "audit"), None);
            prop_assert_eq!(open(&Cursors::new([8; 32]), "events"), None);
        }

        #[test]
        fn a_changed_cursor_never_opens(key: u64, at in 0_usize..40, digit in "[0-9A-Z]") {
            let cursors = Cursors::new([7; 32]);
            let cursor = cursors.sign("events", &key).unwrap();
            let mut changed: Vec<char> = cursor.chars().collect();
            let at = at % changed.len();
            changed[at] = digit.chars().next().unwrap();
            let changed: String = changed.into_iter().collect();
            prop_assume!(base32::decode(&changed) != base32::decode(&cursor));
            prop_assert!(cursors.open::<u64>("events", &query(&changed)).is_err());
        }
    }

    #[test]
    fn a_page_is_cut_and_the_last_one_has_no_cursor() {
        let cursors = Cursors::new([7; 32]);
        let (rows, cursor) = cursors.cut("list", vec![1_u64, 2, 3], 2, |row| *row).unwrap();
        assert_eq!(rows, [1, 2]);
        let next = cursors.open::<u64>("list", &query(&cursor.unwrap())).unwrap();
        assert_eq!(next, Some(2));
        let (_, cursor) = cursors.cut("list", vec![1_u64, 2], 2, |row| *row).unwrap();
        assert_eq!(cursor, None);
    }

    #[test]
    fn limits_stay_within_their_bounds() {
        let limit = |limit| PageQuery { cursor: None, limit }.limit();
        assert_eq!((limit(None), limit(Some(0)), limit(Some(9_999))), (50, 1, 200));
    }
}
