//! The cookie by which a browser is known from which somebody has logged in to an account before.
//!
//! It opens nothing: it only lets its bearer try a password when strangers have tried too often. So it says
//! no more than which account, which of a few devices of it, and which password the account had then: with
//! another password it is worth nothing. Whoever has the cookie has the tries of one device, and all
//! cookies of an account together have those of [`DEVICES`].

use super::signed_text;
use crate::{
    crypto::{self, NoRandomness},
    ids::UserId,
};

const KIND: &[u8] = b"device-v2";
/// How many devices of one account are told apart.
const DEVICES: u8 = 10;

/// Which of an account's devices. Beyond that many, some share one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(in crate::auth) struct DeviceNumber(u8);

/// One device of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::auth) struct Device {
    pub(super) user: UserId,
    /// Which password of the account it has logged in with.
    pub(super) password: u32,
    pub(super) number: DeviceNumber,
}

impl DeviceNumber {
    pub(super) const fn of(number: u8) -> Self {
        Self(number % DEVICES)
    }
}

impl Device {
    /// A new one.
    pub(super) fn generate(user: UserId, password: u32) -> Result<Self, NoRandomness> {
        let [random] = crypto::random()?;
        Ok(Self { user, password, number: DeviceNumber::of(random) })
    }

    /// Whether it is of this account with the password that it has now.
    pub(super) fn is_of(&self, user: UserId, password: u32) -> bool {
        self.user == user && self.password == password
    }

    /// The text of the cookie.
    pub(super) fn to_text(self, key: &[u8; 32]) -> String {
        let Self { user, password, number } = self;
        // Two bytes, so that with its tag the whole fills its last character.
        let number = u16::from(number.0).to_be_bytes();
        let body = [&user.0.to_be_bytes()[..], &password.to_be_bytes(), &number].concat();
        signed_text::sign(key, KIND, &body)
    }

    /// Reads a text that [`Device::to_text`] made with the same key, and no other.
    pub(super) fn open(key: &[u8; 32], text: &str) -> Option<Self> {
        let body = signed_text::verify(key, KIND, text)?;
        let (user, rest) = body.split_first_chunk()?;
        let (password, rest) = rest.split_first_chunk()?;
        let [_, number] = rest.try_into().ok()?;
        Some(Self {
            user: UserId(u64::from_be_bytes(*user)),
            password: u32::from_be_bytes(*password),
            number: DeviceNumber::of(number),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_of_one_account_and_one_key_and_cannot_be_changed() {
        let device = Device::generate(UserId(7), 3).unwrap();
        let text = device.to_text(&[1; 32]);
        assert_eq!(Device::open(&[1; 32], &text), Some(device));
        assert_eq!(Device::open(&[2; 32], &text), None);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'7' { b'8' } else { b'7' };
            assert_eq!(Device::open(&[1; 32], &String::from_utf8(changed).unwrap()), None);
        }
    }

    #[test]
    fn an_account_has_ten_devices_however_many_cookies_it_gave_out() {
        let devices = (0..1_000).map(|_| Device::generate(UserId(7), 0).unwrap().number);
        let told_apart: std::collections::HashSet<_> = devices.collect();
        assert_eq!(told_apart.len(), usize::from(DEVICES));
    }

    #[test]
    fn a_cookie_of_the_first_release_is_none() {
        let body = [7_u64.to_be_bytes(), [9; 8]].concat();
        let text = signed_text::sign(&[1; 32], b"device-v1", &body);
        assert_eq!(Device::open(&[1; 32], &text), None);
    }
}
