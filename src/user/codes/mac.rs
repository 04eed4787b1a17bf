//! The bytes of codes, typed codes and holds, and the MAC that proves that the event issued one.
//!
//! Each has a MAC, HMAC-SHA-256 under the event's own secret, over a label that no other kind
//! shares and over everything that it must not be mistaken for. Every part has a fixed width, the
//! label a length before it, so two different things never have the same MAC.
//!
//! - A code: number (4 bytes) ‖ window (4) ‖ MAC (10), 29 characters of base32.
//! - A typed code: 8 decimal digits of the same window, truncated as in RFC 4226 §5.3.
//! - A hold: number (4) ‖ milliseconds of issue (8) ‖ id (8) ‖ browser (10) ‖ MAC (10), 64 characters.

use super::{
    super::events::Mode,
    browser::{BROWSER_LENGTH, BrowserId},
    model::{CodeParams, Secret},
};
use crate::{base32, clock::Time, crypto};

const CODE: &[u8] = b"appliance code 1";
const TYPED_CODE: &[u8] = b"appliance typed code 1";
const HOLD: &[u8] = b"appliance hold 2";

/// 80 bits: more than anyone can guess online, and few enough for a small picture.
const MAC_LENGTH: usize = 10;
const CODE_LENGTH: usize = 4 + 4 + MAC_LENGTH;
const HOLD_ID_LENGTH: usize = 8;
const HOLD_LENGTH: usize = 4 + 8 + HOLD_ID_LENGTH + BROWSER_LENGTH + MAC_LENGTH;

type Mac = [u8; MAC_LENGTH];

/// The code of a window.
pub(crate) fn code(secret: &Secret, params: &CodeParams, window: u32) -> String {
    let mac: Mac = crypto::shortened(of_window(secret, CODE, params, window));
    let number = params.number.to_be_bytes();
    base32::encode(&[&number[..], &window.to_be_bytes(), &mac].concat())
}

/// The typed code of a window: 8 digits.
pub(crate) fn typed_code(secret: &Secret, params: &CodeParams, window: u32) -> String {
    let mac = of_window(secret, TYPED_CODE, params, window);
    let [.., last] = mac;
    let four = mac.iter().skip(usize::from(last & 0x0f)).take(4);
    let number = four.fold(0_u32, |number, byte| (number << 8) | u32::from(*byte)) & 0x7fff_ffff;
    format!("{:08}", number % 100_000_000)
}

/// What a hold says besides its event: when it was made, for which browser, and which of several it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HoldTerms {
    /// When it was made.
    pub(crate) issued_at: Time,
    /// Random, so that it can be spent.
    pub(crate) id: [u8; HOLD_ID_LENGTH],
    /// The browser that asked for it.
    pub(crate) browser: BrowserId,
}

impl HoldTerms {
    fn bytes(&self) -> Vec<u8> {
        [&self.issued_at.as_millis().to_be_bytes()[..], &self.id, &self.browser.0].concat()
    }
}

/// A hold on an event.
pub(crate) fn hold(secret: &Secret, params: &CodeParams, terms: &HoldTerms) -> String {
    let mac: Mac = crypto::shortened(of_hold(secret, params, terms));
    base32::encode(&[&params.number.to_be_bytes()[..], &terms.bytes(), &mac].concat())
}

/// Something of the form of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PresentedCode {
    /// The event that it names.
    pub(crate) number: u32,
    /// The window that it names.
    pub(crate) window: u32,
    mac: Mac,
}

impl PresentedCode {
    /// Reads the form, in any case; says nothing about the MAC.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let bytes: [u8; CODE_LENGTH] = bytes_of(text)?;
        let (number, rest) = bytes.split_first_chunk()?;
        let (window, mac) = rest.split_first_chunk()?;
        Some(Self {
            number: u32::from_be_bytes(*number),
            window: u32::from_be_bytes(*window),
            mac: *mac.first_chunk()?,
        })
    }

    /// Whether the event issued it, at whatever time.
    pub(crate) fn is_genuine(&self, secret: &Secret, params: &CodeParams) -> bool {
        let mac: Mac = crypto::shortened(of_window(secret, CODE, params, self.window));
        params.number == self.number && crypto::equal(&mac, &self.mac)
    }
}

/// Something of the form of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PresentedHold {
    /// The event that it names.
    pub(crate) number: u32,
    /// What it says.
    pub(crate) terms: HoldTerms,
    mac: Mac,
}

impl PresentedHold {
    /// Reads the form, in any case; says nothing about the MAC.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let bytes: [u8; HOLD_LENGTH] = bytes_of(text.trim())?;
        let (number, rest) = bytes.split_first_chunk()?;
        let (issued, rest) = rest.split_first_chunk()?;
        let (id, rest) = rest.split_first_chunk()?;
        let (browser, mac) = rest.split_first_chunk()?;
        let issued_at = Time::from_millis(i64::from_be_bytes(*issued));
        let terms = HoldTerms { issued_at, id: *id, browser: BrowserId(*browser) };
        Some(Self { number: u32::from_be_bytes(*number), terms, mac: *mac.first_chunk()? })
    }

    /// Whether the event issued it, at whatever time.
    pub(crate) fn is_genuine(&self, secret: &Secret, params: &CodeParams) -> bool {
        let mac: Mac = crypto::shortened(of_hold(secret, params, &self.terms));
        params.number == self.number && crypto::equal(&mac, &self.mac)
    }
}

fn bytes_of<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != base32::encoded_len(N) {
        return None;
    }
    base32::decode(text)?.try_into().ok()
}

fn of_window(secret: &Secret, label: &[u8], params: &CodeParams, window: u32) -> [u8; 32] {
    mac_of(secret, label, params, &window.to_be_bytes())
}

