//! The device cookie: proves that somebody has logged in to an account from this browser before. It lets
//! nobody in; it only tells its bearer from strangers who guess.

use super::sealed;
use crate::{
    crypto::{self, NoRandomness},
    ids::UserId,
};

const KIND: &[u8] = b"device-v1";

/// A random number of a device.
pub(in crate::auth) type DeviceId = [u8; 8];

/// One device of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::auth) struct Device {
    pub(super) user: UserId,
    pub(super) id: DeviceId,
}

impl Device {
    /// A new one.
    pub(super) fn generate(user: UserId) -> Result<Self, NoRandomness> {
        Ok(Self { user, id: crypto::random()? })
    }

    /// The text of the cookie.
    pub(super) fn seal(self, key: &[u8; 32]) -> String {
        sealed::seal(key, KIND, &[self.user.0.to_be_bytes(), self.id].concat())
    }

    /// Reads a text that [`Device::seal`] made with the same key, and no other.
    pub(super) fn open(key: &[u8; 32], text: &str) -> Option<Self> {
        let body = sealed::open(key, KIND, text)?;
        let (user, id) = body.split_first_chunk()?;
        Some(Self { user: UserId(u64::from_be_bytes(*user)), id: id.try_into().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_of_one_account_and_one_key_and_cannot_be_changed() {
        let device = Device::generate(UserId(7)).unwrap();
        let text = device.seal(&[1; 32]);
        assert_eq!(Device::open(&[1; 32], &text), Some(device));
        assert_eq!(Device::open(&[2; 32], &text), None);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'7' { b'8' } else { b'7' };
            assert_eq!(Device::open(&[1; 32], &String::from_utf8(changed).unwrap()), None);
        }
    }
}
