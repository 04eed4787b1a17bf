//! Bytes to hash: an encoding in which different values never look alike.
//!
//! It begins with a label that says what is encoded and in which version, and goes on with fields in a
//! fixed order. A number is 8 bytes, big-endian. A text or byte string is its length in bytes as such a
//! number, then itself. An optional field is one byte, 0 for nothing, or 1 and then the field. Every
//! field therefore says where it ends, so no byte can move over a border unseen, and the whole reads
//! back in one way alone. Whoever knows the order of fields can compute a hash with ten lines of
//! any language.

/// An encoding in the making.
pub(super) struct Canonical(Vec<u8>);

impl Canonical {
    /// Starts with what is encoded and its version, such as `audit-entry-1`.
    pub(super) fn new(label: &'static str) -> Self {
        Self(Vec::with_capacity(256)).text(label)
    }

    /// A whole number from 0.
    pub(super) fn number(mut self, value: u64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// A whole number that may be negative, in two's complement.
    pub(super) fn signed(mut self, value: i64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// A byte string.
    pub(super) fn bytes(self, value: &[u8]) -> Self {
        let mut with_length = self.number(u64::try_from(value.len()).unwrap_or(u64::MAX));
        with_length.0.extend_from_slice(value);
        with_length
    }

    /// A text, as UTF-8.
    pub(super) fn text(self, value: &str) -> Self {
        self.bytes(value.as_bytes())
    }

    /// A field that may be missing.
    pub(super) fn optional<T>(
        mut self,
        value: Option<T>,
        field: impl FnOnce(Self, T) -> Self,
    ) -> Self {
        self.0.push(u8::from(value.is_some()));
        match value {
            Some(value) => field(self, value),
            None => self,
        }
    }

    /// The bytes to hash.
    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn two(first: &str, second: Option<&str>) -> Vec<u8> {
        Canonical::new("test-1").text(first).optional(second, Canonical::text).finish()
    }

    #[test]
    fn the_form_is_what_the_module_says() {
        let bytes = Canonical::new("t").number(258).signed(-1).optional(None, Canonical::text);
        let mut expected = vec![0, 0, 0, 0, 0, 0, 0, 1, b't', 0, 0, 0, 0, 0, 0, 1, 2];
        expected.extend([0xff; 8]);
        expected.push(0);
        assert_eq!(bytes.finish(), expected);
    }

    #[test]
    fn nothing_and_an_empty_text_differ() {
        assert_ne!(two("a", None), two("a", Some("")));
    }

    proptest! {
        #[test]
        fn a_border_that_moves_changes_the_bytes(text in "[ab]{1,12}", at: usize, to: usize) {
            let (at, to) = (at % (text.len() + 1), to % (text.len() + 1));
            prop_assume!(at != to);
            let split = |at: usize| two(&text[..at], Some(&text[at..]));
            prop_assert_ne!(split(at), split(to));
        }

        #[test]
        fn equal_bytes_mean_equal_fields(
            first in "[ab]{0,2}", second in proptest::option::of("[ab]{0,2}"),
            other in "[ab]{0,2}", another in proptest::option::of("[ab]{0,2}"),
        ) {
            let same = two(&first, second.as_deref()) == two(&other, another.as_deref());
            prop_assert_eq!(same, first == other && second == another);
        }
    }
}
