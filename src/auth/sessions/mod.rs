//! Sessions: logging in, going on, being recognised, ending.

mod api;
mod device;
mod dto;
mod ending;
mod login;
mod model;
mod recognise;
mod refresh;
mod refresh_token;
mod rules;
mod sealed;
mod throttle;

pub use api::SessionsApi;
pub use ending::OpenSession;
pub use login::{LoggedIn, Login};
pub(super) use model::{Identifier, Opened};
pub(super) use recognise::{Recognised, principal_of};
pub(super) use rules::SessionLimits;
pub(super) use throttle::Throttle;
