//! Codes: what an event shows and people scan.
//!
//! A code is made of the event's number, a window of time and a MAC under the event's own secret;
//! nothing is stored for one. `mac` makes and opens codes, typed codes and holds; `browser` is whom a hold is
//! for; `rules` knows which window it is; `crate::qr` draws; `format` reads what the client would like to get.

mod api;
mod browser;
mod dto;
mod format;
mod mac;
mod model;
mod rules;
mod service;

pub use api::CodesApi;
pub use browser::BrowserId;
pub use model::{CodeParams, ScanRefusal, Secret};
pub use service::ShownCode;

pub(crate) use browser::{BROWSER_LENGTH, BrowserKey};
pub(crate) use mac::{HoldTerms, PresentedCode, PresentedHold, hold, typed_code};
pub(crate) use rules::{
    accepted_windows, code_in, hold_counts_as_of, hold_expires_at, is_fresh, is_hold_live,
    oldest_live_hold, typed_digits,
};