fn of_hold(secret: &Secret, params: &CodeParams, terms: &HoldTerms) -> [u8; 32] {
    mac_of(secret, HOLD, params, &terms.bytes())
}

fn mac_of(secret: &Secret, label: &[u8], params: &CodeParams, when: &[u8]) -> [u8; 32] {
    let length = u8::try_from(label.len()).unwrap_or(u8::MAX);
    let mode = match params.mode {
        Mode::Rotating => 0,
        Mode::Static => 1,
    };
    let number = params.number.to_be_bytes();
    let rotation = params.rotation_seconds.to_be_bytes();
    let parts: [&[u8]; 6] = [&[length], label, &number, &[mode], &rotation, when];
    crypto::hmac_sha256(secret.bytes(), &parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn faces() -> impl Strategy<Value = CodeParams> {
        let mode = prop_oneof![Just(Mode::Rotating), Just(Mode::Static)];
        // Few values, so that two faces often differ in one part alone.
        (1_u32..4, mode, 5_u32..8).prop_map(|(number, mode, rotation_seconds)| CodeParams {
            number,
            mode,
            rotation_seconds,
        })
    }

    fn terms() -> impl Strategy<Value = HoldTerms> {
        (0_i64..3, 0_u8..3, 0_u8..3).prop_map(|(millis, id, browser)| HoldTerms {
            issued_at: Time::from_millis(millis),
            id: [id; HOLD_ID_LENGTH],
            browser: BrowserId([browser; BROWSER_LENGTH]),
        })
    }

    fn secrets() -> impl Strategy<Value = Secret> {
        (0_u8..3).prop_map(|byte| Secret::new([byte; 32]))
    }

    proptest! {
        #[test]
        fn a_code_passes_for_its_own_event_and_window_alone(
            secret in secrets(), params in faces(), window in 0_u32..4,
            other_secret in secrets(), other_face in faces(),
        ) {
            let presented = PresentedCode::read(&code(&secret, &params, window)).unwrap();
            prop_assert_eq!((presented.number, presented.window), (params.number, window));
            prop_assert!(presented.is_genuine(&secret, &params));
            let same = secret == other_secret && params == other_face;
            prop_assert_eq!(presented.is_genuine(&other_secret, &other_face), same);
            let moved = PresentedCode { window: window + 1, ..presented };
            prop_assert!(!moved.is_genuine(&secret, &params));
        }

        #[test]
        fn a_hold_passes_for_its_own_event_moment_and_browser_alone(
            secret in secrets(), params in faces(), terms in terms(),
            other_secret in secrets(), other_face in faces(), other in terms(),
        ) {
            let presented = PresentedHold::read(&hold(&secret, &params, &terms)).unwrap();
            prop_assert_eq!((presented.number, presented.terms), (params.number, terms));
            prop_assert!(presented.is_genuine(&secret, &params));
            let same = secret == other_secret && params == other_face;
            prop_assert_eq!(presented.is_genuine(&other_secret, &other_face), same);
            let moved = PresentedHold { terms: other, ..presented };
            prop_assert_eq!(moved.is_genuine(&secret, &params), other == terms);
        }

        #[test]
        fn a_typed_code_is_of_one_event_and_window(
            secret in secrets(), params in faces(), window in 0_u32..4,
            other_secret in secrets(), other_face in faces(), other_window in 0_u32..4,
        ) {
            let typed = typed_code(&secret, &params, window);
            prop_assert_eq!(typed.len(), 8);
            prop_assert!(typed.bytes().all(|c| c.is_ascii_digit()));
            let same = (&secret, params, window) == (&other_secret, other_face, other_window);
            prop_assert_eq!(typed == typed_code(&other_secret, &other_face, other_window), same);
        }

        #[test]
        fn a_code_is_no_hold_and_a_hold_is_no_code(params in faces(), window: u32, terms in terms()) {
            let secret = Secret::new([1; 32]);
            let code = code(&secret, &params, window);
            let hold = hold(&secret, &params, &terms);
            prop_assert_eq!(PresentedHold::read(&code), None);
            prop_assert_eq!(PresentedCode::read(&hold), None);
        }

        #[test]
        fn a_code_with_one_character_changed_is_never_genuine(
            window: u32, at in 0_usize..29, digit in "[0-9A-HJKMNP-TV-Z]",
        ) {
            let (secret, params) = (Secret::new([1; 32]), params());
            let mut text = code(&secret, &params, window);
            prop_assume!(text[at..=at] != digit);
            text.replace_range(at..=at, &digit);
            let read = PresentedCode::read(&text);
            prop_assert!(!read.is_some_and(|code| code.is_genuine(&secret, &params)));
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in "\\PC{0,40}") {
            let _ = PresentedCode::read(&text);
            let _ = PresentedHold::read(&text);
        }
    }

    fn params() -> CodeParams {
        CodeParams { number: 7, mode: Mode::Rotating, rotation_seconds: 15 }
    }

    #[test]
    fn the_three_kinds_have_macs_under_labels_of_their_own() {
        let (secret, when) = (Secret::new([1; 32]), [0; 8]);
        let macs = [CODE, TYPED_CODE, HOLD].map(|label| mac_of(&secret, label, &params(), &when));
        assert!(macs[0] != macs[1] && macs[1] != macs[2] && macs[0] != macs[2]);
    }

    #[test]
    fn a_code_has_29_characters_and_reads_in_any_case() {
        let code = code(&Secret::new([1; 32]), &params(), 118_000_000);
        assert_eq!(code.len(), 29);
        assert_eq!(PresentedCode::read(&code.to_lowercase()), PresentedCode::read(&code));
    }
}
